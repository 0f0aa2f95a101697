"""The flow by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS, TRACE, call, span_id
from httpx import AsyncClient

from obsv.store import Writer

pytestmark = pytest.mark.anyio
WINDOW = {"from": str(EPOCH_NS - 300_000_000_000), "to": str(EPOCH_NS + 60_000_000_000)}


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    price = call(2, 1, name="shop.price", start=1, ms=2, outputs={"return": "'12.50'"})
    pay = call(3, 1, name="shop.pay", start=4, ms=2, inputs={"amount": "'12.50'"}, error="boom")
    writer.write([price, pay, call(1, name="shop.buy", ms=9)])
    writer.close()
    return client()


async def test_who_calls_whom(shop: AsyncClient) -> None:
    """Functions and the calls between them."""
    found = (await shop.get("/api/v1/flow", params=WINDOW)).json()
    names = {node["id"]: node["name"] for node in found["nodes"]}
    edges = {(names[edge["source"]], names[edge["target"]]): edge["errors"] for edge in found["edges"]}
    assert edges == {("shop.buy", "shop.price"): 0, ("shop.buy", "shop.pay"): 1}


@pytest.mark.parametrize("scope", [{}, {"trace_id": TRACE}])
async def test_where_values_went(shop: AsyncClient, scope: dict[str, str]) -> None:
    """In a window, or in one trace."""
    (handover,) = (await shop.get("/api/v1/lineage", params=WINDOW | scope)).json()["handovers"]
    assert handover == {
        "source": "shop.price", "output": "return", "target": "shop.pay", "input": "amount", "times": 1,
        "example": "'12.50'", "trace_id": TRACE, "source_span_id": span_id(2), "target_span_id": span_id(3), "also": [],
    }  # fmt: skip
