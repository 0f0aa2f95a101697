"""Values in records: marshal's version 2, validated before loading.

`marshal.loads` allocates as much as a length says: five bytes cost 16 GiB. Therefore bytes from a file are validated
first.
Marshal reads them token by token, and so does the validation: every token has a type that obsv writes and a length
within
the bytes. Then `marshal.loads` meets nothing else, and refuses incomplete values. A regular expression reads nearly all
values in about the time of `marshal.loads` itself; a walk in Python costs ten times that.
"""

import marshal
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from obsv.record.layout import MAX_NESTING

_VERSION = 2

# Texts up to this length are tokens of the regular expression, which compares lengths one after the other (3 ns each).
_SHORT = 64


# A program only writes values, and compiling the expression takes 2 ms.
@lru_cache(maxsize=1)
def _tokens() -> Callable[[bytes, int], "re.Match[bytes] | None"]:
    """Return the expression's `match`, of a thousand tokens at a time: it remembers each (100 bytes) until the end.

    Containers of up to 255 items: marshal's allocation for one before it reads the first item is negligible. Bytes as
    IDs have them: none, 8 or 16.
    """
    texts = b"|".join(re.escape(bytes([size, 0, 0, 0])) + b".{%d}" % size for size in range(_SHORT))
    ids = rb"\0\0\0\0|\x08\0\0\0.{8}|\x10\0\0\0.{16}"
    token = rb"(?:u(?:" + texts + rb")|[NTF.0{]|i.{4}|[(\[].\0\0\0|g.{8}|s(?:" + ids + rb"))"
    return re.compile(token + rb"{0,1000}", re.DOTALL).match


_COMPLEX, _LONG = ord("y"), ord("l")
_TEXTS, _SEQUENCES = frozenset(b"us"), frozenset(b"([")


class BadValues(ValueError):
    """The bytes are not values written by obsv."""


def dumps(value: Any) -> bytes:
    """Return a frozen value as bytes.

    Raises:
        ValueError: it is not a value described in `obsv.capture.frozen`.
    """
    return marshal.dumps(value, _VERSION)


def loads(data: bytes) -> Any:
    """Return the value of arbitrary bytes written by `dumps`.

    Raises:
        BadValues: `dumps` has not written them.
    """
    check(data)
    try:
        return marshal.loads(data)
    except (ValueError, EOFError, TypeError) as error:
        raise BadValues(str(error)) from error


def check(data: bytes) -> None:
    """Check that `marshal.loads` may have the bytes: it will allocate no more than a few times their size.

    Raises:
        BadValues: there is a type that is not ours, a length beyond the end, or too much nesting.
    """
    at, end, tokens = 0, len(data), _tokens()
    while at < end:
        match = tokens(data, at)
        # It matches at least nothing.
        at = match.end() if match is not None and match.end() > at else _after_token(data, at)
    if data.count(b"(") + data.count(b"[") + data.count(b"{") > MAX_NESTING:
        _check_nesting(data)


def _after_token(data: bytes, at: int) -> int:
    """Return the position after one token that the regular expression does not match."""
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
    """Count the levels of validated bytes: each container knows its own end, so they are followed one by one."""
    at = 0
    # Number of values that each open container still needs; -1 for a dict, which waits for its "0".
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
