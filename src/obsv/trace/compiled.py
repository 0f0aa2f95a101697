"""Connection of the compiled core to spans, contexts and the ring of this process; unused if Python records."""

import os
from contextvars import ContextVar
from typing import Any, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan

from obsv.capture import is_from_signal
from obsv.record.core import compiled
from obsv.record.layout import MASK_64
from obsv.trace import context
from obsv.trace.clock import clock
from obsv.trace.context import QUIET, SPAN_KEY
from obsv.trace.frozen import freeze_details
from obsv.trace.function import Function
from obsv.trace.recording import begin_under, has_green_threads, identity, inherit, recording
from obsv.trace.span import ABSENT, ERROR, Span

_DUNDERS = frozenset(("__repr__", "__enter__", "__exit__"))


class Writer(Protocol):
    """The part of Python's ring writer that the core needs: its `begin` and `end` are steps of `recording`.

    Attributes:
        ring: the ring.
        is_open: whether there is one.
        on_ring: called with the writer when another ring was opened.
    """

    ring: Any
    is_open: bool
    on_ring: Any

    def begin(self, span: Any) -> None:
        """Record the start of a call."""

    def end(self, span: Any) -> None:
        """Record the outcome of a call."""

    def number_of_function(self, function: Function) -> int:
        """Return the number of a function in records; it is defined if it is new. Likewise the next two."""

    def number_of_thread(self, thread: tuple[int, str]) -> int: ...
    def number_of_origin(self, origin: Any) -> int: ...
    def look_around(self, now: int) -> None:
        """Do the periodic work, about once a second. `now` is a tick."""

    def after_error(self) -> None:
        """Count an error in the ring, and wake the keeper."""


def _methods() -> dict[str, Any]:
    """Return the methods and properties of Python's class, for C's type."""
    taken = {name: value for base in (trace.Span, ReadableSpan, Span) for name, value in vars(base).items()}
    left_out = {"_abc_impl", "has_marks", *Span.__slots__}
    return {
        name: value
        for name, value in taken.items()
        if name not in left_out and (not name.startswith("__") or name in _DUNDERS)
    }


def _adopt(parent: Any) -> tuple[int, int, int, int, int, Function | None, Any] | bool | None:
    """Return what a call takes over from a parent span that is not the core's.

    Returns:
        None if the call is not recorded; False if Python must ask the sampler.
    """
    if parent is QUIET:
        return None
    if isinstance(parent, Span):
        details = None if parent.details is None else inherit(parent.details)
        own = parent.span_id, parent.depth + 1, parent.flags, parent.function, details
        return parent.trace_id >> 64, parent.trace_id & MASK_64, *own
    context = parent.get_span_context()
    if context.is_valid and not context.trace_flags.sampled:
        return False
    child = Span()
    begin_under(child, parent)
    rest = child.parent_id, child.depth, child.flags, None, child.details
    return child.trace_id >> 64, child.trace_id & MASK_64, *rest


def _late(span: Any) -> None:
    """End a call that the core did not end: manually, as an error, or in another process than it began in."""
    failure = span.failure
    if span.result is not ABSENT and span.function.hides_result:
        span.result = span.function.shown_result(span.result)
    if failure is None and span.status_code != ERROR:
        is_written = span.write_end()
    else:
        is_written = span.write_error(None if failure is None else (failure.frozen, failure.locals))
        if is_written and _writers:
            _writers[0].after_error()
    if not is_written:
        recording.on_end(span)


# The writer of the ring into which the core writes.
_writers: list[Writer] = []


def _connect() -> Any:
    if compiled is None or not isinstance(context._variable, ContextVar):
        return None
    try:
        made = compiled.connect(
            variable=context._variable,
            key=SPAN_KEY,
            context=Context,
            span_class=Span,
            methods=_methods(),
            absent=ABSENT,
            adopt=_adopt,
            late=_late,
            freeze_details=freeze_details,
            is_from_signal=is_from_signal,
            recording=recording,
            random=os.urandom(32),
        )
    except (TypeError, ValueError):
        return None  # an OpenTelemetry with a different kind of context
    trace.Span.register(made)
    return compiled


def follow() -> None:
    """Let the core record if Python would only call a ring's writer for each call; otherwise leave it to Python.

    Called whenever `recording` was set again. Later changes in it leave recording to Python automatically.
    """
    if core is None:
        return
    writer: Any = getattr(recording.on_begin, "__self__", None)
    ends: Any = getattr(recording.on_end, "__self__", None)
    if hasattr(writer, "on_ring") and ends is writer and recording.on_start is None:
        writer.on_ring = open_core
        open_core(writer)
    else:
        core.close()
        _writers.clear()


def is_expected() -> bool:
    """Return whether the core records, or will once the child of a fork has opened its ring."""
    return core is not None and bool(_writers) and recording.on_begin == _writers[0].begin


def open_core(writer: Writer) -> None:
    """Let the core write into a writer's ring, if it belongs to this process."""
    if core is None:
        return
    core.close()
    _writers[:] = [writer]
    if not writer.is_open or writer.ring.pid != os.getpid() or recording.on_begin != writer.begin:
        return
    try:
        core.open(
            calls=writer.ring.calls,
            errors=writer.ring.errors,
            define=writer.number_of_function,
            identify=lambda: _identified(writer),
            origin=recording.origin,
            ring=writer.ring,
            look=writer.look_around,
            origin_number=writer.number_of_origin(recording.origin),
            offset=clock.offset,
            has_green_threads=has_green_threads(),
        )
    except (OSError, ValueError):
        return  # the ring accepts no definitions: Python reports it at the next call


def _identified(writer: Writer) -> tuple[tuple[int, str], int]:
    thread = identity()
    return thread, writer.number_of_thread(thread)


core = _connect()
"""The compiled core, ready to record; None if Python records."""
