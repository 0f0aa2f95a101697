"""What a snapshot is made of: only what `marshal` can write, and nothing of it can change.

An atom (int, float, complex, bool, None, str, bytes, all bounded) and a bounded copy of a dict, list or tuple stand for
themselves. Everything else is a mark, a tuple that begins with Ellipsis. A snapshot never holds a bare Ellipsis
elsewhere, but as the value of a dict key that stands alone, so a user's own tuple cannot be taken for a mark.

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

from typing import Any, TypeAlias

Frozen: TypeAlias = Any

CUT, AT, FIELDS, CALL, SET, JSON, NOTE = range(7)

MASK = "***"
MASKED: Frozen = (..., MASK)

# A type whose values are kept as they are, whatever they hold. int, str and bytes are kept too, but only below a bound.
ATOMS: frozenset[type] = frozenset({float, bool, complex, type(None)})

# Below 309 digits; the interpreter refuses to write an int of more than 4,300, and takes quadratic time on the way.
INT_BITS = 1_024


def more(count: int) -> Frozen:
    """The mark that stands for items not shown."""
    return (..., f"+{count:,} more")


def described_at(name: str, value: object) -> Frozen:
    """The mark for an object of which only type and address are shown."""
    return (..., AT, name, id(value))
