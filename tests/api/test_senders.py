"""Senders by name: the list, the metrics, the badge, and the page Alerts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from otlp_requests import request, span
from prometheus_client.parser import text_string_to_metric_families as parse_text

from obsv.dashboards.alerts.tables import senders
from obsv.dashboards.shell import ribbon
from obsv.web.senders import SenderCounts, hash_of

pytestmark = pytest.mark.anyio
MakeClient = Callable[..., AsyncClient]
BODY = request(*(span(span_id=(i + 1).to_bytes(8, "big")) for i in range(20))).SerializeToString()
NOW = 1_790_000_000_000_000_000
HOSTILE = "<img src=x onerror=alert(1)>"


async def test_what_a_sender_sent_and_what_was_refused(client: MakeClient, tmp_path: Path) -> None:
    """In the API and for Prometheus; a sender's token reads nothing."""
    users = tmp_path / "users.toml"
    users.write_text(f"""
[[sender]]
name = "web-1"
token_sha256 = "{hash_of("secret of web-1")}"
spans_per_second = 10
""")
    made = client(users=users, token="the-token-of-all")
    headers = {"content-type": "application/x-protobuf", "authorization": "Bearer secret of web-1"}
    answers = [await made.post("/v1/traces", content=BODY, headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 503]
    assert (await made.get("/api/v1/senders", headers={"authorization": "Bearer secret of web-1"})).status_code == 401
    admin = {"authorization": "Bearer the-token-of-all"}
    (found,) = (await made.get("/api/v1/senders", headers=admin)).json()
    assert found.pop("refused_ns") >= found.pop("last_ns") > 0
    assert found == {
        "name": "web-1",
        "requests": 1,
        "spans": 20,
        "bytes": len(BODY),
        "rejected": 0,
        "refused": {"spans": 1},
        "waiting_bytes": 0,
        "address": "127.0.0.1",
        "spans_per_second": 10,
        "bytes_per_second": None,
        "queue_share": None,
    }
    text = (await made.get("/metrics", headers=admin)).text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in parse_text(text)
        for sample in family.samples
        if sample.name.startswith("obsv_sender")
    }
    assert samples == {
        ("obsv_sender_requests_total", "web-1"): 1,
        ("obsv_sender_spans_total", "web-1"): 20,
        ("obsv_sender_bytes_total", "web-1"): len(BODY),
        ("obsv_sender_refused_requests_total", "web-1", "spans"): 1,
    }


def test_the_app_shows_refusals() -> None:
    """A badge for a minute, and a list; a name is text."""
    refused = SenderCounts(HOSTILE, 3, 20, 400, 0, {"queue": 2}, NOW - 10**9, 0, NOW, "10.0.0.1")
    content = SenderCounts("", 1, 1, 1, 0, {}, 0, 0, NOW, "10.0.0.2")
    badges = str(ribbon.layout((), (), NOW, senders=[refused, content]))
    assert "1 sender refused" in badges
    assert "2 queue" in badges
    assert "refused" not in str(ribbon.layout((), (), NOW + 60 * 10**9, senders=[refused]))
    listed = str(senders([refused, content], NOW))
    for part in (HOSTILE, "2 queue", "without a name", "10.0.0.1"):
        assert part in listed
    assert senders([], NOW) == []
