"""Measure whether ten million calls leave anything behind in the recording process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.result import Result
from obsv.record.core import compiled

CALLS = 10_000_000


def measure(calls: int = CALLS) -> list[Result]:
    """Growth from a tenth of the calls to all of them, by core."""
    found = []
    for core in ("c", "py") if compiled is not None else ("py",):
        told = json.loads(
            subprocess.run(
                [sys.executable, "-m", "benchmarks.leak_program", str(calls)],
                env={**os.environ, "OBSV_CORE": core},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        early, late = told["early"], told["late"]
        name = f"{core}: {calls:,} calls, from the first tenth on"
        found += [
            Result(f"{name}: memory grows by", (late["bytes"] - early["bytes"]) / 1e6, 2.0, 1.0, " MB"),
            Result(f"{name}: objects of the collector", late["objects"] - early["objects"], 100, 10),
            # Each segment of errors that nobody has read yet is remembered: four blocks for 500 errors.
            Result(f"{name}: blocks of memory", late["blocks"] - early["blocks"], 10_000, 6_000),
        ]
    return found
