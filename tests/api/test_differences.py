"""Differences of failing calls, in the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS, call
from httpx import AsyncClient

from obsv.store import Writer

pytestmark = pytest.mark.anyio
MINUTE_NS = 60_000_000_000
WINDOW = {"from": str(EPOCH_NS - MINUTE_NS), "to": str(EPOCH_NS + MINUTE_NS)}
PLACE = {"process": "shop.orders.place"}


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    rows = [call(900, name="shop.main", start=0, ms=50_000)]
    for number in range(1, 41):
        bad = number % 4 == 0
        rate = "None" if bad else "1.5"
        rows.append(
            call(
                number, 900, start=number * 100, ms=80 if bad else 8,
                inputs={"order": str(number), "rate": rate}, error="TypeError: no rate" if bad else None,
            )
        )  # fmt: skip
    writer.write(rows)
    writer.close()
    return client()


async def first_fact(shop: AsyncClient, **asked: object) -> tuple[str, str, int, int]:
    """Return the fact that separates best."""
    answer = await shop.get(
        "/api/v1/differences", params={**WINDOW, **{name: str(each) for name, each in asked.items()}}
    )
    assert answer.status_code == 200, answer.text
    fact = answer.json()["facts"][0]
    return fact["subject"], fact["what"], fact["first"], fact["second"]


async def test_failing_calls_of_a_function(shop: AsyncClient) -> None:
    """Against those that went well; all of them where there are few."""
    assert await first_fact(shop, **PLACE) == ("rate", "is None", 10, 0)
    found = (await shop.get("/api/v1/differences", params=WINDOW | PLACE)).json()
    assert (found["first"], found["second"], found["first_is_all"], found["second_is_all"]) == (10, 30, True, True)


async def test_errors_of_a_group(shop: AsyncClient) -> None:
    """Against good calls of the function where they began."""
    (group,) = (await shop.get("/api/v1/errors", params=WINDOW)).json()["groups"]
    assert await first_fact(shop, error=group["id"]) == ("rate", "is None", 10, 0)


async def test_slow_calls(shop: AsyncClient) -> None:
    """Against the quick ones."""
    assert await first_fact(shop, by="slow", min_ms=50, **PLACE) == ("rate", "is None", 10, 0)
    asked = WINDOW | PLACE | {"by": "slow"}
    assert (await shop.get("/api/v1/differences", params=asked)).status_code == 400


async def test_two_windows(shop: AsyncClient) -> None:
    """Of a function that may never have failed."""
    late = EPOCH_NS + 2_000_000_000
    asked = {"from": str(late), "to": str(late + 2_050_000_000), "by": "window", "against": str(EPOCH_NS)}
    found = (await shop.get("/api/v1/differences", params=PLACE | asked)).json()
    assert found["facts"][0]["subject"] == "order"
    assert (await shop.get("/api/v1/differences", params=WINDOW | {"by": "window"})).status_code == 400
