"""The files are read by others, as the documentation prints it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archive_rows import BEGIN_NS, HOUR_NS

from obsv.archive import Archiver, Target

DOCUMENT = Path(__file__).parents[2] / "docs" / "archive.md"
PLACE = "/srv/obsv-archive"
BLOCKS = [
    (modules, block)
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    if "failed =" in block and (modules := re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE))
]


@pytest.fixture
def place(archiving: Callable[..., Archiver], target: Target, tmp_path: Path) -> Path:
    """An archive of three hours."""
    archiver = archiving(target)
    while archiver.step(BEGIN_NS + 24 * HOUR_NS) is not None:
        pass
    return tmp_path / "archive"


@pytest.mark.parametrize(("modules", "block"), BLOCKS, ids=[modules[0] for modules, _ in BLOCKS])
def test_blocks_of_the_documentation(modules: list[str], block: str, place: Path) -> None:
    """Each says which functions failed how often."""
    for module in [*modules, *(["pyarrow"] if "pyarrow" in block else [])]:
        pytest.importorskip(module)
    found: dict[str, Any] = {}
    exec(block.replace(PLACE, str(place)), found)
    assert found["failed"] == [("shop.orders.place", 9)]


def test_there_is_one_for_each_reader() -> None:
    """DuckDB, polars, pandas and Spark."""
    assert sorted(modules[0] for modules, _ in BLOCKS) == ["duckdb", "pandas", "polars", "pyspark"]


def test_sql_of_the_documentation(place: Path) -> None:
    """Percentiles by function."""
    duckdb = pytest.importorskip("duckdb")
    (statement,) = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    day = next((place / "calls" / "v1").iterdir()).name.removeprefix("date=")
    rows = duckdb.sql(re.sub(r"\d{4}-\d\d-\d\d", day, statement.replace(PLACE, str(place)))).fetchall()
    assert [(name, calls) for name, calls, _ in rows] == [("shop.orders.place", 90)]
