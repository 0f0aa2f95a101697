"""The store alone: size of a call, speed of the writer idle, under a computing thread and into a large file, the views.

python -m benchmarks.store [--json] [--large 5000000]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.result import Result
from benchmarks.store_generate import generate
from obsv.store import Reader, Signature, Source, SpanRow, Writer

BATCH = 10_000  # what the processor grows to under load
ROUNDS = 16
LARGE = 5_000_000
VIEWS = 1_000_000
FIELDS = (*((name, "INPUT") for name in ("order_id", "symbol", "quantity", "options")), ("return", "OUTPUT"))
SOURCE = Source("bench", '{"attributes":[]}', '{"name":"obsv"}')
LATEST = "order by ts desc limit 50"
# {process} is one of 200; {busiest} has most calls of all.
QUERIES = (
    f"select * from process_trace {LATEST}",
    f"select * from data_trace {LATEST}",
    f"select * from process_trace where status = 'ERR' {LATEST}",
    f"select * from data_trace where status = 'ERR' {LATEST}",
    f"select * from process_trace where process = '{{process}}' {LATEST}",
    f"select * from process_trace where process = '{{busiest}}' {LATEST}",
    f"select * from process_trace where process = '{{busiest}}' and status = 'ERR' {LATEST}",
    f"select * from data_trace where process = '{{busiest}}' {LATEST}",
    f"select * from data_trace where process = '{{busiest}}' and data = 'quantity' {LATEST}",
    "select * from process_trace where ts > datetime('now', '-30 seconds')",
    "select * from data_trace where ts > datetime('now', '-30 seconds')",
    "select * from process_trace where trace_id = '{trace}'",
    "select * from data_trace where trace_id = '{trace}'",
)


class Calls:
    """Makes batches of short calls: 5 values, ids that begin with the time, one in a hundred failed.

    Args:
        functions: how many different functions are called.
    """

    def __init__(self, functions: int) -> None:
        self._signatures = [
            Signature("bench", f"bench.module.f{n}", "bench.module", 1, FIELDS) for n in range(functions)
        ]
        self._random = random.Random(functions)
        self._made = 0
        self._start_ns = time.time_ns()

    def batch(self, size: int = BATCH) -> list[SpanRow]:
        """The next calls, 50 µs apart."""
        return [self._row(number) for number in range(self._made, self._made + size)]

    def _row(self, number: int) -> SpanRow:
        chance, failed = self._random, number % 100 == 0
        self._made = number + 1
        start = self._start_ns + number * 50_000
        return SpanRow(
            chance.choice(self._signatures),
            SOURCE,
            (start // 1_000_000).to_bytes(6, "big") + chance.randbytes(10),
            chance.randbytes(8),
            None,
            None,
            start,
            int(chance.lognormvariate(11, 0.4)),
            (1, "MainThread"),
            2 if failed else 0,
            0,
            f'["{number}","\'AAPL\'","1.5","{{\'a\': 1}}","{{\'id\': 1}}"]',
            exception="Traceback" if failed else None,
        )


@contextmanager
def fresh() -> Iterator[Writer]:
    """A writer of a new file."""
    with tempfile.TemporaryDirectory() as directory:
        writer = Writer(Path(directory) / "bench.db", busy_timeout_s=10)
        try:
            yield writer
        finally:
            writer.close()


@contextmanager
def computing() -> Iterator[None]:
    """Another thread computes without pause meanwhile."""
    stop = threading.Event()

    def compute() -> None:
        table: dict[int, str] = {}
        while not stop.is_set():
            for number in range(1_000):
                table[number & 63] = str(number)

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Timing(NamedTuple):
    """Seconds a call: of the wall clock, and of this thread's CPU."""

    wall: float
    cpu: float


def timed(rounds: Iterable[Callable[[list[SpanRow]], object]], calls: Calls, size: int = BATCH) -> list[Timing]:
    """Writes one batch with each of the given in turn; returns the time of each."""
    timings = []
    for write in rounds:
        batch = calls.batch(size)
        gc.freeze()  # rows that wait here would wait in no program
        wall, cpu = time.perf_counter(), time.thread_time()
        write(batch)
        timings.append(Timing((time.perf_counter() - wall) / size, (time.thread_time() - cpu) / size))
    gc.unfreeze()
    return timings


def median(timings: Iterable[Timing]) -> Timing:
    """The median of each clock."""
    return Timing(*(statistics.median(column) for column in zip(*timings, strict=True)))


def speeds() -> list[Result]:
    """Calls a second, idle and busy in turn, and CPU a call."""
    results = []
    for functions in (1, 20, 200):
        calls = Calls(functions)
        idle: list[Timing] = []
        busy: list[Timing] = []
        with fresh() as writer:
            timed([writer.write] * 2, calls)
            for _ in range(ROUNDS // 4):
                idle += timed([writer.write] * 4, calls)
                with computing():
                    busy += timed([writer.write] * 4, calls)
        alone, beside = median(idle), median(busy)
        who = f"{functions} function{'s' * (functions > 1)}"
        results += [
            Result(f"writer alone, {who}: calls/s", 1 / alone.wall, at_least=True),
            Result("the same: CPU a call", alone.cpu * 1e6, unit=" µs"),
            Result("the same while another thread computes without pause: calls/s", 1 / beside.wall, at_least=True),
            Result("the two in ratio", alone.wall / beside.wall, 0.5, 0.7, at_least=True),
        ]
    return results


def size() -> Result:
    """Bytes a call of 200,000 calls of 20 functions."""
    calls, number = Calls(20), 200_000
    with fresh() as writer:
        for _ in range(number // BATCH):
            writer.write(calls.batch())
        writer.close()
        return Result("bytes a call with 5 short values, all indexes", os.path.getsize(writer.path) / number, 350, 280)


def growth(large: int) -> list[Result]:
    """Speed into a file that holds many calls, over speed into an empty one: written in turn."""
    calls = Calls(20)
    with fresh() as full, fresh() as empty:
        for _ in range(large // BATCH):
            full.write(calls.batch())
        empty.write(calls.batch())
        timings = timed([full.write, empty.write] * ROUNDS, calls)
    into_full, into_empty = median(timings[::2]), median(timings[1::2])
    name = f"calls/s into a file of {large / 1e6:g} M calls ÷ into an empty one"
    return [
        Result(name, into_empty.wall / into_full.wall, 0.6, 0.8, at_least=True),
        Result("the same by CPU time", into_empty.cpu / into_full.cpu, at_least=True),
    ]


def views_and_retention(calls: int) -> list[Result]:
    """The documented queries on a generated store, and what it costs to empty it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "views.db"
        generate(path, calls)
        reader = Reader(path)
        names = {
            "process": "market.pricing.curves.discount",
            "busiest": reader.query("select process from process_trace group by 1 order by count(*) desc limit 1")[0][
                0
            ],
            "trace": reader.query("select trace_id from process_trace order by ts limit 1 offset 1000")[0][0],
        }
        slowest = max((_milliseconds(reader, sql.format(**names)), sql) for sql in QUERIES)
        reader.close()
        bytes_a_call = path.stat().st_size / calls
        held, cpu, spins = zip(*_chunks(path), strict=True)
    million = f"{calls / 1e6:g} M calls / {calls * 5 / 1e6:g} M values"
    return [
        Result(f"documented view queries on {million}: the slowest", slowest[0], 100, 20, " ms"),
        Result("bytes a call there (80 characters of values, tracebacks, five hours of rollups)", bytes_a_call),
        Result("retention: median time a chunk holds the file", statistics.median(held), 50, None, " ms"),
        Result("retention: the longest", max(held), 50, None, " ms"),
        Result("the longest by CPU time, with what is read beforehand", max(cpu), 50, None, " ms"),
        Result("(10 ms of CPU time took at the longest, meanwhile)", max(spins), None, None, " ms"),
    ]


def _milliseconds(reader: Reader, sql: str) -> float:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        reader.query(sql)
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)


class Chunk(NamedTuple):
    """One step of retention: milliseconds that it held the write lock, of its CPU time, and of a computation beside."""

    held: float
    cpu: float
    spin: float


def _chunks(path: Path) -> Iterator[Chunk]:
    writer, more = Writer(path), True
    while more:
        began = time.thread_time()
        _, more, held_s = writer.retain(time.time_ns(), max_age_ns=3_600_000_000_000)
        cpu_s = time.thread_time() - began
        yield Chunk(held_s * 1e3, cpu_s * 1e3, _spin_ms())
    writer.close()


# What a busy machine adds to anything that takes 10 ms: the longest chunk is to be read beside it.
def _spin_ms() -> float:
    began, cpu = time.perf_counter(), time.thread_time()
    while time.thread_time() - cpu < 0.01:
        pass
    return (time.perf_counter() - began) * 1e3


def measure(large: int = LARGE) -> list[Result]:
    """All figures of the store."""
    return [size(), *speeds(), *growth(large), *views_and_retention(VIEWS)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--large", type=int, default=LARGE)
    given = parser.parse_args()
    found = measure(given.large)
    if given.json:
        print(json.dumps([result._asdict() for result in found]))
    else:
        for result in found:
            print(" | ".join(result.cells()))
