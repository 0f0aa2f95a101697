"""The wider snapshots of failing calls, and which snapshots leave something out."""

from __future__ import annotations

from obsv.capture.frozen import FIELDS, MASKED, Frozen
from obsv.capture.limits import Limits

EXACT = Limits(max_repr=20_000, max_items=1_000, max_depth=8, is_exact=True)
"""Limits of the inputs of a failing call, together: a test is made of them."""

_ATOMS = frozenset((int, float, complex, bool, str, bytes, type(None)))


def tells_all(frozen: Frozen) -> bool:
    """Return whether a value can be made again from its snapshot: nothing was cut, and no text stands for it."""
    kind = type(frozen)
    if kind in _ATOMS:
        return True
    if kind is dict:
        return all(item is not ... and tells_all(item) for item in frozen.values())
    if kind is tuple and frozen and frozen[0] is ...:
        return frozen == MASKED or (frozen[1] == FIELDS and tells_all(frozen[3]))
    return all(map(tells_all, frozen))
