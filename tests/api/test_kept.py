"""Kept traces by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import TRACE, call
from httpx import AsyncClient

from obsv.store import Writer

pytestmark = pytest.mark.anyio
Client = Callable[..., AsyncClient]


@pytest.fixture
def shop(tmp_path: Path, client: Client) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(1, name="shop.buy"), call(2, 1, name="shop.price", error="ValueError: no price\n")])
    writer.close()
    return client()


async def test_a_trace_is_kept_listed_and_removed(shop: AsyncClient) -> None:
    """With its note, and who it was."""
    made = await shop.post("/api/v1/kept", json={"trace_id": TRACE, "note": "for Monday"})
    assert made.status_code == 201
    assert (made.json()["note"], made.json()["spans"], made.json()["errors"]) == ("for Monday", 2, 1)
    listed = (await shop.get("/api/v1/kept")).json()
    assert (listed["traces"], listed["most_bytes"]) == ([made.json()], 256 << 20)
    assert (await shop.get(f"/api/v1/kept/{TRACE}")).json() == made.json()
    assert (await shop.delete(f"/api/v1/kept/{TRACE}")).status_code == 204
    assert (await shop.get(f"/api/v1/kept/{TRACE}")).status_code == 404
    actions = [each["action"] for each in (await shop.get("/api/v1/audit")).json()]
    assert actions == ["remove kept trace", "keep trace"]


async def test_the_call_of_an_error_group_is_kept(shop: AsyncClient) -> None:
    """Its latest, or its first."""
    for first in (False, True):
        made = await shop.post("/api/v1/kept", json={"group_id": 1, "first": first})
        assert made.json()["trace_id"] == TRACE
    assert (
        await shop.get("/api/v1/errors", params={"from": "1970-01-01", "to": "1970-01-01 00:00:01"})
    ).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "status"),
    [({}, 400), ({"trace_id": TRACE, "group_id": 1}, 400), ({"trace_id": "f" * 32}, 404), ({"group_id": 77}, 404),
     ({"trace_id": "zz"}, 400), ({"trace_id": TRACE, "note": "x" * 2_001}, 400)],
)  # fmt: skip
async def test_what_cannot_be_kept_says_why(shop: AsyncClient, wanted: dict[str, object], status: int) -> None:
    """As a problem."""
    answer = await shop.post("/api/v1/kept", json=wanted)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_trace_says_how_long_it_can_be_read(shop: AsyncClient) -> None:
    """It is from the past: retention would take it at once, unless it is kept."""
    path = f"/api/v1/traces/{TRACE}/lifetime"
    found = (await shop.get(path)).json()
    assert found["kept_by"] is None
    assert found["text"].startswith("It will be deleted")
    window = {"from": "2020-01-01", "to": "2020-01-02"}
    assert (await shop.get("/api/v1/lifetime", params=window)).json()["text"].startswith("It will be deleted at any")
    who = (await shop.post("/api/v1/kept", json={"trace_id": TRACE, "note": "x"})).json()["kept_by"]
    found = (await shop.get(path)).json()
    assert (found["kept_by"], found["deleted_ns"]) == (who, None)
    assert found["text"].endswith(": x")
