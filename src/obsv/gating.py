"""Comparison of an observed value with a threshold: whether it holds, and by how much."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

# Of integers, beyond which a float no longer has room for them.
_MOST = 1 << 1000

# The recorder's clock follows the wall clock within a millisecond: two readings of now differ by as much.
LEAK_NS = 2_000_000

Margin = tuple[float | None, float | None]


def _is_in(observed: Any, threshold: Any) -> bool:
    return observed in threshold


def _is_not_in(observed: Any, threshold: Any) -> bool:
    return observed not in threshold


def _is_between(observed: Any, threshold: Any) -> bool:
    low, high = threshold
    return bool(low <= observed <= high)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
    "in": _is_in,
    "not in": _is_not_in,
    "between": _is_between,
}
"""By the texts that a gate is written with; `between` takes `[low, high]`, both included."""


def holds(observed: Any, op: str, threshold: Any) -> bool:
    """Return whether the comparison holds; one that cannot be made does not: a gate fails closed."""
    try:
        return bool(OPERATORS[op](observed, threshold))
    except Exception:
        return False


def margin_of(observed: Any, op: str, threshold: Any) -> Margin:
    """Return the distance to the threshold, and the same as a share of it; positive where the comparison holds.

    Returns:
        None for what is no number or not finite, and for a share of zero.
    """
    if op == "between":
        return _between(observed, threshold)
    if not (_is_number(observed) and _is_number(threshold)):
        return None, None
    if op in ("<=", "<"):
        distance = threshold - observed
    elif op in (">=", ">"):
        distance = observed - threshold
    elif op in ("==", "!="):
        distance = abs(observed - threshold) * (-1 if op == "==" else 1)
    else:
        return None, None
    return _with_share(distance, threshold)


def _between(observed: Any, threshold: Any) -> Margin:
    if not (isinstance(threshold, (list, tuple)) and len(threshold) == 2 and all(map(_is_number, threshold))):
        return None, None
    if not _is_number(observed):
        return None, None
    low, high = threshold
    return _with_share(min(observed - low, high - observed), high - low)


def _with_share(distance: float, whole: float) -> Margin:
    try:
        far = float(distance)
        share = far / abs(whole) if whole else None
    except OverflowError:
        return None, None
    if not math.isfinite(far):
        return None, None
    return far, share if share is not None and math.isfinite(share) else None


def _is_number(value: Any) -> bool:
    return (isinstance(value, float) and math.isfinite(value)) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST
    )


def late_inputs(decision_ns: int, inputs: Iterable[tuple[str, int | None]]) -> list[str]:
    """Return which inputs were not known yet when the decision was made: a leak of the future.

    Args:
        decision_ns: decision time, Unix time.
        inputs: names, and the times as of which their values held, where known; later by more than two milliseconds,
            they came after it.
    """
    latest = decision_ns + LEAK_NS
    return [f"input {name}: as_of is after decision_time" for name, as_of in inputs if as_of and as_of > latest]
