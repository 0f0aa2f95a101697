"""Results of a benchmark, and their display."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple


class Result(NamedTuple):
    """One figure.

    Args:
        name: what was measured.
        value: the figure.
        must: the bound it has to keep; None where none was set.
        reach: the bound it should reach.
        unit: what stands behind the figure.
        at_least: bounds are lower bounds.
    """

    name: str
    value: float
    must: float | None = None
    reach: float | None = None
    unit: str = ""
    at_least: bool = False

    def keeps(self, bound: float | None) -> bool:
        """Return whether the figure is on the right side of a bound."""
        return bound is None or (self.value >= bound if self.at_least else self.value <= bound)

    @property
    def verdict(self) -> str:
        """reached, kept or missed."""
        if self.must is None and self.reach is None:
            return ""
        if not self.keeps(self.must):
            return "missed"
        return "reached" if self.keeps(self.reach) else "kept"

    def cells(self) -> list[str]:
        """The row of a table."""
        sign = "≥" if self.at_least else "≤"
        bounds = [
            f"{sign} {figure(bound)}{self.unit}" if bound is not None else "" for bound in (self.must, self.reach)
        ]
        return [self.name, f"{figure(self.value)}{self.unit}", *bounds, self.verdict]


def figure(value: float) -> str:
    """A number as a reader wants it: three significant digits, thousands apart."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def in_process(module: str, *arguments: str, **environment: str) -> Any:
    """Run a module in a fresh interpreter on one core, if cores can be chosen; returns the JSON that it prints last."""
    command = [sys.executable, "-m", module, *arguments]
    if hasattr(os, "sched_setaffinity"):
        command = [sys.executable, "-m", "benchmarks.pinned", *command[2:]]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr[-2_000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def markdown(results: Sequence[Result]) -> str:
    """A Markdown table."""
    rows = [["", "measured", "must", "reach for", ""], ["---"] * 5, *(result.cells() for result in results)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
