"""Retention on a real file: what goes, what stays, and that each step is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from store_rows import FIELDS, PRICE, START_NS, TAX, call, connection_of, recounted, rollups, span_id

from obsv.store import Reader, Signature, Writer
from obsv.store.writing.interning import EPOCH_NS
from obsv.store.writing.keeping.cleaning import _EXPIRED, _IS_EXPIRED
from obsv.store.writing.keeping.retention import CHUNKS_A_COPY, DAY_NS, HOUR_NS
from obsv.store.writing.keeping.tidying import TIDY, Tidy

NOW_NS = START_NS + 100 * HOUR_NS


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    """A writer whose clock stands at the start of the calls, so that what it interns is as old as they are."""
    writer = Writer(path, clock=lambda: START_NS)
    yield writer
    writer.close()


def retain(writer: Writer, now_ns: int = NOW_NS, **limits: int | None) -> int:
    """Runs chunks until there is no more to do; returns how many."""
    for chunks in range(10_000):
        if not writer.retain(now_ns, **limits).more:
            return chunks
    raise AssertionError("retention does not come to an end")


def counts(reader: Reader, *tables: str) -> list[int]:
    return [reader.query(f"select count(*) from {table}")[0][0] for table in tables]


def test_old_calls_go_and_young_ones_stay(writer: Writer, reader: Reader) -> None:
    """Calls older than the age are deleted in several chunks; what is younger is left."""
    old = [call(number, start_ns=NOW_NS - 7 * HOUR_NS) for number in range(1, 2_000)]
    young = [call(number, start_ns=NOW_NS - 5 * HOUR_NS) for number in range(3_000, 3_100)]
    writer.write(old + young)
    assert retain(writer) > 2
    assert reader.query("select count(*), min(start_ns) from span")[0][:] == (100, NOW_NS - 5 * HOUR_NS)


def test_rollups_of_the_days_before_stay(reader: Reader) -> None:
    """Rollups live four times as long as calls; the counts since the file began are never lowered."""
    writer = Writer(reader.path, clock=lambda: NOW_NS)
    writer.write([call(number, start_ns=NOW_NS - age * HOUR_NS) for number, age in enumerate((1, 23, 25), 1)])
    retain(writer)
    writer.close()
    assert counts(reader, "span", "process_minute where minute > 0", "minute_histogram where minute > 0") == [1, 2, 2]
    assert reader.query("select count from process_minute where minute = 0")[0][0] == 3


def test_what_nothing_uses_any_more_goes(writer: Writer, reader: Reader) -> None:
    """Interned rows go when no call, rollup or writer can need them, with all that hangs on their process."""
    gone = Signature("old", "old.job", "old", 1, FIELDS, feed="ticks")
    writer.write([call(1, gone, thread=(1, "old")), call(2, TAX, parent=gone, parent_span_id=span_id(1))])
    fresh = Writer(writer.path, clock=lambda: NOW_NS)
    fresh.write([call(3, PRICE, start_ns=NOW_NS)])
    retain(fresh)
    names = [row[0] for row in reader.query("select name from process")]
    assert names == ["shop.price"]
    tables = ("process_name", "signature", "signature_field", "thread", "variable", "feed", "edge_minute")
    assert counts(reader, *tables) == [1, 1, 2, 1, 2, 0, 0]
    assert rollups(reader)[0] == recounted(reader)[0]
    fresh.close()


def test_used_rows_stay(path: Path, reader: Reader) -> None:
    """A function that is still called keeps its rows, however long ago it was first called."""
    now = [START_NS]
    writer = Writer(path, clock=lambda: now[0])
    for step in range(6):
        now[0] = START_NS + step * 10 * HOUR_NS
        writer.write([call(step + 1, start_ns=now[0])])
        retain(writer, now[0])
    assert counts(reader, "span", "process", "signature", "source", "thread") == [1, 1, 1, 1, 1]
    assert len(reader.query("select * from data_trace")) == 2
    writer.close()


def test_call_dated_ahead_keeps_what_it_refers_to(writer: Writer, reader: Reader) -> None:
    """While a call stands in the future nothing that it may refer to is deleted."""
    writer.write([call(1, start_ns=NOW_NS + 3 * DAY_NS)])
    retain(writer)
    assert len(reader.query("select * from data_trace")) == 2


def test_successes_are_dropped_before_errors(writer: Writer, reader: Reader) -> None:
    """Over its size the file loses the oldest successes; errors stay while there are successes."""
    rows = [
        call(number, status=2 * (number % 10 == 0), exception="x" * 500, start_ns=START_NS + number * 1_000)
        for number in range(1, 8_000)
    ]
    writer.write(rows)
    limit = 4 << 20
    retain(writer, START_NS, max_age_ns=None, max_bytes=limit)
    kept = reader.query("select outcome, count(*) as n, min(start_ns) as first from span group by 1")
    assert [row["outcome"] for row in kept] == ["ERR", "OK"]
    assert kept[0]["n"] == 799
    assert kept[1]["first"] > START_NS + 1_000_000
    assert writer.path.stat().st_size <= limit


def test_errors_go_when_nothing_else_is_left(writer: Writer, reader: Reader) -> None:
    """A file full of errors keeps the latest of them, as many as there is room for."""
    writer.write([call(number, status=2, exception="x" * 500) for number in range(1, 8_000)])
    retain(writer, START_NS, max_age_ns=None, max_bytes=4 << 20)
    (count, first) = reader.query("select count(*), min(start_ns) from span")[0]
    assert 500 < count < 3_000  # a file without calls takes a megabyte
    assert first == START_NS + 1_000 * (8_000 - count)
    assert writer.retain(START_NS, max_age_ns=None, max_bytes=4 << 20).more is False


def test_space_is_returned(writer: Writer) -> None:
    """The file shrinks after its calls have gone, and the log is emptied when nothing is written."""
    writer.write([call(number, exception="x" * 1_000) for number in range(1, 5_000)])
    writer.retain(START_NS)
    before = writer.path.stat().st_size + log_size(writer)
    retain(writer)
    retain(writer)
    assert log_size(writer) == 0
    assert writer.path.stat().st_size < before / 2  # some pages are kept for what comes


def test_file_that_cannot_shrink_is_left(writer: Writer) -> None:
    """Somebody's VACUUM may have taken the means from a file to give pages back: then that is not tried for ever."""
    writer.open()
    connection_of(writer).executescript(
        "pragma journal_mode = delete; pragma auto_vacuum = none; vacuum; pragma journal_mode = wal"
    )
    writer.write([call(number, exception="x" * 1_000) for number in range(1, 5_000)])
    assert retain(writer) > 2


def log_size(writer: Writer) -> int:
    return writer.path.with_name(writer.path.name + "-wal").stat().st_size


def test_exact_inputs_go_with_their_calls(writer: Writer, reader: Reader) -> None:
    """A pickle does not outlive its call."""
    writer.write([call(1, status=2, exact=b"x"), call(2, status=2, exact=b"y", start_ns=NOW_NS)])
    retain(writer)
    assert [row[0] for row in reader.query("select pickle from exact_input")] == [b"y"]


def test_orphans_and_recorders_go(writer: Writer, reader: Reader) -> None:
    """A child whose parent never came is given up with its age."""
    writer.write([call(1, parent_span_id=span_id(9))])
    retain(writer)
    assert counts(reader, "orphan") == [0]


def test_neat_file_is_one_look(writer: Writer) -> None:
    """If there is nothing to do, a call does nothing and says so."""
    writer.write([call(1, start_ns=NOW_NS)])
    retain(writer)
    result = writer.retain(NOW_NS)
    assert (result.deleted, result.more) == (0, False)


def test_each_statement_is_a_chunk(writer: Writer, statements: Callable[[], list[str]]) -> None:
    """Every statement that deletes or moves pages is bounded, and none runs inside a longer transaction."""
    writer.write([call(number, status=2, exception="x" * 3_000, exact=b"x") for number in range(1, 1_000)])
    seen = statements()
    retain(writer, NOW_NS + EPOCH_NS)
    assert not [sql for sql in seen if sql.lower().startswith(("begin", "commit"))]
    for sql in seen:
        if sql.lower().startswith("delete"):
            assert "json_each" in sql or "from chosen" in sql
    assert any("incremental_vacuum(" in sql for sql in seen)


@pytest.fixture
def statements(writer: Writer) -> Callable[[], list[str]]:
    """Starts to listen to what the writer tells SQLite."""

    def listen() -> list[str]:
        seen: list[str] = []
        connection_of(writer).set_trace_callback(lambda sql: seen.append(sql.strip()))
        return seen

    return listen


def test_large_call_is_a_chunk_of_its_own(writer: Writer, reader: Reader) -> None:
    """Chunks are counted in bytes: no two calls go together that are large, and one goes however large it is."""
    writer.write([call(number, status=2, exception="x" * 200_000) for number in range(1, 4)])
    assert [writer.retain(NOW_NS).deleted for _ in range(3)] == [1, 1, 1]
    assert counts(reader, "span") == [0]


def test_pickles_count(writer: Writer) -> None:
    """So do the inputs that were kept exactly, which go with their calls."""
    writer.write([call(number, status=2, exact=b"x" * 200_000) for number in range(1, 4)])
    assert [writer.retain(NOW_NS).deleted for _ in range(3)] == [1, 1, 1]


def test_log_is_copied_between_chunks(writer: Writer, statements: Callable[[], list[str]]) -> None:
    """No chunk ends with the copying of the log into the file, which is done between chunks."""
    writer.write([call(number, status=2, exception="x" * 10_000) for number in range(1, 500)])
    seen = statements()
    retain(writer)
    copying = 1_000
    for sql in seen:
        if sql.startswith("pragma wal_autocheckpoint ="):
            copying = int(sql.split("=")[1])
        elif sql.startswith(("delete from span", "pragma incremental_vacuum")):
            assert copying == 0
    assert copying == 1_000
    chunks = [sql for sql in seen if sql.startswith(("delete from span", "pragma wal_checkpoint(passive)"))]
    assert "pragma wal_checkpoint(passive)" in chunks[: CHUNKS_A_COPY + 1]


each_tidy = pytest.mark.parametrize("tidy", TIDY, ids=lambda tidy: f"{tidy.table}-{tidy.where[:20]}")
VALUES = {
    "before_ns": 1,
    "decided_ns": 1,
    "unused_ns": 1,
    "minute": 1,
    "logs_archived": 2**63 - 1,
    "decisions_archived": 2**63 - 1,
    "outcomes_archived": 2**63 - 1,
    "metrics_ns": 1,
    "limit": 1,
    "archived": 2**63 - 1,
    "bytes": 1,
}


def plan_of(writer: Writer, sql: str) -> list[str]:
    writer.retain(NOW_NS)
    return [row[3] for row in connection_of(writer).execute(f"explain query plan {sql}", VALUES)]


@each_tidy
def test_tidying_walks_an_index(writer: Writer, tidy: Tidy) -> None:
    """Large tables are tidied along their keys; only those of shared rows, which are small, are read through."""
    plan = plan_of(writer, tidy.choose)
    if tidy.table in ("histogram", "calls_minute"):
        assert any(step.startswith(f"SEARCH {tidy.table} USING PRIMARY KEY") for step in plan), plan


@pytest.mark.parametrize("sql", [_IS_EXPIRED, _EXPIRED])
def test_old_calls_are_found_by_time(writer: Writer, sql: str) -> None:
    """Along the IDs, a look at a file without old calls would read all of it, while the keeper stores nothing."""
    assert any("USING INDEX span_by_ts" in step for step in plan_of(writer, sql))


@each_tidy
def test_tidying_deletes_by_key(writer: Writer, tidy: Tidy) -> None:
    """Rows to delete were found beforehand without the lock: the deletion itself scans no table."""
    plan = plan_of(writer, tidy.delete)
    keys = ["process_id"] if tidy.table == "variable" else tidy.keys.split(", ")  # a process has but a few variables
    assert plan[0].startswith(f"SEARCH {tidy.table} USING")
    assert plan[0].endswith(("(" + " AND ".join(f"{key}=?" for key in keys) + ")", "(rowid=?)")), plan


def test_row_used_again_meanwhile_stays(writer: Writer) -> None:
    """A row that another process has come to need since it was chosen is not deleted."""
    writer.write([call(1)])
    writer.retain(START_NS)
    tidy = next(tidy for tidy in TIDY if tidy.table == "process")
    connection, later = connection_of(writer), {**VALUES, "unused_ns": START_NS + 1}
    assert connection.execute(tidy.choose, {**later, "limit": 10}).rowcount == 1
    connection.execute("update process set used_ns = ?", (START_NS + 2,))
    assert connection.execute(tidy.delete, later).rowcount == 0


def test_size_holds_for_calls_that_come_late(writer: Writer, reader: Reader) -> None:
    """An import brings calls that are older than those that were deleted before."""
    writer.limit(max_bytes=4 << 20)
    for age in range(20):
        writer.write(
            [
                call(1 + 300 * age + number, start_ns=NOW_NS - age * HOUR_NS + number, exception="x" * 1_000)
                for number in range(300)
            ]
        )
    retain(writer)
    retain(writer)
    assert writer.path.stat().st_size + log_size(writer) <= 4 << 20
    assert counts(reader, "span")[0] > 0


def test_rollups_hold_the_size_too(writer: Writer, reader: Reader) -> None:
    """The rollups of many functions outgrow a small file over time: the oldest are deleted."""
    writer.limit(max_bytes=4_000_000)
    many = [Signature("shop", f"function {number}", "shop", 1, FIELDS) for number in range(100)]
    for minute in range(100):
        writer.write(
            [
                call(1 + 100 * minute + number, signature=each, start_ns=START_NS + minute * 60 * 10**9 + number)
                for number, each in enumerate(many)
            ]
        )
    retain(writer, START_NS + HOUR_NS)
    retain(writer, START_NS + HOUR_NS)  # nothing was written since: the log is emptied
    assert writer.path.stat().st_size + log_size(writer) <= 4_000_000
    assert counts(reader, "span")[0] > 0
    latest = START_NS // (60 * 10**9) + 99
    assert reader.query("select max(minute) from process_minute")[0][0] == latest
    total = "select sum(count) from process_minute where minute = 0"
    assert reader.query(total)[0][0] == 100 * len(many)
