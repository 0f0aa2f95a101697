"""A million calls at once, and the rate that is kept up."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.result import Result


def measure(calls: int = 1_000_000) -> list[Result]:
    """Dropped calls and seconds of the burst, and calls a second from the first call to the last row."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.burst_program", str(calls)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    return [
        Result("burst of 1 M calls from one thread: dropped or missing", found["dropped"] + found["missing"], 0, 0),
        Result("the same: all in SQLite within", found["stored_s"], None, 30, " s"),
        Result(
            "sustained calls/s into the file, nothing dropped", calls / found["stored_s"], 20_000, 40_000, at_least=True
        ),
    ]
