"""Ten million recorded calls of every kind into a ring that nobody reads: `python -m benchmarks.leak_program CALLS`.

Prints JSON: resident memory in bytes after a tenth of the calls and after all, objects that the collector knows and
blocks that the interpreter has allocated, likewise.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obsv
from benchmarks.call_variant import FILLS, META, ORDER
from obsv.record.ring import Bounds, open_ring
from obsv.trace.compiled import follow
from obsv.trace.notices import Notices
from obsv.trace.recording import recording
from obsv.trace.ring_writer import RingWriter

# Above it the oldest calls are dropped.
RING_BYTES = 16 << 20
# Calls of a round.
ROUND = 1_000


@obsv.monitor
def leaf(order_id: int, meta: Any, password: str = "hunter2", **more: Any) -> dict[str, Any]:
    return {"order_id": order_id, "meta": meta}


@obsv.monitor
def outer(number: int) -> list[Any]:
    return [leaf(number, META), leaf(number, FILLS, side="buy"), leaf(number, ORDER)]


@obsv.monitor
def failing(number: int) -> None:
    try:
        leaf(number, "x" * 300)
        raise KeyError(number)
    except KeyError as error:
        raise ValueError("no such order") from error


@obsv.monitor
async def step(number: int) -> int:
    await asyncio.sleep(0)
    return number


@obsv.monitor
def promised(number: int) -> Any:
    return step(number)


async def tasks() -> None:
    await asyncio.gather(*(promised(number) for number in range(20)))


def play() -> None:
    """A round: of a thousand calls 820 are nested, 140 fail or are within one that does, 40 are asynchronous."""
    for number in range(205):
        outer(number)
    for number in range(70):
        with contextlib.suppress(ValueError):
            failing(number)
    asyncio.run(tasks())


def record_into(directory: str) -> RingWriter:
    """Have calls recorded into a ring of a directory, without a keeper."""
    writer = RingWriter(lambda: open_ring(Path(directory), 0, Bounds(RING_BYTES)), nothing, nothing, Notices())
    recording.start, recording.bypass, recording.off = None, False, False
    recording.on_begin, recording.on_end = writer.begin, writer.end
    follow()
    return writer


def nothing() -> None:
    pass


def sizes() -> dict[str, int]:
    """Return the sizes of the process's resources."""
    gc.collect()
    statm = Path("/proc/self/statm").read_text().split()
    resident = int(statm[1]) * os.sysconf("SC_PAGE_SIZE")
    # Files that are mapped are the ring's, and given back.
    shared = int(statm[2]) * os.sysconf("SC_PAGE_SIZE")
    return {"bytes": resident - shared, "objects": len(gc.get_objects()), "blocks": sys.getallocatedblocks()}


def main(calls: int, directory: str, each: Callable[[], None] = play) -> dict[str, Any]:
    """Make calls, and look at a tenth of them and at the end."""
    writer = record_into(directory)
    rounds = calls // ROUND
    for _ in range(rounds // 10):
        each()
    early = sizes()
    for _ in range(rounds - rounds // 10):
        each()
    return {"early": early, "late": sizes(), "dropped": writer.ring.calls.dropped, "errors": writer.errors}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        print(json.dumps(main(int(sys.argv[1]), made)))
