"""Unix time in nanoseconds and the texts that stand for it: one rule everywhere.

The store keeps an instant as 64 bits, so it knows those from 1970-01-01 to 2262-04-11T23:47:16.854775807Z. What lies
outside becomes the nearer end.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from obsv.errors import InvalidQuery

NS = 1_000_000_000
MAX_NS = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Python's parser knows six digits of a second, and from 3.11 on more forms of the rest.
_FRACTION = re.compile(r"(.*\d\d:\d\d:\d\d)[.,](\d+)(.*)", re.ASCII)


def clamp_ns(ns: int) -> int:
    """The nearest Unix time that the store knows, in ns."""
    return min(max(ns, 0), MAX_NS)


def ts(ns: int) -> str:
    """Unix time in ns as the store writes `ts`: `YYYY-MM-DD HH:MM:SS.ffffff`, UTC; sorts as text."""
    ns = clamp_ns(ns)
    return f"{_EPOCH + timedelta(seconds=ns // NS):%Y-%m-%d %H:%M:%S}.{ns // 1_000 % 1_000_000:06d}"


def iso(ns: int) -> str:
    """Unix time in ns as ISO 8601 in UTC with microseconds."""
    return ts(ns).replace(" ", "T") + "Z"


def iso_ns(text: str) -> int:
    """Unix time in ns of ISO 8601 text, UTC where no offset is given; a space may stand for the T.

    Raises:
        ValueError: it is no such text.
    """
    found = _FRACTION.fullmatch(text)
    whole, digits = (found[1] + found[3], found[2]) if found else (text, "")
    moment = datetime.fromisoformat(f"{whole[:-1]}+00:00" if whole.endswith(("Z", "z")) else whole)
    since = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)) - _EPOCH
    return clamp_ns(since // timedelta(microseconds=1) * 1_000 + int(digits[:9].ljust(9, "0")))


def instant_ns(text: str) -> int:
    """Unix time in ns of ISO 8601 text (UTC where no offset is given) or of a number in ns.

    Raises:
        InvalidQuery: it is neither.
    """
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return clamp_ns(int(text[:30]))
    try:
        return iso_ns(text)
    except ValueError:
        raise InvalidQuery(f"Cannot read the time {text!r}: write it like 2026-01-31T12:00:00Z.") from None
