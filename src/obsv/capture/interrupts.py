"""Exceptions that belong to the program, although they are raised while obsv works."""

from __future__ import annotations

import functools
import sys
from types import CodeType
from typing import Any


def is_from_signal(error: BaseException) -> bool:
    """Return whether a signal handler of the program raised the exception (soft time limits do): it is meant for the
    program.

    This takes 5 µs, so it is checked only before an exception would be withheld from the program.
    """
    codes = _handlers()
    frames = error.__traceback__
    while frames is not None:
        if any(frames.tb_frame.f_code is code for code in codes):
            return True
        frames = frames.tb_next
    return False


def _handlers() -> list[CodeType]:
    # The functions of `signal` convert each number to an enum member, which takes ten times as long.
    signals: Any = sys.modules["_signal"]
    handlers = [signals.getsignal(number) for number in range(1, signals.NSIG)]
    return [code for handler in handlers if callable(handler) and (code := _code(handler)) is not None]


def _code(handler: Any) -> CodeType | None:
    while isinstance(handler, functools.partial):
        handler = handler.func
    handler = getattr(handler, "__func__", handler)
    found = getattr(handler if hasattr(handler, "__code__") else type(handler).__call__, "__code__", None)
    return found if isinstance(found, CodeType) else None
