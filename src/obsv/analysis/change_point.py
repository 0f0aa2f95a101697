"""The instant that people mean when they ask what changed since something."""

from __future__ import annotations

from obsv.errors import InvalidQuery
from obsv.since import since as point
from obsv.store.figures import Milestone
from obsv.store.ground import HOUR_NS, Window
from obsv.store.seam import Store
from obsv.times import MAX_NS, instant_ns

# Of what was before, so much at least and at most.
_LEAST_NS, _MOST_NS = HOUR_NS, 6 * HOUR_NS


def instant_of(reader: Store, text: str | None, now_ns: int) -> int:
    """Unix time of a deployment or version by its name, or of a time as people write it.

    Args:
        reader: of the store.
        text: `1.4.2`, `30m`, `2026-01-01T12:00:00Z`; None for the latest deployment or version, or an hour ago.
        now_ns: Unix time.

    Raises:
        InvalidQuery: it is none of these.
    """
    known = reader.read_milestones(Window(0, MAX_NS), 1_000)
    if text is None:
        return known[-1].at_ns if known else now_ns - HOUR_NS
    named = [each.at_ns for each in known if each.name == text]
    if named:
        return named[-1]
    try:
        return instant_ns(text) if text.isdecimal() else point(text, now_ns)
    except InvalidQuery as error:
        raise InvalidQuery(
            f"{text!r} is neither a deployment or version that this store saw ({_named(known)}) nor a time: {error}"
        ) from error


def _named(known: list[Milestone]) -> str:
    names = list(dict.fromkeys(each.name for each in reversed(known)))
    return ", ".join(names[:5]) or "none so far"


def sides(since_ns: int, until_ns: int) -> tuple[Window, Window]:
    """Return the compared periods: after a point in time, and as long before it, one hour to six."""
    length = min(_MOST_NS, max(_LEAST_NS, until_ns - since_ns))
    return Window(since_ns - length, since_ns), Window(since_ns, max(until_ns, since_ns + 1))
