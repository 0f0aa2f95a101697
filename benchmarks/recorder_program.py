"""A program that is recorded in one way: `python -m benchmarks.recorder_program NAME [CALLS]`; prints JSON."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Callable

import obsv

META = {"desk": "eq", "trader": "t42", "tags": ["a", "b"]}
_PER_S, _SLICE = 10_000, 100


def plain(order_id: int, symbol: str, qty: float, meta: dict[str, object]) -> dict[str, object]:
    return {"order_id": order_id, "symbol": symbol, "notional": qty * 101.25}


@obsv.monitor
def work(order_id: int, symbol: str, qty: float, meta: dict[str, object]) -> dict[str, object]:
    return {"order_id": order_id, "symbol": symbol, "notional": qty * 101.25}


@obsv.monitor
def failing(text: str) -> None:
    raise ValueError(text)


class Computing:
    """A thread that computes without pause; `done` counts its steps."""

    def __init__(self) -> None:
        self.done, self._is_over = 0, False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over:
            sum(range(500))
            self.done += 1

    def stop(self) -> None:
        self._is_over = True
        self._thread.join()


def beside() -> dict[str, float]:
    """The computing thread's speed beside recorded calls ÷ beside plain ones: seconds of each in turn.

    By the program's processor time, so that other programs count for nothing.
    """
    computing = Computing()
    speeds: dict[Callable[..., object], list[float]] = {plain: [], work: []}
    for _ in range(8):
        for function, found in speeds.items():
            found.append(_speed(computing, function))
    computing.stop()
    return {"speed": statistics.median(speeds[work]) / statistics.median(speeds[plain])}


def _speed(computing: Computing, function: Callable[..., object]) -> float:
    done, used, started = computing.done, time.process_time(), time.perf_counter()
    for number in range(_PER_S // _SLICE):
        for each in range(_SLICE):
            function(each, "AAPL", 12.5, META)
        time.sleep(max(0.0, started + (number + 1) * _SLICE / _PER_S - time.perf_counter()))
    return (computing.done - done) / (time.process_time() - used)


def sustained(calls: int) -> dict[str, float]:
    """Calls stored a second, beside a computing thread: from the first call to the last row, and by the keeper's
    processor time, which is that of a core of its own."""
    computing = Computing()
    keeper = int(obsv.stats()["keeper"])
    used, started = _used_s(keeper), time.perf_counter()
    burst(calls)
    assert obsv.force_flush(600)
    took, used = time.perf_counter() - started, _used_s(keeper) - used
    computing.stop()
    return {"stored_per_s": calls / took, "stored_per_cpu_s": calls / used}


def events(count: int) -> dict[str, float]:
    """Events stored a second of the keeper's processor time; and an event's cost ÷ that of `logging.info` to a file."""
    log = logging.getLogger("bench")
    log.propagate, log.level = False, logging.INFO
    log.addHandler(logging.FileHandler(f"{os.environ['OBSV_DB']}.log"))
    keeper = int(obsv.stats()["keeper"])
    costs: dict[Callable[[int], object], list[float]] = {
        lambda number: log.info("order %s of %s rejected: %s", number, "AAPL", "margin"): [],
        lambda number: obsv.event("order.rejected", order_id=number, symbol="AAPL", reason="margin"): [],
    }
    used = _used_s(keeper)
    for _ in range(10):
        for tell, found in costs.items():
            began = time.thread_time()
            for number in range(count // 10):
                tell(number)
            found.append(time.thread_time() - began)
    assert obsv.force_flush(600)
    logged, recorded = map(statistics.median, costs.values())
    return {"stored_per_cpu_s": count / (_used_s(keeper) - used), "cost": recorded / logged}


def _used_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def burst(calls: int) -> dict[str, float]:
    """Calls a second of the caller's processor time, and by the clock."""
    used, started = time.thread_time(), time.perf_counter()
    for number in range(calls):
        work(number, "AAPL", 12.5, META)
    took, used = time.perf_counter() - started, time.thread_time() - used
    return {"called_per_s": calls / took, "called_per_cpu_s": calls / used}


def million(calls: int) -> dict[str, object]:
    """Calls at full speed, the last of which are not waited for."""
    burst(calls)
    stats = obsv.stats()
    return {"dropped": stats["dropped"], "keeper": stats["keeper"]}


def errors(count: int) -> dict[str, float]:
    """Milliseconds from an error to the row that a reader finds."""
    connection = sqlite3.connect(f"file:{os.environ['OBSV_DB']}?mode=ro", uri=True)
    took = []
    for number in range(count):
        time.sleep(0.2)
        started = time.perf_counter()
        with contextlib.suppress(ValueError):
            failing(f"error {number}")
        while connection.execute("select count(*) from span where status = 2").fetchone()[0] <= number:
            time.sleep(0.0005)
        took.append((time.perf_counter() - started) * 1e3)
    took.sort()
    return {"median_ms": statistics.median(took), "most_ms": took[int(0.95 * len(took))]}


def main(name: str, *calls: str) -> None:
    work(0, "AAPL", 1.0, META)
    work(0, "AAPL", 1.0, META)
    assert obsv.force_flush(60)
    print(json.dumps(globals()[name](*map(int, calls))))


if __name__ == "__main__":
    main(*sys.argv[1:])
