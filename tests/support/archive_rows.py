"""Calls for an archive, an hour after the other."""

from __future__ import annotations

from calls import EPOCH_NS, call, traceback

from obsv.store import Code, SpanRow

HOUR_NS = 3_600 * 10**9
# The first hour of the calls begins here.
BEGIN_NS = EPOCH_NS // HOUR_NS * HOUR_NS
CODE = Code("/srv/shop/orders.py", 3, "def place(order): ...\n")


def row(number: int, minute: float, begin_ns: int = BEGIN_NS) -> SpanRow:
    """A call in a minute since an hour's beginning; every tenth failed."""
    return call(
        number,
        number // 2 or None,
        trace=f"{number % 7 + 1:032x}",
        at=begin_ns,
        start=minute * 60_000,
        inputs={"order": str(number), "who": "'Zoë'"},
        outputs={"return": "None"},
        code=CODE,
        error=traceback("ValueError", f"no {number}") if number % 10 == 0 else None,
        detail={"events": []} if number % 3 == 0 else None,
    )
