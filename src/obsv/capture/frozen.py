"""What a snapshot is made of: only what `marshal` can write, and nothing of it can change.

An atom (int, float, complex, bool, None, str, bytes, all bounded) and a bounded copy of a dict, list or tuple stand for
themselves. Everything else is a mark, a tuple that begins with Ellipsis. Ellipsis stands nowhere else, but as the value
of a dict key that is shown alone ("+3 more"), so no value of a user can be taken for a mark.

    (..., text)                    text, shown as it is
    (..., CUT, head, length)       the head of a str or bytes of that length
    (..., AT, name, address)       <name at 0x…>
    (..., FIELDS, name, {…})       name(field=value, …)
    (..., CALL, name, […])         name(value, …)
    (..., SET, name, […])          {value, …}, or name({value, …})
    (..., JSON, frozen)            the value as JSON text
    (..., NOTE, frozen, note)      the value, and a remark on it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from obsv.capture.limits import Limits
from obsv.capture.mask import MASK
from obsv.capture.redact import Redactor

Frozen: TypeAlias = Any

CUT, AT, FIELDS, CALL, SET, JSON, NOTE = range(7)

MASKED: Frozen = (..., MASK)
UNREADABLE: Frozen = (..., "<unreadable>")

# Below 309 digits; writing an int takes quadratic time, and the interpreter refuses more than 4,300 digits.
INT_BITS = 1_024

# What an item and its separator, or a key and its value, take of the room on average, beside a value's text.
ITEM_ROOM = 8
PAIR_ROOM = 16
# What "…' (5,000 characters)" takes.
LENGTH_ROOM = 24

# (value, levels of containers still shown, [characters still to be shown]) -> Frozen
Freezer: TypeAlias = Callable[[Any, int, list[int]], Frozen]


class Tools(NamedTuple):
    """What a freezer of one kind of value needs: the bounds, the secrets, and the freezer of any value."""

    limits: Limits
    redactor: Redactor
    freeze: Freezer


def more(count: int) -> Frozen:
    """The mark that stands for items not shown."""
    return (..., f"+{count:,} more")


def bounded_text(text: str, max_repr: int) -> Frozen:
    """The mark for a text that is cut where it is too long."""
    if len(text) <= max_repr:
        return (..., text)
    return (..., f"{text[:max_repr]}… ({len(text):,} characters)")


def at_freezer(name: str) -> Freezer:
    """The freezer of an object of which nothing more is known: `<Portfolio at 0x…>`."""
    return lambda value, depth, room: (..., AT, name, id(value))
