"""Service levels: objectives, remaining budgets, and burn rates following the SRE workbook.

https://sre.google/workbook/alerting-on-slos/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from obsv.store.watching import Level, LevelBucket

_NS = 1_000_000_000
_BUCKET_S = 300.0


@dataclass(frozen=True, slots=True)
class Slo:
    """A service level objective.

    Attributes:
        name: unique in the file.
        objective: the share of calls that must be good, below 1.
        period_s: the period, in seconds.
        level: which calls count, and which of them are good.
        line: the line in the file where it begins.
    """

    name: str
    objective: float
    period_s: float
    level: Level
    line: int = 0

    @property
    def version(self) -> str:
        """Return the version of the counts: changing the condition restarts them, changing the objective does not."""
        return hashlib.sha256(json.dumps(self.level).encode()).hexdigest()[:12]

    @property
    def cursor(self) -> str:
        """Return the name of the cursor for counted calls."""
        return f"slo {self.version} {self.name}"


class Burn(NamedTuple):
    """A pair of windows that must both burn faster than would spend this share of the budget in the long one.

    Args:
        long_s, short_s: lengths in seconds; the short window ends the alert.
        share: share of the budget.
        urgency: `page` or `ticket`.
    """

    long_s: float
    short_s: float
    share: float
    urgency: str

    def factor(self, period_s: float) -> float:
        """Return the burn rate; 1 spends the budget in exactly the period."""
        return self.share * period_s / self.long_s


# For 30 days the factors are 14.4, 6, 3 and 1. For other periods, the windows stay the same and the factors follow.
BURNS = (
    Burn(3_600, 300, 0.02, "page"),
    Burn(6 * 3_600, 1_800, 0.05, "page"),
    Burn(86_400, 7_200, 0.10, "ticket"),
    Burn(3 * 86_400, 6 * 3_600, 0.10, "ticket"),
)


class Sum(NamedTuple):
    """The calls of a window."""

    good: int
    total: int

    @property
    def bad(self) -> int:
        """Return the number of calls that were not good."""
        return self.total - self.good


def summed(buckets: Sequence[LevelBucket], window_s: float, now_ns: int) -> Sum:
    """Return the calls of a window up to now; whole buckets, so up to five minutes more."""
    first = int((now_ns / _NS - window_s) // _BUCKET_S)
    found = [each for each in buckets if first <= each.bucket <= now_ns / _NS / _BUCKET_S]
    return Sum(sum(each.good for each in found), sum(each.total for each in found))


def burn_rate(calls: Sum, objective: float) -> float:
    """Return the burn rate: how many times faster than allowed the budget is spent; 0 without calls."""
    return calls.bad / calls.total / (1 - objective) if calls.total else 0.0


def budget_left(calls: Sum, objective: float) -> float:
    """Return the remaining share of the budget: 1 for all, negative if overspent."""
    return 1 - burn_rate(calls, objective)


def budget_text(calls: Sum, objective: float) -> str:
    """Return how much of a budget is left, as people say it."""
    left = budget_left(calls, objective)
    return f"{100 * left:.3g} % left" if left > 0 else f"spent {1 - left:.3g} times"


class Point(NamedTuple):
    """A part of a period.

    Args:
        end_ns: its end, Unix time.
        left: share of the budget that was left then, if the period's calls spread as they did.
        rate: burn rate within it; None without calls.
    """

    end_ns: int
    left: float
    rate: float | None


def curve(buckets: Sequence[LevelBucket], slo: Slo, now_ns: int, most: int = 180) -> list[Point]:
    """Return how the budget was spent over the period up to now, in at most `most` parts of equal length.

    The first point is their beginning; parts before the first counted call are left out.
    """
    last = int(now_ns / _NS / _BUCKET_S)
    first = max(int((now_ns / _NS - slo.period_s) // _BUCKET_S), min((each.bucket for each in buckets), default=last))
    step = max(1, -(-(last - first + 1) // most))
    parts = [Sum(0, 0)] * ((last - first) // step + 1)
    for each in buckets:
        if first <= each.bucket <= last:
            at = (each.bucket - first) // step
            parts[at] = Sum(parts[at].good + each.good, parts[at].total + each.total)
    allowed = sum(each.total for each in parts) * (1 - slo.objective)
    found, bad = [Point(int(first * _BUCKET_S * _NS), 1.0, None)], 0
    for at, part in enumerate(parts):
        bad += part.bad
        end_ns = min(now_ns, int((first + (at + 1) * step) * _BUCKET_S * _NS))
        rate = burn_rate(part, slo.objective) if part.total else None
        found.append(Point(end_ns, 1 - bad / allowed if allowed else 1.0, rate))
    return found


def burns_of(period_s: float) -> list[Burn]:
    """Return the windows that are shorter than a period."""
    return [each for each in BURNS if each.long_s < period_s and each.factor(period_s) >= 1 - 1e-9]
