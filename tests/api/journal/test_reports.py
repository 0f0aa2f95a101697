"""`/api/v1/report`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from ledger import write_ledger

pytestmark = pytest.mark.anyio


async def test_report(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """Texts with references, and the facts that they refer to."""
    write_ledger(tmp_path / "obsv.db")
    async with client() as http:
        found = (await http.get("/api/v1/report?kind=daily&until=2026-09-22T02:13:20Z")).json()
    assert found["facts"]["decisions"]["value"] == 150
    assert "{{decisions}}" in found["summary"]
    assert found["text"].startswith("150 decisions")
