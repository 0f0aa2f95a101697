"""Alerts over HTTP: our own API, Prometheus's rules, Alertmanager's silences by its own command, and /metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import serving

from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.watching import Book

NS = 1_000_000_000
RULES = """
[alerts]
check_interval_seconds = 1
[[alerts.rule]]
name = "always"
query = "select 'shop' as process, 5"
threshold = 1
severity = "page"
[[alerts.rule]]
name = "never"
query = "select 0"
threshold = 1
for = "30s"
[[slo]]
name = "prices"
objective = 0.99
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "o.db"
    Writer(path).open()
    (tmp_path / "alerts.toml").write_text(RULES)
    return path


@pytest.fixture
def server(db: Path) -> Iterator[httpx.Client]:
    with serving(db) as address, httpx.Client(base_url=address, timeout=120) as client:
        deadline = time.monotonic() + 120
        while not (open_store(db).read_alerts() and len(open_store(db).read_rule_rows()) == 2):
            assert time.monotonic() < deadline, "nothing was evaluated"
            time.sleep(0.05)
        yield client


def test_alerts_are_listed_with_their_rules(server: httpx.Client, db: Path) -> None:
    found = server.get("/api/v1/alerts").json()
    assert found["rules"] == {"file": str(db.parent / "alerts.toml"), "error": "", "count": 2}
    (alert,) = found["alerts"]
    assert (alert["rule"], alert["state"], alert["value"], alert["severity"]) == ("always", "firing", 5, "page")
    assert alert["labels"]["process"] == "shop"


def test_history_and_deliveries_are_listed(server: httpx.Client) -> None:
    (change,) = server.get("/api/v1/alerts/history").json()
    assert change["state"] == "firing"
    (delivery,) = server.get("/api/v1/alerts/deliveries").json()
    assert (delivery["notifier"], delivery["event"]) == ("log", "firing")


def test_a_silence_is_made_shown_and_ended(server: httpx.Client) -> None:
    new = {"matchers": ["alertname=always"], "seconds": 60, "comment": "known", "created_by": "me"}
    made = server.post("/api/v1/alerts/silences", json=new).json()
    (alert,) = server.get("/api/v1/alerts").json()["alerts"]
    assert alert["silenced_by"] == [made["id"]]
    assert server.delete(f"/api/v1/alerts/silences/{made['id']}").status_code == 204
    assert server.get("/api/v1/alerts").json()["alerts"][0]["silenced_by"] == []
    assert server.get("/api/v1/alerts/silences").json()[0]["comment"] == "known"


@pytest.mark.parametrize(
    "change",
    [
        {"matchers": []},
        {"matchers": ["x=~.*"]},
        {"matchers": ["x"]},
        {"comment": " "},
        {"seconds": 0},
        {"seconds": 1e9},
    ],
)
def test_a_silence_that_cannot_be_used_is_refused(server: httpx.Client, change: dict[str, Any]) -> None:
    new = {"matchers": ["alertname=always"], "seconds": 60, "comment": "known"}
    assert server.post("/api/v1/alerts/silences", json={**new, **change}).status_code == 400
    assert server.get("/api/v1/alerts/silences").json() == []


def test_another_origin_makes_no_silence(server: httpx.Client) -> None:
    new = {"matchers": ["alertname=always"], "seconds": 60, "comment": "known"}
    for path in ("/api/v1/alerts/silences", "/alertmanager/api/v2/silences"):
        assert server.post(path, json=new, headers={"Origin": "https://evil.example"}).status_code == 403


def test_grafana_finds_rules_alerts_and_health_where_prometheus_has_them(server: httpx.Client) -> None:
    (group,) = server.get("/prometheus/api/v1/rules").json()["data"]["groups"]
    always, never = group["rules"]
    assert (always["state"], always["health"], never["state"], never["duration"]) == ("firing", "ok", "inactive", 30)
    assert float(always["alerts"][0]["value"]) == 5
    (alert,) = server.get("/prometheus/api/v1/alerts").json()["data"]["alerts"]
    assert (alert["labels"]["alertname"], alert["state"]) == ("always", "firing")
    assert "version" in server.get("/prometheus/api/v1/status/buildinfo").json()["data"]
    for answer in (
        server.get("/prometheus/api/v1/query", params={"query": "1+1"}),
        server.post("/prometheus/api/v1/query", data={"query": "1+1"}),
    ):
        assert answer.json()["data"]["result"][1] == "2"
    assert server.get("/prometheus/api/v1/query", params={"query": "up"}).status_code == 400


def test_groups_and_receivers_are_as_alertmanager_has_them(server: httpx.Client) -> None:
    (group,) = server.get("/alertmanager/api/v2/alerts/groups").json()
    assert (group["labels"], group["receiver"]) == ({"alertname": "always"}, {"name": "log"})
    assert server.get("/alertmanager/api/v2/receivers").json() == [{"name": "log"}]
    assert server.get("/alertmanager/api/v2/silence/none").status_code == 404
    assert server.get("/alertmanager/api/v2/alerts", params={"filter": "process=other"}).json() == []


def test_metrics_have_alerts_but_not_under_the_name_that_prometheus_makes(server: httpx.Client) -> None:
    text = server.get("/metrics").text
    samples = {sample.name: sample for family in text_string_to_metric_families(text) for sample in family.samples}
    assert samples["obsv_alert"].labels == {"alertname": "always", "state": "firing", "severity": "page"}
    assert "obsv_alert_oldest_message_seconds" in samples
    assert samples["obsv_slo_objective_ratio"].value == 0.99
    assert samples["obsv_slo_budget_left_ratio"].value == 1
    assert "ALERTS" not in text


def test_a_store_without_alerts_has_none(tmp_path: Path) -> None:
    with serving(tmp_path / "none.db") as address, httpx.Client(base_url=address, timeout=120) as client:
        assert client.get("/prometheus/api/v1/rules").status_code in (200, 503)
        Book(tmp_path / "none.db").alerts()
        assert client.get("/api/v1/alerts").json()["alerts"] == []
        assert client.get("/prometheus/api/v1/rules").json()["data"]["groups"] == []
