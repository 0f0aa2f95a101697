"""The change of a number, and whether it is significant."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

# Smaller changes are noise and get no colour, however many calls there are.
NOTABLE = 0.05
# For n calls, a mean, a count or a percentile varies by about 1/sqrt(n) by chance: three times that is significant.
SIGMAS = 3.0


class Change(NamedTuple):
    """`text`: such as `+12 %`; `good`: whether it is an improvement, None if neutral or not significant."""

    text: str
    good: bool | None


def change(
    now: float | None, before: float | None, *, less_is_better: bool | None, calls: tuple[float, float]
) -> Change | None:
    """Compare a number with the same number in another period.

    Args:
        now: the number.
        before: the number to compare with; None and 0 give no result, nor does a missing `now`.
        less_is_better: None if neither is.
        calls: number of calls, or errors, behind each of the two.
    """
    if not now or not before:
        return None
    ratio = now / before - 1
    text = f"{ratio * 100:+.0f} %" if abs(ratio) < 10 else f"×{now / before:.0f}"
    text = "0 %" if text in ("+0 %", "-0 %") else text
    if less_is_better is None or abs(ratio) < least(*calls):
        return Change(text, None)
    return Change(text, (ratio < 0) == less_is_better)


def least(now: float, before: float) -> float:
    """Return the smallest significant change, as a share."""
    fewest = min(now, before)
    return max(NOTABLE, SIGMAS / sqrt(fewest)) if fewest > 0 else float("inf")
