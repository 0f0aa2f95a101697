"""Remove frames of obsv from tracebacks, so that a program prints the same as without obsv."""

import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from obsv.trace.failure import WRAPPER_FILES

# The whole command: its entry point and `run` are frames above the program.
_STARTER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


def hide_frames_at_exit() -> None:
    """Show the exception that ends the program without frames of obsv.

    `sys.excepthook`, the interpreter's or the program's own, is called as usual, so that the interpreter still handles
    exit codes, signals and `SystemExit`.
    """
    hook: Hook = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        sys.excepthook = hook
        hide_frames(error)
        hook(kind, error, error.__traceback__)

    sys.excepthook = show


def hide_frames(error: BaseException, seen: set[int] | None = None) -> None:
    """Remove the frames of obsv from the tracebacks of an exception, its causes and the members of its group."""
    seen = set() if seen is None else seen
    if id(error) in seen:
        return
    seen.add(id(error))
    error.__traceback__ = _without_wrappers(_from_program(error.__traceback__))
    for other in (error.__cause__, error.__context__, *(getattr(error, "exceptions", None) or ())):
        if isinstance(other, BaseException):
            hide_frames(other, seen)


def _from_program(frames: TracebackType | None) -> TracebackType | None:
    """Return the traceback after the frames that started the program, if any."""
    frame, start = frames, frames
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.startswith(_STARTER):
            start = frame.tb_next
        frame = frame.tb_next
    return start


def _without_wrappers(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and _is_wrapper(frames):
        frames = frames.tb_next
    frame = frames
    while frame is not None:
        while frame.tb_next is not None and _is_wrapper(frame.tb_next):
            frame.tb_next = frame.tb_next.tb_next
        frame = frame.tb_next
    return frames


def _is_wrapper(frame: TracebackType) -> bool:
    return frame.tb_frame.f_code.co_filename in WRAPPER_FILES
