"""Parse times as people type them: an age, or a point in time."""

from obsv.errors import InvalidQuery
from obsv.quantities import duration
from obsv.times import NS, iso_ns

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def since(text: str, now_ns: int) -> int:
    """Parse a point in time.

    Args:
        text: an age such as `90s`, `1h30m` or `7 days`, or a time in ISO 8601 (UTC if no offset is given).
        now_ns: Unix time.

    Returns:
        Unix time in nanoseconds.

    Raises:
        InvalidQuery: it is neither.
    """
    age_s = duration(text)
    if age_s is not None:
        return max(0, now_ns - int(age_s * NS))
    try:
        return iso_ns(text.strip())
    except ValueError:
        raise InvalidQuery(
            f"A time must be an age (90s, 5m, 1h, 7d) or a point in time (2026-01-31 12:00), not {text!r}."
        ) from None
