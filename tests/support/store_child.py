"""The program of several processes that write one file concurrently."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier
from pathlib import Path

from store_rows import FIELDS, call, span_id

from obsv.store import Signature, Writer

PROCESSES, BATCHES, SIZE = 4, 12, 60


def record(path: Path, number: int, gate: Barrier) -> None:
    """Writes calls of functions that all processes share and of one of its own, and some that others write too."""
    shared = [Signature("shop", f"shop.f{each}", "shop", 1, FIELDS) for each in range(10)]
    own = Signature("shop", f"shop.only{number}", "shop", 1, FIELDS)
    writer = Writer(path, busy_timeout_s=60)
    gate.wait()
    for batch in range(BATCHES):
        first = (number * BATCHES + batch) * SIZE + 1
        rows = [
            call(at, own if at % 7 == 0 else shared[at % 10], span_id=span_id(at)) for at in range(first, first + SIZE)
        ]
        common = [
            call(1_000_000 + at, shared[at % 10], thread=(at, f"t{at}")) for at in range(batch * 10, batch * 10 + 10)
        ]
        writer.write(rows + common)
    writer.close()
