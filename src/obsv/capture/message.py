"""An exception's message, limited in length; user code runs only if its class has its own `__str__` that is fast."""

from __future__ import annotations

import datetime
import sys
import uuid
from typing import Any

from obsv.capture.frozen import AT, Frozen
from obsv.capture.interrupts import is_from_signal
from obsv.capture.names import class_name
from obsv.capture.patience import Patience
from obsv.capture.render import render
from obsv.capture.snapshot import snapshot

MAX_MESSAGE = 10_000
_MAX_ARGUMENT = 1_000
_MAX_ARGUMENTS = 20
# The zone of a time may belong to a class with its own `__repr__`.
_ZONES = (type(None), datetime.timezone)
# Exceptions as arguments of exceptions, as in `RuntimeError(error)`.
_MAX_DEPTH = 3

_args_of: Any = BaseException.__dict__["args"].__get__
_plain_text = BaseException.__str__
_key_text = KeyError.__str__
_own_texts = frozenset(
    id(kind.__str__) for kind in (OSError, ImportError, SyntaxError, UnicodeEncodeError, UnicodeDecodeError)
)
_patience = Patience()
# Their `repr()` is code of the standard library only, and is more detailed than the text in a value's row.
_LIBRARY = (datetime.date, datetime.timedelta, uuid.UUID)


def message_of(error: BaseException, most: int = MAX_MESSAGE) -> str:
    """Return the `str()` of an exception, at most about `most` characters.

    Raises:
        BaseException: an exception that a signal handler of the program raised meanwhile.
    """
    text_of = type(error).__str__
    if text_of is _plain_text:
        args = _args_of(error)
        if len(args) == 1 and type(args[0]) is str:
            text: str = args[0]
            return text if len(text) <= most else cut_middle(text, most)
    return _message(error, most, _MAX_DEPTH)


def cut_middle(text: str, most: int) -> str:
    """Return the beginning and the end of a text that is too long, with the number of characters left out.

    The end starts with a word, because half a secret is not recognized.
    """
    if len(text) <= most:
        return text
    half = most // 2
    head, tail = text[:half], text[-half:]
    parts = tail.split(None, 1)
    tail = parts[1] if len(parts) == 2 else ""
    return f"{head}\n… {len(text) - len(head) - len(tail):,} characters left out …\n{tail}"


def _message(error: BaseException, most: int, depth: int) -> str:
    text_of = type(error).__str__
    args: tuple[Any, ...] = _args_of(error)
    if text_of is _plain_text:
        if not args:
            return ""
        if len(args) == 1:
            return _argument(error, args[0], most, depth)
        return _list_of(args)
    if text_of is _key_text and len(args) == 1:
        return _shown(args[0])
    if id(text_of) in _own_texts and any(type(arg) is str and len(arg) > most for arg in args):
        return _list_of(args)
    return _said(error, most, text_of)


def _argument(error: BaseException, arg: Any, most: int, depth: int) -> str:
    """Return the `str()` of the only argument."""
    kind = type(arg)
    if kind is str:
        return cut_middle(arg, most)
    if issubclass(kind, str) and kind.__str__ is str.__str__:
        head: str = str.__getitem__(arg, slice(0, None))
        return cut_middle(head, most)
    if issubclass(kind, BaseException):
        return _message(arg, most, depth - 1) if depth else class_name(kind)
    frozen = snapshot(arg)
    if _is_unknown(frozen) or issubclass(kind, str):
        # For an object of unknown class, only its own text says more than its type.
        return _said(error, most, kind)
    return _text(frozen)


def _is_unknown(frozen: Frozen) -> bool:
    return type(frozen) is tuple and len(frozen) == 4 and frozen[0] is ... and frozen[1] == AT


def _list_of(args: tuple[Any, ...]) -> str:
    shown = [_shown(arg) for arg in args[:_MAX_ARGUMENTS]]
    if len(args) > len(shown):
        shown.append(f"+{len(args) - len(shown):,} more")
    return f"({', '.join(shown)}{',' if len(args) == 1 else ''})"


def _shown(arg: Any) -> str:
    """Return the `repr()` of an argument, limited in length."""
    kind = type(arg)
    if (
        _is_one_of(kind, _LIBRARY)
        or (kind is datetime.datetime and _is_one_of(type(arg.tzinfo), _ZONES))
        or kind is getattr(sys.modules.get("decimal"), "Decimal", None)  # takes a millisecond to load
    ):
        return cut_middle(repr(arg), _MAX_ARGUMENT)
    return _text(snapshot(arg))


def _is_one_of(kind: type, kinds: tuple[type, ...]) -> bool:
    # By identity: `in` compares, and comparing classes may run their metaclass's code.
    return any(kind is each for each in kinds)


def _text(frozen: Frozen) -> str:
    return render(frozen, _MAX_ARGUMENT)


def _said(error: BaseException, most: int, method: Any) -> str:
    """Return the result of `str()`, which runs a method of the program, unless that is slow."""
    took = _patience.is_over(method)
    if took:
        shown = _list_of(_args_of(error))
        return f"{shown} (instead of its own text, which took {took // 1_000_000:,} ms to make)"
    try:
        text = _patience.run(method, lambda: str(error))
        return cut_middle(str.__getitem__(text, slice(0, None)), most)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        if is_from_signal(fault):
            raise
        return "<exception str() failed>"
