"""Calls and failed calls over time that satisfy the explorer's filters."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.finding.asked import FAILED, Asked
from obsv.store.finding.conditions import All, conjuncts
from obsv.store.finding.filters import Filters
from obsv.store.finding.series import Series, Wanted, count_series
from obsv.store.ground import MINUTE_NS, Range, Window
from obsv.times import NS

# Bars of a chart are told apart down to about this width.
SLOTS = 120
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 604_800)
# Rows are counted at about a million per second: a chart may take a fifth of one.
MOST_ROWS = 200_000


class CallSeries(NamedTuple):
    """Calls and failed calls, by slots of `step_ns` from `start_ns` on; both lists are empty if they were not counted.

    `reason`: why they were not; None if they were.
    """

    start_ns: int
    step_ns: int
    calls: list[int]
    errors: list[int]
    reason: str | None = None


def call_series(reader: Readable, filters: Filters, window: Window) -> CallSeries:
    """Count the calls that satisfy filters, in up to `SLOTS` slots.

    Conditions that only the rows can answer are counted while the calls in question are few.

    Raises:
        QueryTimeout: the query exceeded its time limit.
    """
    step_ns = _step(window) * NS
    start_ns = window.start_ns // step_ns * step_ns
    count = max(1, -(-(window.range.last_ns + 1 - start_ns) // step_ns))
    within = Range(start_ns, start_ns + count * step_ns - 1)
    parts = tuple(conjuncts(filters.condition))
    with reader.snapshot() as snapshot:
        asked = Asked(snapshot, All(parts))
        by_rows = asked.costly or asked.limits_duration or step_ns % MINUTE_NS
        is_long = by_rows and not asked.reach.is_empty and asked.reach.load(within).mine > MOST_ROWS
        if is_long and asked.few_in_blocks is None:
            return CallSeries(start_ns, step_ns, [], [], "Too many calls to count: choose a function or a shorter time")
        calls, errors = (
            _counted(count_series(snapshot, Wanted(All(wanted), (), within, step_ns)), count)
            for wanted in (parts, (*parts, *(() if FAILED in parts else (FAILED,))))
        )
    return CallSeries(start_ns, step_ns, calls, errors)


def _counted(found: list[Series], count: int) -> list[int]:
    slots = found[0].slots if found else {}
    return [sum(slots.get(at, {}).values()) for at in range(count)]


def _step(window: Window) -> int:
    least = window.seconds / SLOTS
    fine = next((step for step in _STEPS_S if step >= least), _STEPS_S[-1])
    # From an hour on whole minutes, which the rollups have.
    return max(fine, 60) if window.seconds >= 3_600 else fine
