"""Times as people type them on the command line."""

import re
from datetime import datetime, timezone

from obsv.errors import InvalidQuery

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
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise InvalidQuery(
            f"A time is an age (90s, 5m, 1h, 7d) or an instant (2026-01-31 12:00), not {text!r}."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    microseconds = round((moment - datetime.fromtimestamp(0, timezone.utc)).total_seconds() * 1e6)
    return max(0, microseconds * 1_000)
