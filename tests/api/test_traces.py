"""Traces by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS, TRACE, call, span_id
from httpx import AsyncClient

from obsv.store import Writer

pytestmark = pytest.mark.anyio
Client = Callable[..., AsyncClient]


@pytest.fixture
def shop(tmp_path: Path, client: Client) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    failing = call(2, 1, name="shop.price", start=2, ms=4, inputs={"symbol": "'AAPL'"}, error="ValueError: no price\n")
    writer.write([call(1, ms=10, name="shop.buy"), failing])
    writer.close()
    return client()


async def test_a_trace_comes_as_columns(shop: AsyncClient) -> None:
    """Rows in the order of drawing, times in ns since the start, the critical path flat."""
    found = (await shop.get(f"/api/v1/traces/{TRACE}")).json()
    assert found["start_ns"] == str(EPOCH_NS)
    assert (found["length"], found["span_id"]) == (10_000_000, [span_id(1), span_id(2)])
    assert (found["parent"], found["depth"], found["end"]) == ([-1, 0], [0, 1], [2, 2])
    assert (found["start"], found["self"]) == ([0, 2_000_000], [6_000_000, 4_000_000])
    assert found["flags"] == [2, 1 | 2 | 128]
    assert found["critical"][3:6] == [1, 2_000_000, 6_000_000]
    assert [found["processes"][number][0] for number in found["process"]] == ["shop.buy", "shop.price"]


@pytest.mark.parametrize("text", ["AAPL", "no price", "PRICE"])
async def test_search(shop: AsyncClient, text: str) -> None:
    """Values, exceptions and names are searched."""
    answer = await shop.get(f"/api/v1/traces/{TRACE}/search", params={"q": text})
    assert answer.json() == {"span_id": [span_id(2)]}


async def test_spans_in_short(shop: AsyncClient) -> None:
    """Inputs, and the result or the exception; unknown spans are missing."""
    asked = {"spans": f"{span_id(1)},{span_id(2)},{span_id(9)}"}
    answer = (await shop.get(f"/api/v1/traces/{TRACE}/values", params=asked)).json()
    assert set(answer["spans"]) == {span_id(1), span_id(2)}
    assert answer["spans"][span_id(2)] == {"inputs": "symbol='AAPL'", "outcome": "ValueError: no price"}
    assert (await shop.get(f"/api/v1/traces/{TRACE}/values", params={"spans": "x"})).status_code == 400


async def test_markdown(shop: AsyncClient) -> None:
    """As plain text, so that a browser shows it."""
    answer = await shop.get(f"/api/v1/traces/{TRACE}/markdown")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "#### Failed: `shop.price`" in answer.text


async def test_otlp(shop: AsyncClient) -> None:
    """The export is accepted by any OpenTelemetry tool."""
    (resource,) = (await shop.get(f"/api/v1/traces/{TRACE}/otlp")).json()["resourceSpans"]
    spans = resource["scopeSpans"][0]["spans"]
    assert [(span["name"], span["spanId"]) for span in spans] == [("shop.buy", span_id(1)), ("shop.price", span_id(2))]


@pytest.mark.parametrize("part", ["", "/markdown", "/otlp"])
async def test_no_such_trace(shop: AsyncClient, part: str) -> None:
    """Told as a problem."""
    answer = await shop.get(f"/api/v1/traces/{'f' * 32}{part}")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not found")


async def test_what_is_no_id(shop: AsyncClient) -> None:
    """Refused before the store is asked."""
    assert (await shop.get("/api/v1/traces/xyz")).status_code == 400
