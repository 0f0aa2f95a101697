"""SQL over a database and its archive, which can read the calls and do nothing else."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archive_rows import BEGIN_NS, HOUR_NS, row

from obsv.archive import Archiver, Window, open_target
from obsv.cli.app import main
from obsv.cold.sql import request, run_over_both
from obsv.cold.sql_child import answer
from obsv.errors import ForeignFile, InvalidQuery, QueryTimeout
from obsv.store import Writer
from obsv.store.ground import Range
from obsv.store.seam import open_store
from obsv.store.writing import CALLS, ArchiveBook
from obsv.times import MAX_NS

pytest.importorskip("duckdb")

EVER = Range(0, MAX_NS)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same calls: of three hours, of which two are archived and one of these deleted; and all in one database."""
    directory = tmp_path_factory.mktemp("sql")
    rows = [row(number, 2 * number - 1) for number in range(1, 91)]
    for name in ("hot.db", "all.db"):
        with closing(Writer(directory / name)) as writer:
            for at in range(0, 90, 30):
                writer.write(rows[at : at + 30])
    db, place = directory / "hot.db", directory / "archive"
    with closing(Writer(db)) as writer, closing(open_store(db)) as store, closing(ArchiveBook(db)) as book:
        book.open(place.as_uri(), 0)
        archiver = Archiver(store, book, open_target(str(place)), Window(HOUR_NS, None))
        while archiver.step(BEGIN_NS + 3 * HOUR_NS + 1):
            pass
        while writer.retain(BEGIN_NS + 3 * HOUR_NS, max_age_ns=2 * HOUR_NS).more:
            pass
    return db, directory / "all.db"


def rows_of(db: Path, statement: str) -> list[tuple[Any, ...]]:
    return run_over_both(db, statement, EVER).rows


@pytest.mark.parametrize(
    "statement",
    [
        "select * from process_trace order by ts, span_id",
        "select * from data_trace order by ts, span_id, data",
        "select process, status, count(*) as calls, max(exception) as e from process_trace group by 1, 2 order by 1, 2",
        f"select count(*) as n from process_trace where ts > '2026-09-21 {BEGIN_NS // HOUR_NS % 24 + 1}:30'",
        "select count(*) as n from process_trace where ts > datetime('now', '-30 seconds')",
    ],
)
def test_it_answers_like_one_database(stores: tuple[Path, Path], statement: str) -> None:
    """Columns, times and values; each call once."""
    both, one = run_over_both(stores[0], statement, EVER), open_store(stores[1]).run_sql(statement)
    assert both.columns == one.columns
    assert [tuple(map(str, each)) for each in both.rows] == [tuple(map(str, each)) for each in one.rows]
    assert not both.truncated


def test_a_range_of_time(stores: tuple[Path, Path]) -> None:
    """By the start of calls."""
    part = Range(BEGIN_NS + HOUR_NS, BEGIN_NS + 2 * HOUR_NS - 1)
    assert run_over_both(stores[0], "select count(*) from process_trace", part).rows == [(30,)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select 1; select 2", "only one statement"),
        ("", "only one statement"),
        ("copy (select 1) to '{part}'", "not COPY"),
        ("explain analyze copy (select 1) to '{part}'", "not EXPLAIN"),
        ("select * from query('copy (select 1) to ''{part}''')", "Error"),
        ("attach '{part}' as x", "not ATTACH"),
        ("install httpfs", "only SELECT"),
        ("set enable_external_access = true", "not SET"),
        ("create table t(a int)", "not CREATE"),
        ("export database '{part}.d'", "only SELECT"),
        ("select * from read_text('/etc/passwd')", "disabled by configuration"),
        ("select * from read_parquet('https://example.org/x.parquet')", "Error"),
        ("select * from glob('/etc/*')", "disabled by configuration"),
        ("select * from '/etc/passwd'", "does not exist"),
        ("select * from sqlite_scan('{db}', 'span')", "Error"),
        ("select * from told", "does not exist"),
        ("select getenv('HOME')", "does not exist"),
    ],
)
def test_hostile_statements(stores: tuple[Path, Path], statement: str, said: str) -> None:
    """Neither other files nor the network are read, and nothing is written."""
    part = next((stores[0].parent / "archive" / "calls").rglob("*.parquet"))
    before = part.read_bytes(), sorted(part.parent.iterdir())
    # Here, not in a process of its own, whose limits come on top.
    assert said in answer(request({CALLS: [part]}, statement.format(part=part, db=stores[0]), EVER))["error"]
    assert (part.read_bytes(), sorted(part.parent.iterdir())) == before


def test_time_and_memory_are_limited(stores: tuple[Path, Path]) -> None:
    """A statement without an end is ended, one that needs everything refused."""
    endless = "with recursive t(a) as (select 1 union all select a + 1 from t) select count(*) from t"
    with pytest.raises(QueryTimeout, match="ran longer than 1 s"):
        run_over_both(stores[0], endless, EVER, time_limit_s=1)
    with pytest.raises(InvalidQuery, match=r"[Mm]emory"):
        rows_of(stores[0], "select list(range) from range(1000000000)")
    part = next((stores[0].parent / "archive" / "calls").rglob("*.parquet"))
    assert answer(request({CALLS: [part]}, "select * from range(100000)", EVER))["truncated"]


def test_a_missing_part_is_said(stores: tuple[Path, Path], tmp_path: Path) -> None:
    """Instead of an answer without it."""
    with closing(ArchiveBook(stores[0])) as book:
        url = book.parts()[0].url
        book.open((tmp_path / "nowhere").as_uri(), 1, has_moved=True)
        with pytest.raises(ForeignFile, match="missing"):
            rows_of(stores[0], "select 1")
        book.open(url, 1, has_moved=True)


def test_the_command(stores: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Prints like `obsv sql`."""
    statement = "select status, count(*) as calls from process_trace group by 1 order by 1"
    assert main(["sql", "--cold", statement, "--db", str(stores[0]), "--json"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == [{"status": "ERR", "calls": 9}, {"status": "OK", "calls": 81}]
    assert main(["sql", "select 1", "--since", "1h", "--db", str(stores[0])]) == 2
    assert "need --cold" in capsys.readouterr().err
