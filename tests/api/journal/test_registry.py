"""`/api/v1/artifacts`."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from journals import START_NS, decide, write_journals

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


async def test_comparison(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """Metrics of both, and decisions that differ."""
    db = tmp_path / "obsv.db"
    write_journals(db, [])
    with sqlite3.connect(db) as file:
        decide(file, "a", START_NS, "scalp", "block", actor="one")
        decide(file, "b", START_NS + 1, "scalp", "pass", actor="two")
    file.close()
    window = "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z"
    async with client() as http:
        found = (await http.get(f"/api/v1/artifacts/comparison?before=one&after=two&{window}")).json()
    assert (found["pairs"], found["different"]) == (1, 1)
    assert [(each["before_id"], each["after_verdict"]) for each in found["disagreements"]] == [("a", "pass")]
    assert {each["name"]: (each["before"], each["after"]) for each in found["metrics"]}["blocked"] == (1, 0)


async def test_verification(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """The file is read again; bytes have none."""
    db, file = tmp_path / "obsv.db", tmp_path / "model.bin"
    file.write_bytes(b"weights")
    model, given = obsv.register("model", file, db=db), obsv.register("data", b"bytes", db=db)
    async with client() as http:
        address = "/api/v1/artifacts/verification?artifact="
        states = [(await http.get(f"{address}{each}")).json()["state"] for each in (model, given)]
        file.write_bytes(b"others")
        states.append((await http.get(f"{address}{model}")).json()["state"])
    assert states == ["same", "unkept", "changed"]
