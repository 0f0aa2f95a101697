"""Measure the search for a text in values: its time, and what the filters of blocks cost.

    python -m benchmarks.search [PATH] [--calls 2000000]

PATH is a store to measure on; its blocks are built first. Without it one is made under benchmarks/.work. Times are by
the clock, through the app's server, and by processor time of one search in this process, which a busy machine does not
change.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path

from benchmarks.result import Result
from benchmarks.views import DAY, SEARCHES, Server, store
from obsv.store import Reader, Writer
from obsv.store.finding import Filters
from obsv.store.finding.explorer import read_page
from obsv.store.ground import Window

TEN_MILLION = 10_000_000
REPEATS = 7


def build(path: Path) -> float:
    """Build the blocks that are missing; return the seconds of processor time a call took, 0 if none was missing."""
    writer = Writer(path)
    writer.open()
    before, began = _calls(path), time.thread_time()
    while writer.build_blocks(1.0):
        pass
    writer.close()
    built = _calls(path) - before
    return (time.thread_time() - began) / built if built else 0.0


def _calls(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select coalesce(sum(calls), 0) from block_group").fetchone()
        return int(found[0])


def processor_ms(path: Path, text: str) -> float:
    """The processor time of a search, ms."""
    reader, took = Reader(path), []
    for _ in range(REPEATS):
        began = time.process_time()
        read_page(reader, Filters(search=text), Window(0, 2**62), "-ts", None, 50)
        took.append((time.process_time() - began) * 1e3)
    reader.close()
    return statistics.median(took)


def measure(path: Path | None = None, calls: int = 2_000_000) -> list[Result]:
    """The figures of a store."""
    path = path or store(calls)
    built_s = build(path)
    with closing(sqlite3.connect(path)) as connection:
        (stored,) = connection.execute("select count(*) from span").fetchone()
        (groups,) = connection.execute("select count(*) from block_group").fetchone()
    results = [Result("calls", stored)]
    if built_s:
        results.append(Result("filters: processor time a call", built_s * 1e6, unit=" µs"))
    results.append(Result("filters: bytes a call", groups * 32 * 8192 / stored))
    server = Server(path)
    try:
        for name, text in SEARCHES.items():
            took = server.median_ms("/api/v1/calls", {**DAY, "q": text, "limit": "50"})
            results.append(Result(f"{name}: by the clock", took, 500, 150, " ms"))
            own = processor_ms(path, text)
            results.append(Result(f"{name}: processor time", own, 500, 150, " ms"))
            if stored < TEN_MILLION:
                name = f"{name}: processor time, extrapolated to 10 M"
                results.append(Result(name, own * TEN_MILLION / stored, 500, 150, " ms"))
    finally:
        server.stop()
    return results


if __name__ == "__main__":
    from benchmarks.__main__ import show

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--calls", type=int, default=2_000_000)
    given = parser.parse_args()
    show("search", measure(given.path, given.calls))
