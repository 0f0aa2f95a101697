"""Rows that a disk or somebody's SQL has damaged are shown as damaged, by whatever asks for them."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import warm
from httpx import AsyncClient
from store_rows import FIELDS, call, span_id, trace_id

from obsv.server import Settings, create_app
from obsv.store import RecorderRow, Signature, Writer
from obsv.store.ground import DAMAGED

pytestmark = pytest.mark.anyio
TRACE, SPAN = trace_id(2).hex(), span_id(15).hex()

DAMAGES = {
    "no JSON": "update span set data = '{bad', detail = '['; update source set resource = 'x', scope = '['",
    "no arrays": "update span set data = '5', detail = '[]'; update recorder set stats = '['",
    "no UTF-8": "update span set data = cast(x'5b22ff225d' as text), detail = cast(x'7b22ff' as text),"
    "exception = cast(x'fffe41' as text)",
    "other kinds": """
update span set detail = '{"events":5,"links":["x",{"attributes":[5,{}]}]}';
update source set resource = '{"attributes":5}', scope = '{"name":5,"attributes":[5]}'""",
    "fields": "update signature set fields = iif(id % 2, 'x', '[5]')",
    "names": """
update process_name set name = cast(x'ff' || id as text);
update process set name = cast(x'ff' || id as text), process_group = cast(x'ff' as text),
  service = cast(x'ff' || id as text);
update source set service = cast(x'ff' as text); update signature_field set name = cast(x'ff' || position as text);
update thread set name = cast(x'ff' as text); update variable set last_value = cast(x'ff' as text);
update recorder set state = cast(x'ff' as text);
update error_group set title = cast(x'ff' as text), latest_sample = '['""",
}


def damaged(path: Path, sql: str) -> None:
    writer, now = Writer(path), time.time_ns() - 5_000_000_000
    rows = []
    for number in range(1, 40):
        failed = number % 5 == 0
        rows.append(
            call(
                number,
                Signature("shop", f"shop.f{number % 4}", "shop", 1 if number % 3 else 3, FIELDS),
                start_ns=now + number * 1_000,
                trace_id=trace_id(1 + number // 10),
                parent_span_id=None if number % 10 == 0 else span_id(number - 1),
                status=2 if failed else 1,
                exception='Traceback:\n  File "x.py", line 3, in f\nValueError: x' if failed else None,
                detail='{"events":[{"name":"e","timeUnixNano":"1"}]}' if number % 4 == 0 else None,
            )
        )
    writer.write(rows)
    writer.report(RecorderRow("h:1:2", "shop", 1, "h", now, time.time_ns(), "OK", "{}"))
    writer.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(sql)
    connection.close()


def paths(documented: dict[str, dict[str, object]]) -> list[str]:
    """All that can be asked for without more than names and ids."""
    given = {
        "trace_id": TRACE,
        "traceID": TRACE,
        "span_id": SPAN,
        "name": "shop.f1",
        "service": "shop",
        "group_id": "1",
    }
    found = []
    for path, methods in documented.items():
        if "get" in methods:
            for name, value in given.items():
                path = path.replace(f"{{{name}}}", value)
            found.append(path)
    more = ["/metrics", "/api/search?q={}", "/api/services", "/api/traces?service=shop", f"/api/traces/{TRACE}"]
    return [path for path in found if "{" not in path] + more


@pytest.mark.parametrize("sql", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_damaged_row_is_an_answer(sql: str, tmp_path: Path, client: Callable[..., AsyncClient]) -> None:
    """Nothing that can be asked for fails because of it."""
    db = tmp_path / "obsv.db"
    damaged(db, sql)
    documented = create_app(Settings(db=db)).openapi()["paths"]
    async with client() as asking:
        for path in paths(documented):
            answer = await asking.get(path)
            assert answer.status_code < 500, f"{path}: {answer.text}"


@pytest.mark.parametrize("value", ["'x'", "x'ff00'", "9e999", "9223372036854775807"])
async def test_a_value_of_another_kind_is_named(value: str, tmp_path: Path, client: Callable[..., AsyncClient]) -> None:
    """Each endpoint answers, or says which file holds what it cannot read; none fails with a traceback."""
    db = tmp_path / "obsv.db"
    changes = (
        f"update span set start_ns = {value}, duration_ns = {value}, status = {value}, depth = {value}",
        f"update calls_minute set count = {value}, errors = {value}, total_ns = {value}, last_ns = {value}",
        f"update code set line_number = {value}; update error_group set first_ns = {value}, last_ns = {value}",
    )
    damaged(db, ";".join(changes))
    documented = create_app(Settings(db=db)).openapi()["paths"]
    async with client() as asking:
        for path in paths(documented):
            answer = await asking.get(path)
            assert answer.status_code < 500 or str(db) in answer.text, f"{path}: {answer.text}"


async def test_damage_is_shown(tmp_path: Path, client: Callable[..., AsyncClient]) -> None:
    """In place of the values that cannot be read."""
    damaged(tmp_path / "obsv.db", DAMAGES["no JSON"])
    async with client() as asking:
        found = (await asking.get(f"/api/v1/calls/{TRACE}/{SPAN}")).text
    assert DAMAGED in found


@pytest.mark.parametrize("sql", [DAMAGES["no arrays"], DAMAGES["other kinds"]])
@pytest.mark.parametrize("command", [["show", TRACE], ["export"], ["repro", SPAN]])
def test_no_command_shows_a_traceback(sql: str, command: list[str], tmp_path: Path) -> None:
    """Nor fails: other rows are there."""
    damaged(tmp_path / "obsv.db", sql)
    done = warm.obsv(*command, environment={**os.environ, "OBSV_DB": str(tmp_path / "obsv.db")})
    assert "Traceback (most recent call last):\n  File" not in done.stderr
    # Of a call whose scope cannot be read there is no function to call: wrong usage of `repro`.
    assert done.returncode in ((0, 1, 2) if command[0] == "repro" else (0, 1))
