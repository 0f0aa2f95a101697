"""Measure errors lost when a program that only fails is killed: `python -m benchmarks storm`, 200 times kill -9."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from benchmarks.result import Result

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from storm import Storm, storm

KILLS = 100


def measure(kills: int = KILLS, seed: int = 1) -> list[Result]:
    """Kill as often beside an idle and beside a busy thread, at full speed and at 200 failures a second."""
    chance, found = random.Random(seed), []
    for kind, busy in (("idle", False), ("beside a busy thread", True)):
        storms = [_one(chance, busy, 0.005 if number % 4 == 0 else 0.0) for number in range(kills)]
        failed = sum(each.failed for each in storms)
        name = f"{kills} × kill -9, {kind}, {failed:,} errors:"
        found.append(Result(f"{name} lost", sum(each.lost for each in storms), 0, 0))
        found.append(Result(f"{name} stored twice", sum(each.doubled for each in storms), 0, 0))
    return found


def _one(chance: random.Random, busy: bool, pause_s: float) -> Storm:
    with tempfile.TemporaryDirectory() as directory:
        return storm(Path(directory), chance, busy=busy, pause_s=pause_s)
