"""Frames of a failed call: which are ours, and the variables of the failing one."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from obsv.trace.failure import WRAPPER_FILES

# `warnings`, and `logging` from 3.11 on, skip frames whose file names contain both of these words when they count up to
# the caller that `stacklevel` means: a wrapper does not change whom a warning blames.
FILE = "<obsv, passed over like importlib._bootstrap>"
WRAPPER_FILES.add(FILE)


_traceback_of: Any = BaseException.__dict__["__traceback__"].__get__


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return an exception's traceback, also where its class has an attribute of its own under that name."""
    frames: TracebackType | None = _traceback_of(error)
    return frames


def hide_wrappers(error: BaseException) -> TracebackType | None:
    """Remove the frames of wrappers from an exception that is about to be raised again, and return the rest.

    From 3.11 on a bare `raise` continues with the traceback of the exception; before, with its own copy.
    """
    all_frames = traceback_of(error)
    frames = own_frames(all_frames)
    if frames is not all_frames:
        # An assignment would run the `__setattr__` of the exception's class, which a frozen dataclass forbids.
        BaseException.with_traceback(error, frames)
    return frames


def own_frames(frames: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the user's first frame down."""
    while frames is not None and frames.tb_frame.f_code.co_filename in WRAPPER_FILES:
        frames = frames.tb_next
    return frames


def failing_variables(frames: TracebackType | None) -> Mapping[str, Any]:
    """Return the locals of the innermost frame in the monitored function's own file."""
    found: Mapping[str, Any] = {}
    own_file = None
    while frames is not None:
        frame = frames.tb_frame
        own_file = own_file or frame.f_code.co_filename
        if frame.f_code.co_filename == own_file:
            found = frame.f_locals
        frames = frames.tb_next
    return dict(found)
