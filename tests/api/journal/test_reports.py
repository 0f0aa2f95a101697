"""`/api/v1/report`, `/api/v1/reports`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from ledger import write_ledger

from obsv.store.writing import ReportBook

pytestmark = pytest.mark.anyio


async def test_report(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """Texts with references, and the facts that they refer to."""
    write_ledger(tmp_path / "obsv.db")
    async with client() as http:
        found = (await http.get("/api/v1/report?kind=daily&until=2026-09-22T02:13:20Z")).json()
    assert found["facts"]["decisions"]["value"] == 150
    assert "{{decisions}}" in found["summary"]
    assert found["text"].startswith("150 decisions")


async def test_kept_reports(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """They are listed, and one is as it was made."""
    write_ledger(tmp_path / "obsv.db")
    async with client() as http:
        made = (await http.get("/api/v1/report?kind=daily&until=2026-09-22T02:13:20Z")).json()
        book = ReportBook(tmp_path / "obsv.db")
        book.keep("daily", made["start_ns"], made["end_ns"], made["end_ns"], json.dumps(made))
        (listed,) = (await http.get("/api/v1/reports")).json()["reports"]
        kept = (await http.get(f"/api/v1/reports/{listed['id']}")).json()
        missing = await http.get("/api/v1/reports/77")
    assert (listed["kind"], listed["end_ns"], listed["sent"]) == ("daily", made["end_ns"], [])
    assert kept == made
    assert missing.status_code == 404
