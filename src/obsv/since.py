"""Times as people type them: an age, or an instant."""

import re

from obsv.errors import InvalidQuery
from obsv.times import iso_ns

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def since(text: str, now_ns: int) -> int:
    """A point in time.

    Args:
        text: an age such as `90s`, `1h` or `7d`, or an instant in ISO 8601 (UTC where no offset is given).
        now_ns: Unix time.

    Returns:
        Unix time in nanoseconds.

    Raises:
        InvalidQuery: it is neither.
    """
    if age := _AGE.fullmatch(text.strip()):
        return max(0, now_ns - int(float(age[1]) * SECONDS[age[2]] * 1e9))
    try:
        return iso_ns(text.strip())
    except ValueError:
        raise InvalidQuery(
            f"A time is an age (90s, 5m, 1h, 7d) or an instant (2026-01-31 12:00), not {text!r}."
        ) from None
