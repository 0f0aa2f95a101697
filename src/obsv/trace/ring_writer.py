"""Writing of monitored calls, and spans of other instrumentation, into the ring: the program's cost of storing them.

`begin` and `end` are called for each call. Each builds a record in private memory and appends it in one step, without a
lock or a thread and, except for the first use of a function or a thread, without a system call.
"""

import logging
import marshal
from _thread import RLock
from collections.abc import Callable
from copy import copy
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obsv.capture import is_from_signal
from obsv.own_time import ticks
from obsv.record import layout
from obsv.record.layout import BEGIN, END, HAS_DETAILS, HAS_RESULT, IS_ELSEWHERE, MASK_64, check_of
from obsv.record.ring import Ring
from obsv.record.values import dumps
from obsv.trace.foreign_form import freeze_resource, freeze_scope, freeze_span
from obsv.trace.frozen import freeze_details
from obsv.trace.function import Function
from obsv.trace.ids import new_span_id
from obsv.trace.log_record import ERROR as LOG_ERROR
from obsv.trace.log_record import LogRecord
from obsv.trace.notices import Notices
from obsv.trace.recording import Thread, recording
from obsv.trace.span import ABSENT, ERROR, Origin, Span

_BEGIN_SIZE, _END_SIZE = layout.BEGIN_HEAD.size, layout.END_HEAD.size
_pack_begin, _pack_end = layout.BEGIN_HEAD.pack, layout.END_HEAD.pack
_LOG_SIZE, _pack_log = layout.LOG_HEAD.size, layout.LOG_HEAD.pack
_dumps, _VERSION = marshal.dumps, 2
MOST_DELAY = 0xFFFF_FFFF
MOST_VALUES = layout.MAX_RECORD - layout.PAGE
# Replaces values too large for a record even after limiting: max_repr is the program's choice.
_TOO_LARGE = (..., "<too large>")


class RingWriter:
    """A writer of spans into a ring. Raises only what a signal handler of the program raises meanwhile.

    Args:
        open_: opens a ring: now, and in the child of a fork at its first call.
        wake: wakes the keeper; called if it sleeps and an error was recorded.
        look: called about once a second while calls begin; must not raise.
        notices: logs problems.

    Attributes:
        ring: the ring.
        errors: number of recorded errors.
        on_ring: called with the writer when it has opened another ring; set by code that also writes into the ring.
        is_open: whether there is a ring: the child of a fork has none before its first call.
        calls: its lane of calls.
        origin, origin_number: the last recorded origin of spans, and its number in records.
        look_at: the tick from which on `look_around` is due.
    """

    def __init__(
        self,
        open_: Callable[[], Ring],
        wake: Callable[[], object],
        look: Callable[[], object],
        notices: Notices,
    ) -> None:
        self._open, self._wake, self._look, self._notices = open_, wake, look, notices
        self._opening = RLock()  # guards `ring` while the child of a fork opens its own; no other call waits for it
        self.on_ring: Callable[[RingWriter], object] = _nobody
        self._forked_at = 0
        self._write_into(open_())

    def _write_into(self, ring: Ring) -> None:
        self._threads: dict[tuple[int, str], int] = {}
        self.origin: Origin | None = None
        self.origin_number = 0
        # Resource and scope are stored with their number, so that their IDs stay theirs.
        self._foreign: dict[tuple[int, int], tuple[int, object, object]] = {}
        self.errors = 0
        self.look_at = ticks()
        self.calls = ring.calls
        self.ring, self.is_open = ring, True

    def after_fork(self) -> None:
        """Release the parent's ring; the first call opens another."""
        self.ring.forget()
        self._forked_at = ticks()
        self._opening = RLock()
        # Equal to no function's ring, so that each call first defines its function, which opens the child's.
        self.ring, self.is_open = copy(self.ring), False

    def _reopen(self) -> None:
        with self._opening:
            if not self.is_open:
                self._write_into(self._open())
                self.on_ring(self)

    # -- monitored calls -----------------------------------------------------------------------------------------------

    def begin(self, span: Span) -> None:
        """Record the start of a call, with its arguments."""
        try:
            if span.start_tick >= self.look_at:
                self.look_around(span.start_tick)
            function, caller, trace_id = span.function, span.caller, span.trace_id
            if function.ring is not self.ring:
                self._define(function)
            ring = self.ring
            if caller is not None and caller.ring is not ring:
                self._define(caller)
            if span.origin is not self.origin:
                self._define_origin(span.origin)
            values = _dumps(span.inputs, _VERSION)
            if len(values) > MOST_VALUES:
                values = self._without_values(span)
            record = (
                _pack_begin(
                    _BEGIN_SIZE + len(values),
                    check_of(values),
                    BEGIN,
                    span.flags & 0xFF,
                    self.origin_number,
                    span.depth,
                    trace_id >> 64,
                    trace_id & MASK_64,
                    span.span_id,
                    span.parent_id,
                    span.start_tick,
                    function.number,
                    0 if caller is None else caller.number,
                    self._threads.get(span.thread) or self._define_thread(span.thread),
                    0,
                )
                + values
            )
            span.ring, span.begun_tick = ring, span.start_tick
            try:
                self.calls.put(record)
            except ValueError:
                if not self.calls.add(record):
                    span.ring = None
        except Exception as error:
            if is_from_signal(error):
                self.take_back(span)
                raise
            self._notices.once("record", logging.ERROR, "A call could not be recorded.", exc_info=True)
        except BaseException:
            self.take_back(span)
            raise

    def take_back(self, span: Span) -> None:
        """End a call that was interrupted before it began."""
        if span.ring is self.ring:
            self._put(self.calls, self._elsewhere(span))

    @staticmethod
    def _elsewhere(span: Span) -> bytes:
        head = _END_SIZE, 1, END, ERROR, IS_ELSEWHERE, 0, 0, span.span_id, span.end_tick or 1
        return _pack_end(*head)

    def end(self, span: Span) -> None:
        """Record the outcome of a call. On return, an error is in its own lane, and the keeper is awake."""
        try:
            if span.status_code == ERROR or span.ring is not self.ring:
                self._whole(span)
                return
            result, details = span.result, span.details
            delay = span.start_tick - span.begun_tick
            if not 0 <= delay <= MOST_DELAY:
                delay = 0 if delay < 0 else MOST_DELAY
            if span.function.hides_result and result is not ABSENT:
                result = span.function.shown_result(result)
            if details is not None:
                parts = HAS_DETAILS
                values = dumps((() if result is ABSENT else (result,), freeze_details(details)))
            elif result is ABSENT:
                parts, values = 0, b""
            else:
                parts, values = HAS_RESULT, _dumps(result, _VERSION)
            if len(values) > MOST_VALUES:
                parts, values = HAS_RESULT, dumps(_TOO_LARGE)
            record = (
                _pack_end(
                    _END_SIZE + len(values),
                    check_of(values),
                    END,
                    span.status_code,
                    parts,
                    0,
                    delay,
                    span.span_id,
                    span.end_tick,
                )
                + values
            )
            try:
                self.calls.put(record)
            except ValueError:
                self.calls.add(record)
        except Exception as error:
            self.failed(error)

    def _whole(self, span: Span) -> None:
        """Record a complete call: an error, or one whose begin is not in this ring."""
        self._define(span.function)
        is_error = span.status_code == ERROR
        record = self._call(span)
        if not is_error:
            self._put(self.ring.calls, record)
            return
        self._put(self.ring.errors, record)
        if span.ring is self.ring:
            self._put(self.ring.calls, self._elsewhere(span))
        self.after_error()

    def _call(self, span: Span) -> bytes:
        if span.caller is not None:
            self._define(span.caller)
        if span.origin is not self.origin:
            self._define_origin(span.origin)
        span_id, parent_id = span.span_id, span.parent_id
        if span.start_tick <= self._forked_at:
            # It ends in the parent, too, whose end is not replaced: here it is a call of its own, below that one.
            span_id, parent_id = new_span_id(), span_id
        values = self._values(span)
        return (
            layout.CALL_HEAD.pack(
                layout.CALL_HEAD.size + len(values),
                check_of(values),
                layout.CALL,
                span.flags & 0xFF,
                self.origin_number,
                span.depth,
                span.trace_id >> 64,
                span.trace_id & MASK_64,
                span_id,
                parent_id,
                span.start_tick,
                span.function.number,
                0 if span.caller is None else span.caller.number,
                self._threads.get(span.thread) or self._define_thread(span.thread),
                span.status_code,
                span.end_tick,
            )
            + values
        )

    @staticmethod
    def _values(span: Span) -> bytes:
        results = () if span.result is ABSENT else (span.function.shown_result(span.result),)
        failure = None if span.failure is None else (span.failure.frozen, span.failure.locals)
        details = None if span.details is None else freeze_details(span.details)
        values = dumps((span.inputs, results, failure, details))
        if len(values) > MOST_VALUES:
            values = dumps(((_TOO_LARGE,) * len(span.inputs), (), failure, None))
        return values

    def _without_values(self, span: Span) -> bytes:
        span.inputs = (_TOO_LARGE,) * len(span.function.inputs)
        return dumps(span.inputs)

    # -- spans of other instrumentation --------------------------------------------------------------------------------

    def foreign(self, span: ReadableSpan, *, is_error: bool) -> None:
        """Record a complete span that is not ours."""
        try:
            self._foreign_whole(span, is_error)
        except Exception as error:
            self.failed(error)

    def _foreign_whole(self, span: ReadableSpan, is_error: bool) -> None:
        if not self.is_open:
            self._reopen()
        values = dumps(freeze_span(span))
        status = span.status.status_code.value
        head = layout.SPAN_HEAD.size + len(values), check_of(values), layout.SPAN, status, 0
        record = layout.SPAN_HEAD.pack(*head, self._foreign_origin(span)) + values
        if not is_error:
            self._put(self.ring.calls, record)
            return
        self._put(self.ring.errors, record)
        self.after_error()

    def _foreign_origin(self, span: ReadableSpan) -> int:
        return self._shared_origin(span.resource, span.instrumentation_scope)

    def _shared_origin(self, resource: Resource, scope: InstrumentationScope | None) -> int:
        known = self._foreign.get((id(resource), id(scope)))
        if known is None or known[1] is not resource or known[2] is not scope:
            value = freeze_resource(resource), freeze_scope(scope)
            known = self.ring.names.number(layout.FOREIGN_ORIGINS, value), resource, scope
            if len(self._foreign) > _MOST_ORIGINS:
                self._foreign.clear()
            self._foreign[id(resource), id(scope)] = known
        return known[0]

    # -- log records ---------------------------------------------------------------------------------------------------

    def log(self, record: LogRecord) -> None:
        """Record a log record. One of ERROR and above is in its own lane when this returns, and the keeper awake."""
        try:
            if not self.is_open:
                self._reopen()
            if (now := ticks()) >= self.look_at:
                self.look_around(now)
            values = self._log_values(record)
            if len(values) > MOST_VALUES:
                values = self._log_values(record._replace(body=_TOO_LARGE, attributes=()))
            scope, time_ns, severity = record[:3]
            origin = self._shared_origin(recording.origin.resource, scope)
            size, check = _LOG_SIZE + len(values), check_of(values)
            packed = _pack_log(size, check, layout.LOG, severity, 0, origin, time_ns or 1) + values
            if severity < LOG_ERROR and not record.is_kept:
                put = self.calls.put
                try:
                    put(packed)
                except ValueError:
                    self.calls.add(packed)
                return
            self._put(self.ring.errors, packed)
            if self.ring.about.keeper_sleeps:
                self._wake()
        except Exception as error:
            self.failed(error)

    def _log_values(self, record: LogRecord) -> bytes:
        _, _, _, text, name, body, attributes, trace_id, span_id, function, thread, words, _ = record
        if function is not None:
            self._define(function)
        return _dumps(
            (
                trace_id.to_bytes(16, "big") if trace_id else b"",
                span_id.to_bytes(8, "big") if span_id else b"",
                0 if function is None else function.number,
                self._threads.get(thread) or self._define_thread(thread),
                text,
                name,
                body,
                attributes,
                words,
            ),
            _VERSION,
        )

    # -- definitions
    # ------------------------------------------------------------------------------------------------------

    def _define(self, function: Function) -> None:
        if not self.is_open:
            self._reopen()
        if function.ring is not self.ring:
            function.number = self.ring.names.number(layout.FUNCTIONS, function.freeze())
            function.ring = self.ring  # last: another thread may be here as well

    def acquaint(self, function: Function, thread: Thread) -> None:
        """Define everything that the next call's record refers to, unless the ring knows it."""
        self._define(function)
        ring = self.ring
        thread.number = self.number_of_thread(thread.identity)
        thread.ring = ring  # last: a signal handler may be here as well
        self.number_of_origin(recording.origin)

    def number_of_function(self, function: Function) -> int:
        """Return the number of a function in records; it is defined if it is new. Likewise the next two."""
        self._define(function)
        return function.number

    def number_of_thread(self, thread: tuple[int, str]) -> int:
        return self._threads.get(thread) or self._define_thread(thread)

    def number_of_origin(self, origin: Origin) -> int:
        if origin is not self.origin:
            self._define_origin(origin)
        return self.origin_number

    def _define_thread(self, thread: tuple[int, str]) -> int:
        number = self.ring.names.number(layout.THREADS, (thread[0], str(thread[1])))
        if len(self._threads) > _MOST_THREADS:
            self._threads.clear()
        self._threads[thread] = number
        return number

    def _define_origin(self, origin: Origin) -> None:
        value = freeze_resource(origin.resource), freeze_scope(origin.scope)
        self.origin_number = self.ring.names.number(layout.ORIGINS, value)
        self.origin = origin

    # -- the rest ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _put(lane: Any, record: bytes) -> None:
        try:
            lane.put(record)
        except ValueError:
            lane.add(record)

    def look_around(self, now: int) -> None:
        """Do the periodic work, about once a second; `now` is a tick."""
        self.look_at = now + _LOOK_NS
        if self.is_open:
            self._look()

    def after_error(self) -> None:
        """Count an error in the ring, and wake the keeper if it sleeps."""
        self.errors += 1
        if self.ring.about.keeper_sleeps:
            self._wake()

    def failed(self, error: Exception) -> None:
        """Count a call that could not be recorded; an exception of a signal handler propagates."""
        if is_from_signal(error):
            raise error
        self._notices.once("record", logging.ERROR, "A call could not be recorded.", exc_info=True)
        self.ring.calls.dropped += 1


_MOST_ORIGINS, _MOST_THREADS = 1_000, 10_000
_LOOK_NS = 1_000_000_000


def _nobody(writer: RingWriter) -> None:
    """Do nothing: nobody else writes into the ring."""
