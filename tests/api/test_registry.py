"""`/api/v1/artifacts`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient

import obsv

pytestmark = pytest.mark.anyio


async def test_artifacts(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """Lists, registrations, lineage and differences, by ID or name."""
    db = tmp_path / "obsv.db"
    first = obsv.register("config", {"rate": 1}, name="rates", db=db)
    second = obsv.register("config", {"rate": 2}, name="rates", parents=[first], why="more", db=db)
    async with client() as http:
        listed = (await http.get("/api/v1/artifacts?kind=config")).json()["artifacts"]
        (registered,) = (await http.get("/api/v1/artifacts/registrations?artifact=rates")).json()["artifacts"]
        graph = (await http.get(f"/api/v1/artifacts/lineage?artifact={first[:12]}")).json()
        compared = await http.get(f"/api/v1/artifacts/differences?before={first}&after=rates")
        unknown = await http.get("/api/v1/artifacts/registrations?artifact=nothing")
    assert [each["artifact_id"] for each in listed] == [second, first]
    assert (registered["artifact_id"], registered["why"], registered["parents"]) == (second, "more", [first])
    assert graph["edges"] == [{"child": second, "parent": first}]
    found = [each for each in compared.json()["differences"] if each["part"] == "config"]
    assert found == [{"part": "config", "path": "rate", "before": 1, "after": 2, "change": "changed"}]
    assert unknown.status_code == 404
