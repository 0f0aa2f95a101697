"""The contents of a snapshot: only immutable data that `marshal` can write.

An atom (int, float, complex, bool, None, str, bytes, all limited in size) and a limited copy of a dict, list or tuple
represent themselves. Everything else is a mark, a tuple that begins with Ellipsis. Ellipsis occurs nowhere else, except
as the value of a dict key that is displayed alone ("+3 more"), so no user value can be mistaken for a mark.

    (..., text)                    text, displayed unchanged
    (..., CUT, head, length)       the head of a str or bytes with that length
    (..., AT, name, address)       <name at 0x…>
    (..., FIELDS, name, {…})       name(field=value, …)
    (..., CALL, name, […])         name(value, …)
    (..., SET, name, […])          {value, …}, or name({value, …})
    (..., JSON, frozen)            the value as JSON text
    (..., NOTE, frozen, note)      the value, and a note about it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from obsv.capture.limits import Limits
from obsv.capture.secrets.mask import MASK
from obsv.capture.secrets.redact import Redactor

Frozen: TypeAlias = Any

CUT, AT, FIELDS, CALL, SET, JSON, NOTE = range(7)

MASKED: Frozen = (..., MASK)
UNREADABLE: Frozen = (..., "<unreadable>")

# Below 309 digits; writing an int takes quadratic time, and the interpreter refuses more than 4,300 digits.
INT_BITS = 1_024

# Average space of an item and its separator, or a key and its value, besides a value's text.
ITEM_ROOM = 8
PAIR_ROOM = 16
# Space of "…' (5,000 characters)".
LENGTH_ROOM = 24

# (value, levels of containers still shown, [characters still available]) -> Frozen
Freezer: TypeAlias = Callable[[Any, int, list[int]], Frozen]


class Tools(NamedTuple):
    """The context of a freezer: the limits, the secrets, and the freezer of any value."""

    limits: Limits
    redactor: Redactor
    freeze: Freezer


def more(count: int) -> Frozen:
    """Return the mark for items that are not shown."""
    return (..., f"+{count:,} more")


def bounded_text(text: str, max_repr: int) -> Frozen:
    """Return the mark for a text, cut if it is too long."""
    if len(text) <= max_repr:
        return (..., text)
    return (..., f"{text[:max_repr]}… ({len(text):,} characters)")


def at_freezer(name: str) -> Freezer:
    """Return the freezer of an object of unknown content: `<Portfolio at 0x…>`."""
    return lambda value, depth, room: (..., AT, name, id(value))
