"""Values in records: marshal's version 2, checked before it is believed.

`marshal.loads` allocates what a length says: five bytes cost 16 GiB. So bytes from a file are looked at first. Marshal
reads them token by token, and so does the check: every token has a type that obsv writes and a length that lies within
the bytes. Then `marshal.loads` meets nothing else, and refuses what is not complete. A regular expression reads what
nearly all values are made of at about the price of `marshal.loads` itself; a walk in Python costs ten times that.
"""

import marshal
import re
from typing import Any

from obsv.record.layout import MAX_NESTING

_VERSION = 2

# Texts up to here are tokens of the regular expression, which compares lengths one after the other (3 ns each).
_SHORT = 64
# A thousand at a time: the expression remembers each (100 bytes) until it is through.
_texts = b"|".join(re.escape(bytes([size, 0, 0, 0])) + b".{%d}" % size for size in range(_SHORT))
# Containers of up to 255 items: what marshal allocates for one before it looks at the first is nothing to speak of.
_tokens = re.compile(rb"(?:u(?:" + _texts + rb")|[NTF.0{]|i.{4}|[(\[].\0\0\0|g.{8}){0,1000}", re.DOTALL).match

_COMPLEX, _LONG = ord("y"), ord("l")
_TEXTS, _SEQUENCES = frozenset(b"us"), frozenset(b"([")


class BadValues(ValueError):
    """The bytes are no values that obsv has written."""


def dumps(value: Any) -> bytes:
    """A frozen value as bytes.

    Raises:
        ValueError: it is none that `obsv.capture.frozen` describes.
    """
    return marshal.dumps(value, _VERSION)


def loads(data: bytes) -> Any:
    """The value of `dumps`, whatever the bytes are.

    Raises:
        BadValues: no `dumps` has written them.
    """
    check(data)
    try:
        return marshal.loads(data)
    except (ValueError, EOFError, TypeError) as error:
        raise BadValues(str(error)) from error


def check(data: bytes) -> None:
    """See that `marshal.loads` may have the bytes: it will allocate no more than a few times their size.

    Raises:
        BadValues: there is a type that is not ours, a length beyond the end, or too much nesting.
    """
    at, end = 0, len(data)
    while at < end:
        match = _tokens(data, at)
        # It matches nothing, at least.
        at = match.end() if match is not None and match.end() > at else _after_token(data, at)
    if data.count(b"(") + data.count(b"[") + data.count(b"{") > MAX_NESTING:
        _check_nesting(data)


def _after_token(data: bytes, at: int) -> int:
    """The place behind one token that is none of the regular expression's."""
    code, room = data[at], len(data) - at
    if code == _COMPLEX:
        size = 17
    else:
        count = int.from_bytes(data[at + 1 : at + 5], "little", signed=True)
        if code == _LONG:
            size = 5 + 2 * abs(count)
        elif count < 0 or (code not in _TEXTS and code not in _SEQUENCES):
            raise BadValues(f"no value of ours at {at}")
        else:
            size = 5 + count
    if size > room:
        raise BadValues(f"{size:,} bytes at {at} of {len(data):,}")
    return at + 5 if code in _SEQUENCES else at + size


def _check_nesting(data: bytes) -> None:
    """Count the levels of checked bytes: each container ends its own, so they are followed one by one."""
    at = 0
    # How many values each open container still waits for; -1 for a dict, which waits for its "0".
    waiting = [1]
    while waiting and at < len(data):
        code = data[at]
        if waiting[-1] > 0:
            waiting[-1] -= 1
        if code == _DICT:
            waiting.append(-1)
        elif code == _NULL:
            waiting.pop()
        elif code in _SEQUENCES:
            waiting.append(int.from_bytes(data[at + 1 : at + 5], "little"))
        if len(waiting) > MAX_NESTING:
            raise BadValues("values nested too deeply")
        at = at + _FIXED[code] if code in _FIXED else _after_token(data, at)
        while waiting and waiting[-1] == 0:
            waiting.pop()


_NULL, _DICT = ord("0"), ord("{")
_FIXED = dict.fromkeys(b"NTF.0{", 1) | {ord("i"): 5, ord("g"): 9}
