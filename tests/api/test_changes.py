"""Changes since a deployment, a version or a point in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from store_rows import call, trace_id

from obsv.store import Signature, Writer
from obsv.store.seam import open_store

pytestmark = pytest.mark.anyio
RATE = Signature("shop", "shop.rate", "shop", 1, (("return", "OUTPUT"),))


@pytest.fixture
def deployed(tmp_path: Path) -> int:
    """A store in which a rate became None after a deployment, ten seconds ago; returns when that was."""
    at_ns = time.time_ns() - 10_000_000_000
    writer = Writer(tmp_path / "obsv.db")
    for number, (seconds, value) in enumerate(((-1, "1.5"), (1, "None"))):
        data = json.dumps([value], separators=(",", ":"))
        start_ns = at_ns + seconds * 1_000_000_000
        writer.write([call(number, RATE, data=data, start_ns=start_ns, trace_id=trace_id(number + 1))])
    writer.close()
    open_store(tmp_path / "obsv.db").triage().deploy("1.4", at_ns)
    return at_ns


async def test_changes_since_a_deployment(client: Callable[..., AsyncClient], deployed: int) -> None:
    """By its name, or as the latest."""
    async with client() as http:
        for query in ("", "?since=1.4", f"?since={deployed}"):
            answer = (await http.get(f"/api/v1/changes{query}")).json()
            assert answer["since_ns"] == deployed
            assert (answer["calls_before"], answer["calls_after"]) == (1, 1)
            assert [each["name"] for each in answer["milestones"]] == ["1.4"]
            assert answer["findings"][0]["text"] == "its result was None for the first time; before: 1.5"


async def test_unknown_name_lists_those_that_there_are(client: Callable[..., AsyncClient], deployed: int) -> None:
    """It may be a slip."""
    async with client() as http:
        answer = await http.get("/api/v1/changes?since=1.5")
    assert answer.status_code == 400
    assert "1.4" in answer.json()["detail"]
