"""Exports."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import call
from httpx import AsyncClient

from obsv.api.export import guarded
from obsv.store import Writer
from obsv.store.file.reader import ROW_LIMIT

pytestmark = pytest.mark.anyio
Client = Callable[..., AsyncClient]
ALL = {"from": "2000-01-01", "to": "2100-01-01"}
FORMULAS = ("=1+1", "+SUM(A1)", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1")


async def exported(tmp_path: Path, client: Client, *values: str, **query: str) -> str:
    writer = Writer(tmp_path / "obsv.db")
    writer.write([call(number, inputs={"x": value}) for number, value in enumerate(values, 1)])
    writer.close()
    answer = await client().get("/api/v1/export", params={**ALL, **query})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    return answer.text


@pytest.mark.parametrize("value", FORMULAS)
async def test_no_csv_cell_starts_a_formula(tmp_path: Path, client: Client, value: str) -> None:
    """Cells that a spreadsheet would run begin with an apostrophe."""
    rows = list(csv.DictReader(io.StringIO(await exported(tmp_path, client, value), newline="")))
    assert "'" + value in [row["Data Value"] for row in rows]
    assert not any(cell.startswith(("=", "@", "+", "\t", "\r")) for row in rows for cell in row.values())


@pytest.mark.parametrize("number", ["-5", "+3", "-1.5e-7", "-0.25"])
def test_numbers_stay_numbers(number: str) -> None:
    """A minus before digits is no formula."""
    assert guarded(number) == number


async def test_csv_has_the_seven_columns_first(tmp_path: Path, client: Client) -> None:
    """Process, Data, Data Type, Data Value, Timestamp, Status, Exception."""
    head = (await exported(tmp_path, client, "1")).splitlines()[0].split(",")
    assert head[:7] == ["Process", "Data", "Data Type", "Data Value", "Timestamp", "Status", "Exception"]


async def test_json_lines_hold_values_unchanged(tmp_path: Path, client: Client) -> None:
    """One object a row; nothing is guarded there."""
    text = await exported(tmp_path, client, "=1+1", "日本\n", format="jsonl")
    values = [json.loads(line)["data_value"] for line in text.splitlines()]
    assert {"=1+1", "日本\n"} <= set(values)


async def test_an_export_is_capped(tmp_path: Path, client: Client) -> None:
    """At most 10,000 rows leave at once."""
    text = await exported(tmp_path, client, *map(str, range(ROW_LIMIT + 10)), format="jsonl")
    assert len(text.splitlines()) == ROW_LIMIT


async def test_filters_hold(tmp_path: Path, client: Client) -> None:
    """Only filtered rows are exported."""
    text = await exported(tmp_path, client, "apple", "pear", format="jsonl", q="PEAR")
    assert [json.loads(line)["data_value"] for line in text.splitlines()] == ["pear"]


async def test_an_error_is_an_error(client: Client) -> None:
    """Not a file with an error in it."""
    assert (await client().get("/api/v1/export", params={"cursor": "", "range": "2w"})).status_code == 400
