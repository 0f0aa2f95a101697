"""Comparisons by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS, TRACE, call, span_id
from httpx import AsyncClient

from obsv.store import Writer

pytestmark = pytest.mark.anyio
MINUTE_NS = 60_000_000_000


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    good = call(1, start=1, ms=4, inputs={"order": "7", "user": "'ann'"})
    writer.write([good, call(2, start=2, ms=8, inputs={"order": "8", "user": "'ann'"}, error="boom")])
    writer.close()
    return client()


async def test_a_call_beside_the_last_good_one(shop: AsyncClient) -> None:
    """Differences come first."""
    answer = await shop.get("/api/v1/compare/calls", params={"trace_id": TRACE, "span_id": span_id(2)})
    found = answer.json()
    assert (found["failed"]["status"], found["good"]["span_id"]) == ("ERR", span_id(1))
    assert [(each["name"], each["failed"], each["good"], each["same"]) for each in found["values"]] == [
        ("order", "8", "7", False),
        ("user", "'ann'", "'ann'", True),
    ]


async def test_a_function_in_two_windows(shop: AsyncClient) -> None:
    """The second is as long as the first, and lies just before it where nothing else is said."""
    start = EPOCH_NS // MINUTE_NS * MINUTE_NS
    window = {"process": "shop.orders.place", "from": str(start), "to": str(start + MINUTE_NS)}
    found = (await shop.get("/api/v1/compare/times", params=window)).json()
    assert (found["first"]["calls"], found["first"]["errors"], found["second"]["calls"]) == (2, 1, 0)
    again = (await shop.get("/api/v1/compare/times", params=window | {"against": str(start)})).json()
    assert again["second"]["calls"] == 2
    longer = {"against": str(start - MINUTE_NS), "against_to": str(start + MINUTE_NS)}
    again = (await shop.get("/api/v1/compare/times", params=window | longer)).json()
    assert again["second"]["calls"] == 2
    backwards = {"against": str(start), "against_to": str(start)}
    assert (await shop.get("/api/v1/compare/times", params=window | backwards)).status_code == 400


async def test_no_such_call(shop: AsyncClient) -> None:
    """Told as a problem."""
    asked = {"trace_id": TRACE, "span_id": "99"}
    assert (await shop.get("/api/v1/compare/calls", params=asked)).status_code == 404
