"""Functions by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS, call
from httpx import AsyncClient

from obsv.store import Code, Writer

pytestmark = pytest.mark.anyio
WINDOW = {"from": str(EPOCH_NS - 300_000_000_000), "to": str(EPOCH_NS + 60_000_000_000)}


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    code = Code("/srv/shop.py", 3, "def buy(): ...\n")
    writer.write([call(1, name="shop.buy", ms=9, outputs={"return": "7"}, code=code, error="boom")])
    writer.write([call(2, name="GET /orders/{id}", kind=2), call(3, name="GET /orders/{id}", kind=2)])
    writer.close()
    return client()


async def test_those_called_most(shop: AsyncClient) -> None:
    """By calls, or those whose name contains a text."""
    names = [each["name"] for each in (await shop.get("/api/v1/functions", params=WINDOW)).json()]
    assert names == ["GET /orders/{id}", "shop.buy"]
    (found,) = (await shop.get("/api/v1/functions", params=WINDOW | {"q": "BUY"})).json()
    assert (found["calls"], found["errors"]) == (1, 1)


async def test_one_in_full(shop: AsyncClient) -> None:
    """With figures, source and variables."""
    found = (await shop.get("/api/v1/functions/shop.buy", params=WINDOW)).json()
    assert (found["figures"]["calls"], found["figures"]["error_rate"]) == (1, 1.0)
    assert found["versions"][0]["source_text"] == "def buy(): ...\n"
    assert found["variables"][0]["last_value"] == "7"


async def test_names_may_have_slashes(shop: AsyncClient) -> None:
    """A foreign span's name is any text."""
    answer = await shop.get("/api/v1/functions/GET%20%2Forders%2F%7Bid%7D", params=WINDOW)
    assert answer.json()["figures"]["calls"] == 2


async def test_no_such_function(shop: AsyncClient) -> None:
    """Told as a problem."""
    assert (await shop.get("/api/v1/functions/nope", params=WINDOW)).status_code == 404
