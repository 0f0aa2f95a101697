"""Deployments are told of, and listed with new versions."""

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from store_rows import call

from obsv.store import Writer

pytestmark = pytest.mark.anyio


async def test_deployment_is_listed(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """At the time that was given."""
    Writer(tmp_path / "obsv.db").write([call(1)])
    async with client() as http:
        told = await http.post("/api/v1/deploys", json={"name": "1.4", "at": "2026-01-01T00:00:00Z"})
        assert told.status_code == 201
        found = await http.get("/api/v1/deploys?from=2025-12-31T00:00:00Z&to=2026-01-02T00:00:00Z")
    assert found.json()["milestones"] == [told.json()]
    assert told.json()["name"] == "1.4"


async def test_deployment_needs_a_name(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """An empty one says nothing."""
    Writer(tmp_path / "obsv.db").write([call(1)])
    async with client() as http:
        assert (await http.post("/api/v1/deploys", json={"name": ""})).status_code == 400
