"""Durations in Go's format: `1.2s`, `500us`, `1h30m`."""

from __future__ import annotations

import re
from decimal import Decimal

from obsv.errors import InvalidQuery

UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, micro sign
    "μs": 1_000,  # U+03BC, Greek mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_UNIT = "|".join(sorted(UNITS_NS, key=len, reverse=True))
_PART = re.compile(rf"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)({_UNIT})")
_WHOLE = re.compile(rf"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:{_UNIT}))+")
_LONGEST = 100
_LIMIT = 2**63


def parse_duration(text: str) -> int:
    """Parse a Go duration to nanoseconds.

    Args:
        text: in the format of Go's `time.ParseDuration`: a sign, then numbers with units h, m, s, ms, us, ns; or `0`.

    Returns:
        Nanoseconds, rounded down.

    Raises:
        InvalidQuery: the text is not a duration, or longer than 292 years.
    """
    if text in ("0", "+0", "-0"):
        return 0
    if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
        raise InvalidQuery(f"{text[:_LONGEST]!r} is not a duration: write for example 1.5s, 200ms or 1h30m")
    nanoseconds = int(sum(Decimal(number) * UNITS_NS[unit] for number, unit in _PART.findall(text)))
    if nanoseconds >= _LIMIT:
        raise InvalidQuery(f"the duration {text!r} is longer than 292 years")
    return -nanoseconds if text.startswith("-") else nanoseconds
