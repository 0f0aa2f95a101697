"""The call path: the cost of a recorded call for the program, in `begin`, `finish` and `fail`.

The code of a recorded function refers to one object, its recorder, and calls three methods of it:

    begin(*parameters) -> span | None    all parameters by position, in the order of `co_varnames`; makes the span
    current.
                                         None: the call is not recorded, and neither of the others is called.
    finish(span, result) -> result       the function returned; the context is left. The program gets the returned
    value:
                                         for a plain function with an awaitable result, the result of `follow`, and the
                                         call ends with that (`instrument/following.py`).
    fail(span, error) -> None            an exception left the function, which is raised again; the context is left.

A span is opaque to the code: ours, or a call that goes another way (`instrument/call.py`: by another provider's tracer,
unsampled, measured). `fail` and `finish` raise nothing but what signal handlers raise, `begin` likewise; where there is
no room to enter one of them the code goes on without it (`instrument/grafting`). `instrument/recorder.py` is the
recorder, whose `begin` and `finish` are generated (`instrument/parts.py`), or those of the compiled core.

Every recorder reads `recording`, which the pipeline (`runtime.py`) sets; a recorder checks one flag, `bypass`, and
takes the fast path while it is False.
"""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace.span import TraceState

from obsv.own_time import ticks
from obsv.record.core import compiled
from obsv.trace.details import Details
from obsv.trace.failure import UNREAD, Failure, freeze, is_error
from obsv.trace.function import Function
from obsv.trace.ids import new_span_id, new_trace_id, random_bits
from obsv.trace.log_record import LogRecord
from obsv.trace.span import ABSENT, ERROR, RANDOM, SAMPLED, UNSET, Origin, Span, discard

logger = logging.getLogger("obsv")

# The type of spans created by the compiled core, which read like those of Python.
compiled_span = Span if compiled is None else compiled.Span
# Created in advance: without stack space nothing can be called.
_UNREAD = Failure(UNREAD)


class Thread:
    """A thread of the program.

    Attributes:
        identity: `(thread.id, thread.name)`.
        number: its number in records of `ring`.
    """

    __slots__ = ("identity", "number", "ring")

    def __init__(self) -> None:
        self.identity = (threading.get_ident(), threading.current_thread().name)
        self.ring: object = None
        self.number = 0


class _Here(threading.local):
    """The running thread, with its name looked up once."""

    def __init__(self) -> None:
        self.thread = Thread()


here = _Here()


def has_green_threads() -> bool:
    """Return whether threads of the program may share a native one: `threading` was patched before this was loaded."""
    return _Here.__mro__[1].__module__ != "_thread"


def identity() -> tuple[int, str]:
    """Return ID and name of the running thread."""
    return here.thread.identity


class Recording:
    """The current destination of calls.

    Slots:
        bypass: the lean path must not be taken: nothing started yet, or one of the next three.
        off: calls are not recorded at all.
        tracer: another provider's tracer, which makes the spans.
        dropped: asks the sampler; returns the span to make current for a call that is not sampled, else the trace state
            of a trace that begins here, where it has one.
        start: starts the pipeline, called by the first recorded call; None once it runs.
        origin: resource and scope of the spans.
        on_start: what other processors want to see; None where only ours is there.
        on_begin: takes each span when its call begins, with its inputs; None where nobody does. Never blocks.
        on_end: takes each ended span; never blocks, never raises.
        on_log: takes log records; None where nobody does.
        queue_warning_threshold: what a decorated function asked for last; None leaves the configured one.
        state: another object after each change of the others, so that a call looks at one of them.
    """

    __slots__ = (
        "bypass",
        "dropped",
        "off",
        "on_begin",
        "on_end",
        "on_log",
        "on_start",
        "origin",
        "queue_warning_threshold",
        "start",
        "state",
        "tracer",
    )
    state: object

    def __init__(self) -> None:
        self.bypass = True
        self.off = False
        self.tracer: trace.Tracer | None = None
        self.dropped: Callable[[Function], trace.Span | TraceState | None] | None = None
        self.start: Callable[[], None] | None = None
        self.origin = Origin(Resource({}), InstrumentationScope("obsv"), SpanLimits())
        self.on_start: Callable[[Span], None] | None = None
        self.on_begin: Callable[[Span], None] | None = None
        self.on_end: Callable[[Span], None] = discard
        self.on_log: Callable[[LogRecord], None] | None = None
        self.queue_warning_threshold: int | None = None

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        super().__setattr__("state", object())


recording = Recording()


def begin(function: Function, parent: Any) -> Span:
    """Return a started span, without its inputs and start time.

    Args:
        function: the called function.
        parent: the current span of the context: ours, another's, or None.
    """
    span = Span()
    span.function = function
    kind = type(parent)
    if kind is Span or kind is compiled_span:
        span.trace_id = parent.trace_id
        span.parent_id = parent.span_id
        span.caller = parent.function
        span.depth = parent.depth + 1
        span.flags = parent.flags
        span.details = None if parent.details is None else inherit(parent.details)
    elif parent is None:
        span.trace_id = new_trace_id()
        span.parent_id = span.depth = 0
        span.caller = span.details = None
        span.flags = SAMPLED | RANDOM
    else:
        begin_under(span, parent)
    span.span_id = random_bits(64) or new_span_id()
    span.origin = recording.origin
    span.on_end = recording.on_end
    span.thread = here.thread.identity
    span.result = ABSENT
    span.failure = span.ring = None
    span.status_code = UNSET
    span.end_tick = 0
    if recording.on_start is not None:
        span.inputs, span.start_tick = (), ticks()
        recording.on_start(span)
    return span


def inherit(details: Details) -> Details | None:
    """Return what a call takes over from the details of its parent."""
    if details.trace_state is None:
        return None
    inherited = Details(details.limits)
    inherited.trace_state = details.trace_state
    return inherited


def begin_under(span: Span, parent: trace.Span) -> None:
    """Take the identity from a span that is not ours: the SDK's, or one that arrived with a request."""
    context = parent.get_span_context()
    span.caller = span.details = None
    if context.is_valid:
        span.trace_id, span.parent_id, span.depth = context.trace_id, context.span_id, 1
        span.flags = int(context.trace_flags) | SAMPLED
        if context.is_remote or context.trace_state:
            span.details = Details(recording.origin.limits)
            span.details.parent_is_remote = context.is_remote
            span.details.trace_state = context.trace_state or None
    else:
        span.trace_id, span.parent_id, span.depth, span.flags = new_trace_id(), 0, 0, SAMPLED | RANDOM


def fail(span: Span, error: BaseException, frames: TracebackType | None) -> None:
    """Put the exception that left a call into its span, and the end time; the caller passes the span on.

    Args:
        frames: the traceback from the monitored function's own frame down.
    """
    span.end_tick = ticks()
    try:
        if is_error(error):
            span.status_code = ERROR
            span.failure = _UNREAD
            span.failure = Failure(freeze(error, frames))
    except Exception:
        logger.debug("An exception could not be read.", exc_info=True)
