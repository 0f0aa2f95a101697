"""The limits of a store belong to the store, whoever writes it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from older_schema import without_tables_since
from store_rows import START_NS, call, connection_of

from obsv.errors import StoreUnavailable
from obsv.store import Reader, Writer
from obsv.store.figures.health import check
from obsv.store.ground import DEFAULT_AGE_NS, HOUR_NS, Limits
from obsv.store.writing import Upkeep
from obsv.store.writing.keeping.retention import Retained
from obsv.store.writing.upkeep import CHUNK_LEAST_S, LOOK_S

MB = 1 << 20


def size(path: Path) -> int:
    """Of the file with its log."""
    return sum(file.stat().st_size for file in path.parent.iterdir() if not file.name.endswith("-shm"))


def rows(count: int, first: int = 1, **changes: Any) -> list[Any]:
    stamp = time.time_ns()
    return [
        call(
            first + number,
            start_ns=stamp + number,
            trace_id=(stamp // 10**6).to_bytes(6, "big") + os.urandom(10),
            span_id=os.urandom(8),
            **changes,
        )
        for number in range(count)
    ]


@pytest.fixture
def other(path: Path) -> Iterator[Writer]:
    """A second program, with settings that nobody changed."""
    writer = Writer(path)
    yield writer
    writer.close()


def test_a_new_store_has_the_defaults(writer: Writer) -> None:
    """Six hours, any size."""
    assert writer.limits() == Limits(DEFAULT_AGE_NS, None)


def test_limits_are_kept(writer: Writer, other: Writer) -> None:
    """One that is not given stays, None takes one away, and all programs see it."""
    writer.limit(max_age_ns=48 * HOUR_NS)
    writer.limit(max_bytes=7)
    assert other.limits() == Limits(48 * HOUR_NS, 7, age_chosen=True)
    other.limit(max_age_ns=None)
    writer.close()
    assert writer.limits() == Limits(None, 7, age_chosen=True)


def test_another_program_s_defaults_shorten_nothing(writer: Writer, other: Writer, reader: Reader) -> None:
    """Calls that one program keeps for two days are not deleted by the other after six hours."""
    writer.limit(max_age_ns=48 * HOUR_NS)
    writer.write([call(1)])
    assert other.retain(START_NS + 47 * HOUR_NS).deleted == 0
    assert other.retain(START_NS + 49 * HOUR_NS).deleted == 1


def test_a_burst_stays_within_the_size(writer: Writer, path: Path, reader: Reader) -> None:
    """Nobody but the writer is there to delete: each batch makes its own room, and the newest calls stay."""
    writer.limit(max_bytes=8 * MB)
    largest = 0
    for batch in range(40):
        last = rows(2_000, batch * 2_000)
        writer.write(last)
        largest = max(largest, size(path))
    assert largest <= 8 * MB
    assert Upkeep(writer).finish(60)
    assert size(path) <= 8 * MB
    newest = {row[0] for row in reader.query("select span_id from span order by id desc limit 2000")}
    assert newest == {row.span_id for row in last}


def test_errors_outlive_a_burst(writer: Writer, path: Path, reader: Reader) -> None:
    """Successes make room first."""
    writer.limit(max_bytes=4 * MB)
    writer.write(rows(500, status=2, exception="x" * 500))
    for batch in range(20):
        writer.write(rows(2_000, 1_000 + batch * 2_000))
    assert Upkeep(writer).finish(60)
    assert size(path) <= 4 * MB
    assert reader.query("select count(*) from span where status = 2")[0][0] == 500


def test_a_file_that_was_too_large_is_given_back(writer: Writer, path: Path) -> None:
    """A limit that is set later holds for what is there."""
    for batch in range(10):
        writer.write(rows(2_000, batch * 2_000, exception="x" * 500))
    assert size(path) > 16 * MB
    writer.limit(max_bytes=4 * MB)
    assert Upkeep(writer).finish(60)
    assert size(path) <= 4 * MB


def test_the_log_is_part_of_the_size(writer: Writer) -> None:
    """It is copied sooner, and cut shorter, where the limit is small."""
    writer.limit(max_bytes=16 * MB)
    writer.write([call(1)])
    connection = connection_of(writer)
    assert connection.execute("pragma journal_size_limit").fetchone() == (MB // 2,)
    assert connection.execute("pragma wal_autocheckpoint").fetchone() == (32,)
    writer.limit(max_bytes=None)
    writer.write([call(2)])
    assert connection.execute("pragma wal_autocheckpoint").fetchone() == (1_000,)


def test_what_is_deleted_is_counted(writer: Writer, reader: Reader) -> None:
    """Ever recorded less deleted is what is there."""
    writer.write([call(number, status=2 * (number % 4 == 0)) for number in range(1, 1_001)])
    writer.write([call(2_000, start_ns=START_NS + HOUR_NS)])
    assert writer.retain(START_NS + 2 * HOUR_NS, max_age_ns=HOUR_NS + HOUR_NS // 2).deleted > 0
    (deleted,) = reader.query("select calls, errors from tally where name = 'deleted'")
    (held,) = reader.query("select count(*), sum(status = 2) from span")
    assert (deleted[0] + held[0], deleted[1] + held[1]) == (1_001, 250)


def test_check_says_when_a_limit_is_not_kept(writer: Writer, path: Path) -> None:
    """Size and age, and who would keep it; the default age only where somebody records."""
    writer.write([call(number, exception="x" * 1_000) for number in range(1, 5_000)])
    assert check(path, START_NS + 99 * HOUR_NS).problems == ()
    writer.limit(max_age_ns=DEFAULT_AGE_NS)
    assert check(path, START_NS + DEFAULT_AGE_NS).problems == ()
    (aged,) = check(path, START_NS + DEFAULT_AGE_NS + 2 * HOUR_NS).problems
    assert aged == (
        "the oldest call is 8.0 hours old, above the limit of 6.0 hours: run a recording program or `obsv serve` to "
        "delete older calls"
    )
    writer.limit(max_age_ns=None, max_bytes=4 * MB)
    (large,) = check(path, START_NS).problems
    assert "above its limit of 4.2 MB" in large
    assert Upkeep(writer).finish(60)
    assert check(path, START_NS).problems == ()
    writer.limit(max_bytes=MB)
    (unreachable,) = check(path, START_NS).problems
    assert "set max_bytes to 4MB or more" in unreachable


def test_a_file_of_an_older_version_has_the_defaults(writer: Writer, path: Path) -> None:
    """It is read as it is, and brought to the present version when it is written: what was deleted is known then."""
    writer.write([call(1), call(2)])
    writer.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(without_tables_since(3) + "delete from span where id = 1; pragma user_version = 3")
    connection.close()
    assert check(path, START_NS).limits == Limits()
    writer.limit(max_bytes=MB)
    assert writer.limits() == Limits(max_bytes=MB)
    assert connection_of(writer).execute("select calls from tally").fetchone() == (1,)


class Deleting:
    """A store with so much to delete."""

    def __init__(self, *chunks: object) -> None:
        self.chunks = list(chunks)

    def retain(self, now_ns: int, *, by_default: bool) -> Retained:
        """The next chunk, or what it raises."""
        chunk = self.chunks.pop(0)
        if isinstance(chunk, Exception):
            raise chunk
        return Retained(1, bool(chunk))


def test_the_default_age_is_kept_by_who_writes(writer: Writer, reader: Reader) -> None:
    """Whoever only looks at what was recorded yesterday deletes nothing, unless an age was set."""
    writer.write([call(1)])
    assert Upkeep(writer, by_default=False).finish(9)
    assert reader.query("select count(*) from span")[0][0] == 1
    writer.limit(max_age_ns=48 * HOUR_NS)
    assert Upkeep(writer, by_default=False).finish(9)
    assert reader.query("select count(*) from span")[0][0] == 0


def test_a_long_clean_up_hastens() -> None:
    """Pauses become shorter while there is no end of it; then it looks now and then."""
    upkeep = Upkeep(Deleting(*[1] * 50, 0, 1), clock=lambda: 0)
    pauses = [upkeep.step() for _ in range(50)]
    assert pauses == sorted(pauses, reverse=True)
    assert pauses[-1] == CHUNK_LEAST_S
    assert upkeep.step() == LOOK_S
    assert upkeep.step() == pauses[0]


def test_a_store_that_cannot_be_written_is_tried_later() -> None:
    """Whoever writes says so; upkeep does not."""
    assert Upkeep(Deleting(StoreUnavailable("locked")), clock=lambda: 0).step() == LOOK_S
    assert not Upkeep(Deleting(1, StoreUnavailable("locked")), clock=lambda: 0).finish(9)


def test_an_end_is_bounded() -> None:
    """A program does not wait for a store that has too much."""
    times = iter(range(100))
    assert not Upkeep(Deleting(*[1] * 50), clock=lambda: 0).finish(10, now=lambda: next(times))
