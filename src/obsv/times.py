"""Unix time in nanoseconds and its text formats: one rule everywhere.

The store keeps a point in time in 64 bits, so it covers 1970-01-01 to 2262-04-11T23:47:16.854775807Z. Times outside
this range become the nearest end.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from obsv.errors import InvalidQuery

NS = 1_000_000_000
MAX_NS = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Python's parser accepts six digits of a second and, from 3.11 on, more forms of the rest.
_FRACTION = re.compile(r"(.*\d\d:\d\d:\d\d)[.,](\d+)(.*)", re.ASCII)


def clamp_ns(ns: int) -> int:
    """Return the nearest Unix time in ns that the store can represent."""
    return min(max(ns, 0), MAX_NS)


def ts(ns: int) -> str:
    """Format Unix time in ns as the store's `ts`: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC; sorts as text."""
    ns = clamp_ns(ns)
    return f"{_EPOCH + timedelta(seconds=ns // NS):%Y-%m-%d %H:%M:%S}.{ns // 1_000 % 1_000_000:06d}"


def iso(ns: int) -> str:
    """Format Unix time in ns as ISO 8601 in UTC with microseconds."""
    return ts(ns).replace(" ", "T") + "Z"


def iso_ns(text: str) -> int:
    """Return the Unix time in ns of ISO 8601 text, in UTC if it has no offset; a space may replace the T.

    Raises:
        ValueError: the text is not in this format.
    """
    found = _FRACTION.fullmatch(text)
    whole, digits = (found[1] + found[3], found[2]) if found else (text, "")
    moment = datetime.fromisoformat(f"{whole[:-1]}+00:00" if whole.endswith(("Z", "z")) else whole)
    since = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)) - _EPOCH
    return clamp_ns(since // timedelta(microseconds=1) * 1_000 + int(digits[:9].ljust(9, "0")))


def instant_ns(text: str) -> int:
    """Return the Unix time in ns of ISO 8601 text (UTC if it has no offset) or of a number in ns.

    Raises:
        InvalidQuery: the text is neither.
    """
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return clamp_ns(int(text[:30]))
    try:
        return iso_ns(text)
    except ValueError:
        raise InvalidQuery(f"Cannot parse the time {text!r}: write it as 2026-01-31T12:00:00Z.") from None
