"""Times as they are given to decisions: with a time zone, or they are told to have none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_US = timedelta(microseconds=1)


def ns_of(name: str, given: Any, violations: list[str]) -> int | None:
    """Return Unix time in nanoseconds; None for none, and for one that says nothing, which is added to `violations`.

    Args:
        name: of the time, for the message.
        given: a datetime with a time zone.
    """
    if given is None:
        return None
    # By type: asking a value for its class runs its code.
    if not issubclass(type(given), datetime):
        violations.append(f"{name} is not a datetime but {type(given).__name__}")
        return None
    try:
        # A zone can be there and not know its offset.
        if given.utcoffset() is not None:
            ns: int = (given - _EPOCH) // _US * 1_000
            return ns
        violations.append(f"{name} has no time zone")
    except Exception as error:
        violations.append(f"{name} cannot be read: {type(error).__name__}")
    return None
