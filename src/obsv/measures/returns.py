"""Figures of profits and losses, or of returns, in order of time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from math import fsum, sqrt

from obsv.measures.spread import Numbers, mean, quantile, std


def win_rate(x: Numbers) -> float | None:
    """Return the share of values above zero."""
    return sum(each > 0 for each in x) / len(x) if x else None


def profit_factor(x: Numbers) -> float | None:
    """Return profits divided by losses."""
    losses = -fsum(each for each in x if each < 0)
    return fsum(each for each in x if each > 0) / losses if losses else None


def payoff_ratio(x: Numbers) -> float | None:
    """Return the mean profit divided by the mean loss."""
    win, loss = mean([each for each in x if each > 0]), mean([each for each in x if each < 0])
    return None if win is None or not loss else -win / loss


def kelly(x: Numbers) -> float | None:
    """Return Kelly's share of capital: `p − (1 − p) / b` with the win rate p of non-zero values and payoff ratio b."""
    won, payoff = win_rate([each for each in x if each != 0]), payoff_ratio(x)
    return None if won is None or not payoff else won - (1 - won) / payoff


def sharpe(x: Numbers, periods: float = 1.0) -> float | None:
    """Return mean divided by sample standard deviation, times the root of the periods a year."""
    spread, middle = std(x), mean(x)
    return None if not spread or middle is None else middle / spread * sqrt(periods)


def sortino(x: Numbers, periods: float = 1.0) -> float | None:
    """Return mean divided by the root of the mean squared loss, times the root of the periods a year."""
    middle = mean(x)
    if middle is None:
        return None
    downside = sqrt(fsum(each**2 for each in x if each < 0) / len(x))
    return middle / downside * sqrt(periods) if downside else None


def volatility(x: Numbers, periods: float = 1.0) -> float | None:
    """Return the sample standard deviation times the root of the periods a year."""
    spread = std(x)
    return None if spread is None else spread * sqrt(periods)


def drawdown(x: Numbers) -> float | None:
    """Return the largest fall of the running sum below its earlier maximum, which is at least 0."""
    if not x:
        return None
    peak = worst = 0.0
    for level in accumulate(x):
        peak = max(peak, level)
        worst = max(worst, peak - level)
    return worst


def drawdown_share(x: Numbers) -> float | None:
    """Return the largest fall of compounded returns below their earlier maximum, as a share of it, 0 to 1."""
    return max(_falls(x), default=None)


def ulcer_index(x: Numbers) -> float | None:
    """Return the root of the summed squared falls of compounded returns, divided by n − 1."""
    return sqrt(fsum(each**2 for each in _falls(x)) / (len(x) - 1)) if len(x) > 1 else None


def _falls(x: Numbers) -> Numbers:
    peak = level = 1.0
    found = []
    for each in x:
        level *= 1 + each
        peak = max(peak, level)
        found.append(1 - level / peak)
    return found


def recovery(x: Numbers) -> float | None:
    """Return the total divided by the largest fall of the running sum."""
    fall = drawdown(x)
    return fsum(x) / fall if fall else None


def gain_to_pain(x: Numbers) -> float | None:
    """Return the total divided by losses."""
    losses = -fsum(each for each in x if each < 0)
    return fsum(x) / losses if losses else None


def tail_ratio(x: Numbers) -> float | None:
    """Return the 95th percentile divided by the 5th, without sign."""
    low, high = quantile(x, 0.05), quantile(x, 0.95)
    return None if high is None or not low else abs(high / low)


def value_at_risk(x: Numbers, q: float = 0.05) -> float | None:
    """Return the loss that a share q of the values reach (historical simulation), as a positive number."""
    found = quantile(x, q)
    return None if found is None else -found


def expected_shortfall(x: Numbers, q: float = 0.05) -> float | None:
    """Return the mean loss of the values at or below the q-quantile, as a positive number."""
    limit = quantile(x, q)
    if limit is None:
        return None
    found = mean([each for each in x if each <= limit])
    return None if found is None else -found


def win_streak(x: Numbers) -> float | None:
    """Return the largest number of profits in a row."""
    return _streak(x, lambda each: each > 0)


def loss_streak(x: Numbers) -> float | None:
    """Return the largest number of losses in a row."""
    return _streak(x, lambda each: each < 0)


def _streak(x: Numbers, counts: Callable[[float], bool]) -> float | None:
    if not x:
        return None
    longest = running = 0
    for each in x:
        running = running + 1 if counts(each) else 0
        longest = max(longest, running)
    return float(longest)
