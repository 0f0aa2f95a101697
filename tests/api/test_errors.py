"""Groups of errors by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import EPOCH_NS, TRACE, call, span_id
from httpx import AsyncClient

from obsv.store import Writer

pytestmark = pytest.mark.anyio
MINUTE_NS = 60_000_000_000
WINDOW = {"from": str(EPOCH_NS - MINUTE_NS), "to": str(EPOCH_NS + 60 * MINUTE_NS)}


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    writer.write(
        [
            call(1, start=1, ms=4, inputs={"order": "7"}),
            call(2, start=2, ms=8, inputs={"order": "8"}, error="boom"),
            call(3, start=4, ms=8, inputs={"order": "9"}, error="boom"),
        ]
    )
    writer.close()
    return client()


async def test_groups_of_a_window(shop: AsyncClient) -> None:
    """With counts, the latest call, and filters."""
    found = (await shop.get("/api/v1/errors", params=WINDOW)).json()
    (group,) = found["groups"]
    assert (found["total"], found["errors"], group["seen"], group["status"]) == (1, 2, 2, "open")
    assert (group["trace_id"], group["span_id"], sum(group["series"])) == (TRACE, span_id(3), 2)
    for more in (
        {"status": "resolved"},
        {"q": "nothing like it"},
        {"process": "x"},
        {"from": str(EPOCH_NS + MINUTE_NS * 9)},
    ):
        assert (await shop.get("/api/v1/errors", params=WINDOW | more)).json()["groups"] == []


async def test_group_explains_itself(shop: AsyncClient) -> None:
    """First and latest call, and what was compared."""
    (group,) = (await shop.get("/api/v1/errors", params=WINDOW)).json()["groups"]
    found = (await shop.get(f"/api/v1/errors/{group['id']}", params=WINDOW)).json()
    assert (found["first"]["span_id"], found["latest"]["span_id"]) == (span_id(2), span_id(3))
    assert [each["span_id"] for each in found["calls"]] == [span_id(3), span_id(2)]
    assert found["why"][0]["compared"]["rule"] in ("frames", "message")
    assert (await shop.get("/api/v1/errors/99", params=WINDOW)).status_code == 404


async def test_decisions(shop: AsyncClient) -> None:
    """Each answers with the group as it is then."""
    (group,) = (await shop.get("/api/v1/errors", params=WINDOW)).json()["groups"]
    path = f"/api/v1/errors/{group['id']}"

    async def decide(**decision: object) -> dict[str, object]:
        answer = await shop.post(path, params=WINDOW, json=decision)
        assert answer.status_code == 200, answer.text
        group: dict[str, object] = answer.json()["group"]
        return group

    assert (await decide(action="resolve"))["status"] == "resolved"
    assert (await decide(action="ignore", until="2090-01-01"))["status"] == "ignored"
    assert (await decide(action="open"))["status"] == "open"
    assert (await decide(action="note", text="known"))["note"] == "known"
    assert (await decide(action="split"))["split_by"] == "message"
    assert (await decide(action="unite"))["split_by"] is None
    assert (await shop.post(path, json={"action": "merge", "into": 77})).status_code == 404
    assert (await shop.post(path, json={"action": "forget"})).status_code == 400
    assert (await shop.post("/api/v1/errors/99", json={"action": "open"})).status_code == 404


async def test_page_of_another_origin_decides_nothing(shop: AsyncClient) -> None:
    """Whatever it sends."""
    answer = await shop.post("/api/v1/errors/1", json={"action": "resolve"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_events(shop: AsyncClient) -> None:
    """Events after the last known one are returned."""
    (event,) = (await shop.get("/api/v1/errors/events")).json()["events"]
    assert (event["kind"], event["span_id"]) == ("new", span_id(2))
    assert (await shop.get("/api/v1/errors/events", params={"after": event["id"]})).json()["events"] == []
