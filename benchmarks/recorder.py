"""The recorder under load: what the program pays and gets, how far behind the keeper is, and what that takes."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.result import Result

MILLIONS = 2_500_000
_PATIENCE_S = 600.0
_TEXT = """
{number}. Section
=================

A paragraph with *emphasis*, ``code``, a `link <https://example.org/{number}>`_ and a list:

- one of {number}
- another

.. code:: python

   print({number})

"""


def measure() -> list[Result]:
    """Each figure is that of programs of their own."""
    beside = [_program("beside") for _ in range(3)]
    sustained = [_program("sustained", "200000") for _ in range(3)]
    burst = [_program("burst", "200000") for _ in range(3)]
    errors = _program("errors", "40")
    events = [_program("events", "50000") for _ in range(3)]
    rows = _million()

    def median(runs: list[dict[str, float]], key: str) -> float:
        return statistics.median(each[key] for each in runs)

    stored, called = "calls/s stored beside a computing thread", "calls/s at the caller in a burst of 200,000"
    speed = "a computing thread's speed, by CPU time, while 10,000 calls/s are recorded beside it"
    found = [
        Result(speed, 100 * median(beside, "speed"), 95, 98, " %", at_least=True),
        Result(
            f"{stored}, by the keeper's CPU time", median(sustained, "stored_per_cpu_s"), 40_000, 75_000, at_least=True
        ),
        Result(f"{stored}, by the clock", median(sustained, "stored_per_s")),
        Result(f"{called}, by its CPU time", median(burst, "called_per_cpu_s"), 200_000, 500_000, at_least=True),
        Result(f"{called}, by the clock", median(burst, "called_per_s")),
        Result("events/s stored, by the keeper's CPU time", median(events, "stored_per_cpu_s"), 40_000, at_least=True),
        Result("an event at the caller ÷ `logging.info` to a file", median(events, "cost"), 0.5, 0.15),
        Result("2.5 M calls at full speed: dropped", rows["dropped"], 0, 0),
        Result("the same: queryable after the program's end within", rows["after_s"], 90, 45, " s"),
        Result("the same: most memory of the keeper", rows["keeper_mb"], 60, 40, " MB"),
        Result("an error can be queried after (median)", errors["median_ms"], 50, 10, " ms"),
        Result("the same: 95 of 100", errors["most_ms"], unit=" ms"),
    ]
    if importlib.util.find_spec("docutils"):
        found.append(Result("`obsv run --include docutils -m docutils`: CPU of the program ÷ plain", _docutils(), 6, 3))
    return found


def _program(*arguments: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        done = _run([sys.executable, "-m", "benchmarks.recorder_program", *arguments], directory)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _run(command: list[str], directory: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OBSV_DB": str(Path(directory) / "bench.db"), "OBSV_WRITER": "process"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def _million() -> dict[str, float]:
    """A program that makes 2.5 million calls, and ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        done = _run([sys.executable, "-m", "benchmarks.recorder_program", "million", str(MILLIONS)], directory)
        ended = time.monotonic()
        said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        db = Path(directory) / "bench.db"
        most = 0.0
        # Two calls more made function and thread known.
        while _rows(db) < MILLIONS + 2 - said["dropped"] and time.monotonic() < ended + _PATIENCE_S:
            most = max(most, _resident_mb(int(said["keeper"] or 0)))
            time.sleep(1)
        after_s = time.monotonic() - ended
        missing = MILLIONS + 2 - _rows(db)
    return {"dropped": max(said["dropped"], missing), "after_s": after_s, "keeper_mb": most}


def _rows(db: Path) -> int:
    try:
        with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
            return int(connection.execute("select count(*) from span").fetchone()[0])
    except sqlite3.Error:
        return 0


def _resident_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _docutils() -> float:
    """CPU of the program alone, with its files compiled: the best of three each, in turn."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        source = Path(directory) / "in.rst"
        source.write_text("".join(_TEXT.format(number=number) for number in range(60)))
        output = str(Path(directory) / "out.html")
        plain = [sys.executable, "-m", "docutils", str(source), output]
        recorded = [sys.executable, "-m", "obsv", "run", "--include", "docutils", "-m", "docutils", str(source), output]
        for command in (plain, recorded):
            _run(command, directory)
        costs = [(_cpu_s(plain, directory), _cpu_s(recorded, directory)) for _ in range(3)]
    return min(cost for _, cost in costs) / min(cost for cost, _ in costs)


def _cpu_s(command: list[str], directory: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(command, directory)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
