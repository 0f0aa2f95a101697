"""A program that does to the compiled core what it can: threads, finalizers, freezers and signals that record.

    python compiled_stress.py DIRECTORY [CALLS]

It ends with 0 if all that was recorded can be read. `make sanitize` runs it with a core that checks its memory.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import decimal
import enum
import gc
import signal
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from compiled_calls import Begin, CompiledRing
from random_values import RandomValues

_THREADS = 6


class Side(enum.Enum):
    BUY = 1


@dataclasses.dataclass
class Order:
    id: int
    at: Any
    price: Any
    password: str = "p"


def main(directory: str, calls: int) -> int:
    """Run it; the exit code."""
    ring = CompiledRing(Path(directory))
    sys.setswitchinterval(5e-6)
    counted: list[int] = []
    leaf = ring.recorded(lambda number, when, mapping: (counted.append(1), [number, when])[1])

    class Finalized:
        def __del__(self) -> None:
            leaf(-1, None, {})

    class Recording(str):
        """Its freezer is Python's, and the names are new each time: both run Python in the middle of a record."""

    def node(number: int, password: str, options: dict[str, Any]) -> Any:
        counted.append(1)
        cycle: list[Any] = [Finalized()]
        cycle.append(cycle)
        return leaf(number, datetime.datetime.now(), {f"k{number % 5_000}": datetime.date.today(), "r": Recording("x")})

    recorded = ring.recorded(node)
    rich = ring.recorded(lambda order, tags: (counted.append(1), order)[1])

    def work(seed: int) -> None:
        values = RandomValues(seed)
        for number in range(calls):
            recorded(number, "hunter2", {"x": datetime.timedelta(number), "l": [datetime.date.today()] * 3})
            rich(Order(number, datetime.datetime.now(), decimal.Decimal("1.5")), [Side.BUY, uuid.uuid4(), {1, number}])
            if number % 20 == 0:
                leaf(number, values.value(), {"v": values.value()})

    async def task(number: int) -> None:
        await asyncio.sleep(0)
        recorded(number, "hunter2", {})

    async def tasks() -> None:
        await asyncio.gather(*(task(number) for number in range(min(calls, 300))))

    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: leaf(-2, None, {}))
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(_THREADS)]
    for thread in threads:
        thread.start()
    asyncio.run(tasks())
    for thread in threads:
        thread.join()
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    gc.collect()
    ring.ring.close()
    begins, ends = set(), set()
    for record in ring.records(is_final=True):
        (begins if isinstance(record, Begin) else ends).add(record.span_id)
    ring.close()
    print(f"{len(counted):,} calls, {len(begins):,} begun, {len(ends):,} ended, {ring.ring.calls.dropped} dropped")
    return 0 if begins == ends and len(begins) == len(counted) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000))
