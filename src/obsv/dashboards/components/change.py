"""By how much a number changed, and whether that says anything."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

# Changes below this are noise and get no colour, however many calls there are.
NOTABLE = 0.05
# Of n calls a mean, a count or a percentile varies by about 1/sqrt(n) by itself: three times that is no accident.
SIGMAS = 3.0


class Change(NamedTuple):
    """`text`: like `+12 %`; `good`: whether it is for the better, None when it is neither or could be an accident."""

    text: str
    good: bool | None


def change(
    now: float | None, before: float | None, *, less_is_better: bool | None, calls: tuple[float, float]
) -> Change | None:
    """Compare a number with the same number of another time.

    Args:
        now: the number.
        before: what it is held against; None or 0 tell nothing, and neither does a number that is not there.
        less_is_better: None when neither is.
        calls: how many calls, or errors, stand behind each of the two.
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
    """The smallest change that is no accident, as a share."""
    fewest = min(now, before)
    return max(NOTABLE, SIGMAS / sqrt(fewest)) if fewest > 0 else float("inf")
