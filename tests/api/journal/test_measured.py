"""`/api/v1/measures`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from journals import random_journal, write_journals

pytestmark = pytest.mark.anyio


async def test_measures(client: Callable[..., AsyncClient], tmp_path: Path) -> None:
    """By name, group and mode, with statements."""
    journal = random_journal("scalp", 1, 40)
    write_journals(tmp_path / "obsv.db", [journal])
    window = "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z"
    async with client() as http:
        one = (await http.get(f"/api/v1/measures?{window}&name=total_pnl&mode=scalp")).json()["measures"]
        group = (await http.get(f"/api/v1/measures?{window}&name=model&mode=other")).json()["measures"]
        unknown = await http.get(f"/api/v1/measures?{window}&name=nothing")
        (tmp_path / "metrics.yaml").write_text("metrics: {a: {formula: b}}")
        invalid = await http.get(f"/api/v1/measures?{window}")
    assert [each["value"] for each in one] == [pytest.approx(sum(journal.pnl))]
    assert one[0]["sql"][0].startswith("select total(pnl) from trade_outcome where")
    assert {each["value"] for each in group} == {None}
    assert unknown.status_code == 404
    assert invalid.status_code >= 400
    assert "metrics.yaml:1:24" in invalid.text
