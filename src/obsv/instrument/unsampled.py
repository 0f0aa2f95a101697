"""Calls that are recorded only if they fail, of which nothing else is to be seen to: while they run they are a tuple.

The generated `begin` makes it and the generated `finish` takes it (`parts.py`): 0.06 of an SDK span, where an object
takes 0.16. What runs in steps, under another provider or by a sampler's decision is an object (`call.py`).
"""

from typing import TYPE_CHECKING, Any

from obsv.instrument.left_out import note
from obsv.own_time import ticks
from obsv.trace.function import Function

if TYPE_CHECKING:
    from obsv.instrument.recorder import Recorder

# The tick of its start; the caller's function; whether it is counted; the values of its parameters.
Begun = tuple[int, Function | None, bool, tuple[Any, ...]]


def fail(recorder: "Recorder", begun: Begun, error: BaseException) -> None:
    """End a call with the exception that left it, which is recorded."""
    start_tick, caller, is_counted, values = begun
    if recorder.fails(error):
        recorder.fail_unsampled(error, start_tick, recorder.freeze(*values))
    elif is_counted:
        note(recorder.function, caller, start_tick, ticks())
