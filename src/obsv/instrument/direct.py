"""The fast path in one piece: a call whose records go directly into this process's ring.

`begin` and `finish` here do the work of `trace.recording.begin`, `RingWriter.begin` and `RingWriter.end` in one
function
each: 0.37 of an SDK span instead of 0.44. Exceptional cases (a foreign parent, a function or a thread that the ring
does
not know yet, details) are left to those, and so is every call while something other than a ring receives the spans.
"""

import marshal
import struct
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from obsv.capture import Limits, is_from_signal
from obsv.capture.small import small_freezers
from obsv.capture.snapshot import kinds_of
from obsv.record import layout
from obsv.trace import recording as path
from obsv.trace.clock import clock
from obsv.trace.context import HOLDS_CONTEXT, leave_context, reset_variable, set_variable
from obsv.trace.ids import random_bits
from obsv.trace.ring_writer import MOST_VALUES, RingWriter
from obsv.trace.span import ABSENT, Span

if TYPE_CHECKING:
    from obsv.instrument.recorder import Recorder

# Before 3.12 the garbage collector may run while a context variable is set; see `trace.context`.
_HOLD = "_obsv_held = _obsv_copy_context(); " if HOLDS_CONTEXT else ""
RESET = f"{_HOLD}_obsv_reset_context"

# The record is written as the last step that can fail, and the context is set after it: an interruption reverts both.
BEGIN = f"""\
def begin({{values}}):
    if _obsv_recording.state is not _obsv_state:
        return _obsv_direct.otherwise({{values}})
{{sampling}}\
    _obsv_context = _obsv_get_context()
    _obsv_parent = _obsv_context.get(_obsv_key)
    _obsv_thread = _obsv_here.thread
    _obsv_ring = _obsv_writer.ring
    if (
        _obsv_function.ring is not _obsv_ring
        or _obsv_thread.ring is not _obsv_ring
        or _obsv_writer.origin is not _obsv_origin
    ):
        _obsv_direct.acquaint(_obsv_thread)
        return _obsv_direct.general({{values}})
    try:
        _obsv_span = _obsv_Span()
        _obsv_span.begun_tick = _obsv_tick = _obsv_ticks()
        if _obsv_tick >= _obsv_writer.look_at:
            _obsv_writer.look_around(_obsv_tick)
        if _obsv_parent is None:
            _obsv_span.trace_id = _obsv_trace_id = (
                (_obsv_tick + _obsv_clock.offset) // 1_000_000 << 80 | _obsv_random_bits(80)
            )
            _obsv_span.parent_id = _obsv_parent_id = _obsv_span.depth = _obsv_depth = _obsv_caller_number = 0
            _obsv_span.caller = None
            _obsv_span.flags = _obsv_flags = 3
        elif _obsv_type(_obsv_parent) is _obsv_Span and _obsv_parent.details is None:
            _obsv_span.caller = _obsv_caller = _obsv_parent.function
            if _obsv_caller.ring is not _obsv_ring:
                return _obsv_direct.general({{values}})
            _obsv_caller_number = _obsv_caller.number
            _obsv_span.trace_id = _obsv_trace_id = _obsv_parent.trace_id
            _obsv_span.parent_id = _obsv_parent_id = _obsv_parent.span_id
            _obsv_span.depth = _obsv_depth = _obsv_parent.depth + 1
            _obsv_span.flags = _obsv_flags = _obsv_parent.flags
        else:
            return _obsv_direct.general({{values}})
        _obsv_span.function = _obsv_function
        _obsv_span.span_id = _obsv_span_id = _obsv_random_bits(64) or 1
        _obsv_span.origin = _obsv_origin
        _obsv_span.on_end = _obsv_on_end
        _obsv_span.thread = _obsv_thread.identity
        _obsv_span.result = _obsv_ABSENT
        _obsv_span.details = _obsv_span.failure = _obsv_span.token = None
        _obsv_span.ring = _obsv_ring
        _obsv_span.status_code = _obsv_span.end_tick = 0
        _obsv_span.inputs = _obsv_inputs = {{inputs}}
        _obsv_values = _obsv_dumps(_obsv_inputs, 2)
        _obsv_size = _obsv_len(_obsv_values)
        if _obsv_size > {MOST_VALUES}:
            return _obsv_direct.general({{values}})
        _obsv_record = _obsv_pack_begin(
            {layout.BEGIN_HEAD.size} + _obsv_size, _obsv_check(_obsv_values), {layout.BEGIN}, _obsv_flags,
            _obsv_writer.origin_number, _obsv_depth, _obsv_trace_id >> 64, _obsv_trace_id & {layout.MASK_64},
            _obsv_span_id, _obsv_parent_id, _obsv_tick, _obsv_function.number, _obsv_caller_number,
            _obsv_thread.number, 0,
        ) + _obsv_values
    except _obsv_Exception as error:
        if _obsv_is_from_signal(error):
            raise
        return _obsv_direct.general({{values}})
    try:
        _obsv_put = _obsv_writer.calls.put
        try:
            _obsv_put(_obsv_record)
        except _obsv_ValueError:
            if not _obsv_writer.calls.add(_obsv_record):
                _obsv_span.ring = None
        {_HOLD}_obsv_span.token = _obsv_set_context(_obsv_Context({{{{**_obsv_context, _obsv_key: _obsv_span}}}}))
        _obsv_span.start_tick = _obsv_ticks()
        return _obsv_span
    except _obsv_BaseException:
        _obsv_direct.take_back(_obsv_span)
        raise
"""

# The result of a function, as `parts._RESULT` but with dicts first.
RESULT = """\
    if (_obsv_kind := _obsv_type(v)) is _obsv_dict:
        try:
            _obsv_span.result = _obsv_freeze_dict(v)
        except _obsv_Exception as error:
            if _obsv_is_from_signal(error):
                raise
            _obsv_span.result = _obsv_snapshot(v)
    elif {known}:
        _obsv_span.result = v
    elif _obsv_kind is not _obsv_list and _obsv_goes_on(v):
        _obsv_span.end_tick = 0
        return _obsv_follow(_obsv_recorder, _obsv_span, v)
    else:
        _obsv_span.result = _obsv_snapshot(v)
"""

# After the call's result has been put into its span.
END = f"""\
    if (
        _obsv_span.ring is not _obsv_writer.ring
        or _obsv_span.on_end is not _obsv_on_end
        or _obsv_span.details is not None
    ):
        _obsv_span.on_end(_obsv_span)
        return v
    try:
        _obsv_values = {{values}}
        _obsv_size = _obsv_len(_obsv_values)
        if _obsv_size > {MOST_VALUES}:
            _obsv_span.on_end(_obsv_span)
            return v
        _obsv_record = _obsv_pack_end(
            {layout.END_HEAD.size} + _obsv_size, _obsv_check(_obsv_values), {layout.END}, 0, {{parts}}, 0,
            _obsv_span.start_tick - _obsv_span.begun_tick, _obsv_span.span_id, _obsv_span.end_tick,
        ) + _obsv_values
        _obsv_put = _obsv_writer.calls.put
        try:
            _obsv_put(_obsv_record)
        except _obsv_ValueError:
            _obsv_writer.calls.add(_obsv_record)
    except _obsv_no_number:
        _obsv_span.on_end(_obsv_span)
    except _obsv_Exception as error:
        _obsv_writer.failed(error)
    return v
"""


def end_source(keeps_result: bool) -> str:
    """Return the end of `finish`, with or without a result."""
    values = "_obsv_dumps(_obsv_span.result, 2)" if keeps_result else "b''"
    return END.format(values=values, parts=layout.HAS_RESULT if keeps_result else 0)


def writer_of(recording: path.Recording) -> RingWriter | None:
    """Return the writer of the ring if it is the only receiver of spans; None otherwise."""
    writer = getattr(recording.on_begin, "__self__", None)
    ends = getattr(recording.on_end, "__self__", None)
    is_alone = ends is writer and recording.on_start is None and not recording.bypass
    return writer if is_alone and isinstance(writer, RingWriter) else None


class Direct:
    """The context of a function's fast calls besides their one path.

    Args:
        recorder: recorder of the function.
        writer: writer of the ring.
        general: returns the `begin` for exceptional cases.
    """

    def __init__(self, recorder: "Recorder", writer: RingWriter, general: Callable[[], Callable[..., Any]]) -> None:
        self._recorder, self._writer, self._make = recorder, writer, general
        self._made: Callable[..., Any] | None = None

    def general(self, /, *values: Any) -> Any:
        """Begin an exceptional call."""
        if self._made is None:
            self._made = self._make()
        return self._made(*values)

    def otherwise(self, /, *values: Any) -> Any:
        """Begin a call after `recording` has changed; if a ring receives the spans, the next call is direct again."""
        if writer_of(path.recording) is not None:
            self._recorder.renew()
        return self.general(*values)

    def acquaint(self, thread: path.Thread) -> None:
        """Make function and thread known to the ring; the general path reports errors."""
        try:
            self._writer.acquaint(self._recorder.function, thread)
        except Exception as error:
            if is_from_signal(error):
                raise

    def take_back(self, span: Span) -> None:
        """Undo a call that was interrupted before its body ran."""
        if span.token is not None:
            leave_context(span.token)
        self._writer.take_back(span)


def names(
    recorder: "Recorder", state: object, writer: RingWriter, general: Callable[[], Callable[..., Any]]
) -> dict[str, Any]:
    """Return the names in the source of `BEGIN` and `END` besides those of all parts.

    Args:
        state: the state of `recording` in which the writer was the only receiver of spans.
    """
    recording, limits = path.recording, Limits(recorder.rules.max_repr)
    freeze_dict, freeze_list = small_freezers(kinds_of(limits, recorder.redactor))
    return {
        "_obsv_direct": Direct(recorder, writer, general),
        "_obsv_writer": writer,
        "_obsv_state": state,
        "_obsv_origin": recording.origin,
        "_obsv_on_end": recording.on_end,
        "_obsv_here": path.here,
        "_obsv_clock": clock,
        "_obsv_random_bits": random_bits,
        "_obsv_ABSENT": ABSENT,
        "_obsv_dumps": marshal.dumps,
        "_obsv_check": layout.check_of,
        "_obsv_pack_begin": layout.BEGIN_HEAD.pack,
        # A number beyond a record's: the clock was set, or another tracer's flags.
        "_obsv_no_number": struct.error,
        "_obsv_pack_end": layout.END_HEAD.pack,
        "_obsv_Exception": Exception,
        "_obsv_BaseException": BaseException,
        "_obsv_ValueError": ValueError,
        "_obsv_is_from_signal": is_from_signal,
        "_obsv_copy_context": copy_context,
        "_obsv_set_context": set_variable,
        "_obsv_reset_context": reset_variable,
        "_obsv_freeze_dict": freeze_dict,
        "_obsv_freeze_list": freeze_list,
    }
