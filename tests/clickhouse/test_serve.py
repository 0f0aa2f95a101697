"""`obsv serve --store`: the whole app over ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from clickhouse_engine import Both, Engine
from serving import serving

from obsv.errors import ConfigurationError
from obsv.server import Settings, create_app


@pytest.fixture(scope="module")
def client(both: Both, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server over the collector's tables."""
    store = f"clickhouse://127.0.0.1:{engine.port}/both"
    with (
        serving(tmp_path_factory.mktemp("serve") / "none.db", store=store) as address,
        httpx.Client(base_url=address) as client,
    ):
        client.timeout = httpx.Timeout(60)
        yield client


def test_the_api_answers(client: httpx.Client) -> None:
    """Calls, functions, and an error that says what is not there."""
    calls = client.get("/api/v1/calls", params={"process": "shop.orders.place", "range": "1h"}).json()["calls"]
    assert calls[0]["process"] == "shop.orders.place"
    assert client.get(f"/api/v1/traces/{calls[0]['trace_id']}").json()["total"] > 5
    assert client.get(f"/api/v1/traces/{'f' * 32}").status_code == 404


def test_jaeger_and_tempo_answer(client: httpx.Client) -> None:
    """TraceQL too."""
    assert "orders" in client.get("/api/services").json()["data"]
    found = client.get("/tempo/api/search", params={"q": "{ span.http.response.status_code >= 500 }"}).json()
    assert found["traces"][0]["rootServiceName"] == "gateway"


def test_metrics_are_there(client: httpx.Client) -> None:
    """Those of spans."""
    assert 'service="orders"' in client.get("/metrics").text


def test_nothing_is_received_or_decided(client: httpx.Client) -> None:
    """Refused with a reason, and no file is made."""
    assert client.post("/v1/traces", content=b"{}").status_code in (404, 405)
    answer = client.post("/api/v1/deploys", json={"name": "v2"})
    assert answer.status_code == 400
    assert "only read" in answer.text


def test_alert_rules_need_a_database(tmp_path: Path) -> None:
    """Rather than being ignored."""
    with pytest.raises(ConfigurationError, match="remove --alerts"):
        create_app(Settings(tmp_path / "x.db", store="clickhouse://127.0.0.1", alerts=tmp_path / "alerts.toml"))
