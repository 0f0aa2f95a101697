"""The archive: size and speed, archived calls read again, and kills in all its states.

`python -m benchmarks archive`; the calls are those of the benchmark `store`, dated an hour into yesterday.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.result import Result
from benchmarks.store import BATCH, Calls
from obsv.archive import Archiver, Target, Window, open_target
from obsv.cold import WholeStore
from obsv.store import Writer
from obsv.store.finding import Filters
from obsv.store.ground import HOUR_NS
from obsv.store.ground import Window as Times
from obsv.store.seam import SQLiteStore, open_store
from obsv.store.writing import ArchiveBook

CALLS = 400_000
KILLS, KILL_CALLS, KILL_HOURS = 200, 20_000, 20
_DAY_NS = 24 * HOUR_NS


def measure(calls: int = CALLS, kills: int = KILLS) -> list[Result]:
    """Measure all of it."""
    with tempfile.TemporaryDirectory() as directory:
        return [*_sizes_and_speeds(Path(directory), calls), *_killed(Path(directory), kills)]


def _sizes_and_speeds(place: Path, calls: int) -> Iterator[Result]:
    db, target = place / "o.db", open_target(str(place / "archive"))
    with closing(Writer(db)) as writer:
        _fill(writer, calls, time.time_ns() - _DAY_NS)
        hot_bytes = db.stat().st_size
        with closing(open_store(db)) as store, closing(ArchiveBook(db)) as book:
            began, cpu = time.perf_counter(), time.process_time()
            book.open(target.url, 0)
            archiver = Archiver(store, book, target, Window(HOUR_NS, None))
            parts = []
            while (part := archiver.step(time.time_ns())) is not None:
                parts.append(part)
            cpu, clock = time.process_time() - cpu, time.perf_counter() - began
        while writer.retain(time.time_ns(), max_age_ns=HOUR_NS).more:
            pass
    yield Result("bytes per call in the database", hot_bytes / calls)
    yield Result("bytes per call in the archive", sum(part.size for part in parts) / calls, 80, 55)
    yield Result("archived calls per second of CPU", calls / cpu, 20_000, None, "", True)
    yield Result("archived calls per second by the clock", calls / clock)
    window = Times(time.time_ns() - 2 * _DAY_NS, time.time_ns())
    first_ms = _milliseconds(db, lambda store: store.read_page(Filters(), window))
    yield Result("first page of 100 archived calls", first_ms, 10_000, 2_000, " ms")
    with closing(WholeStore(db)) as whole:
        trace = whole.read_page(Filters(), window).calls[50].trace_id
    trace_ms = _milliseconds(db, lambda store: store.read_trace_columns(trace))
    yield Result("an archived trace by its ID", trace_ms, 2_000, 300, " ms")


def _fill(writer: Writer, calls: int, start_ns: int) -> None:
    made = Calls(50)
    made._start_ns = start_ns
    for _ in range(calls // BATCH):
        writer.write(made.batch())


def _milliseconds(db: Path, ask: Any) -> float:
    with closing(WholeStore(db)) as whole:
        began = time.perf_counter()
        ask(whole)
        return (time.perf_counter() - began) * 1e3


class _Killing:
    """A target or a book that kills its process at one of its operations, before or after it is done."""

    def __init__(self, inner: Any, countdown: list[int]) -> None:
        self._inner, self._countdown = inner, countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*arguments: Any) -> Any:
            self._tick()
            answer = found(*arguments)
            self._tick()
            return answer

        return call

    def _tick(self) -> None:
        self._countdown[0] -= 1
        if self._countdown[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _killed(place: Path, kills: int) -> Iterator[Result]:
    db, target = place / "k.db", open_target(str(place / "killed"))
    begin_ns = (time.time_ns() // HOUR_NS - 48) * HOUR_NS
    with closing(Writer(db)) as writer:
        made = Calls(5)
        for hour in range(KILL_HOURS):
            made._start_ns = begin_ns + hour * HOUR_NS - made._made * 50_000
            writer.write(made.batch(KILL_CALLS // KILL_HOURS))
    with closing(ArchiveBook(db)) as book:
        book.open(target.url, 0)
    rng, done = random.Random(1), 0
    while done < kills:
        after = rng.randrange(24)  # a part takes ten operations
        child = os.fork()
        if not child:
            _archive_until_killed(db, target, after)
        _, status = os.waitpid(child, 0)
        done += os.WIFSIGNALED(status)
        with closing(Writer(db)) as writer:
            writer.retain(time.time_ns(), max_age_ns=1)
        if os.WIFEXITED(status):  # there was nothing left to archive
            with closing(Writer(db)) as writer:
                made._start_ns = begin_ns + HOUR_NS - made._made * 50_000
                writer.write(made.batch(1_000))
    yield from _counted(db, target, KILL_CALLS)


def _archive_until_killed(db: Path, target: Target, after: int) -> None:
    countdown = [after]
    try:
        store, book = open_store(db), ArchiveBook(db)
        archiver = Archiver(store, _Killing(book, countdown), _Killing(target, countdown), Window(1, None))
        while archiver.step(time.time_ns()):
            pass
    finally:
        os._exit(0)


def _counted(db: Path, target: Target, least: int) -> Iterator[Result]:
    from obsv.archive import read_rows

    with closing(ArchiveBook(db)) as book, closing(SQLiteStore(db)) as store:
        waiting = book.facts()
        cold: list[tuple[str, str]] = []
        for part in book.parts():
            content = target.get(part.name)
            assert content is not None
            cold += [(row[0], row[1]) for rows in read_rows(content, ("trace_id", "span_id")) for row in rows]
        assert waiting is not None
        hot = [
            (span.span.trace_id.hex(), span.span.span_id.hex())
            for chunk in store.spans_between(waiting.watermark, 2**63 - 1)
            for span in chunk
        ]
        recorded = store.counted_until(2**63 - 1)
    both = cold + hot
    yield Result(f"calls lost of {recorded:,} by {KILLS} kills in all states", float(recorded - len(set(both))), 0, 0)
    yield Result("calls doubled", float(len(both) - len(set(both))), 0, 0)
    assert recorded >= least
