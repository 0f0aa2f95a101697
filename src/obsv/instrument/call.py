"""One call in progress off the fast path: by another provider's tracer, unsampled, or measured.

A call is entered whenever the user's code runs and left when it does not, so that the span of a generator is current
only while its body runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode, Tracer
from opentelemetry.trace.span import TraceState

from obsv import semconv
from obsv.capture import MASK, render
from obsv.capture.openness import is_open
from obsv.instrument.frames import hide_wrappers, own_frames, traceback_of
from obsv.instrument.left_out import note
from obsv.instrument.usage import cpu_ns, memory_bytes
from obsv.own_time import ticks
from obsv.trace import recording as path
from obsv.trace.context import QUIET, SPAN_KEY, get_context, leave_context, set_context
from obsv.trace.details import Details
from obsv.trace.failure import Failure
from obsv.trace.function import Function
from obsv.trace.ids import random_unit
from obsv.trace.span import ABSENT, Span

if TYPE_CHECKING:
    from obsv.instrument.recorder import Recorder


# Larger exact inputs are not kept: they would fill the queue's memory and the store.
MAX_EXACT_BYTES = 1_000_000


class Call(Protocol):
    """The interface of a call."""

    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...
    def leave(self) -> None:
        """Leave an entered call."""

    def item(self, item: object) -> None:
        """Record the first item that a generator yielded."""

    def finish(self, result: object = ABSENT) -> None:
        """End the call successfully."""

    def fail(self, error: BaseException) -> None:
        """End the call with an exception."""


def open_call(recorder: Recorder, values: tuple[Any, ...]) -> Call | None:
    """Return the call that begins now, entered if its body runs from here on; None if it is not recorded."""
    recording = path.recording
    if recording.start is not None:
        recording.start()
    if recording.off or get_context().get(SPAN_KEY) is QUIET:
        return None
    call = _choose(recorder, values)
    if not recorder.is_driven:
        call.__enter__()
    return call


def _choose(recorder: Recorder, values: tuple[Any, ...]) -> Call:
    recording = path.recording
    if recorder.rules.selects and _leaves_out(recorder):
        return LeftOutCall(recorder, values, getattr(get_context().get(SPAN_KEY), "function", None))
    if recorder.sample_rate < 1.0 and random_unit() >= recorder.sample_rate:
        return UnsampledCall(recorder, values, None)
    if recording.tracer is not None:
        return TracerCall(recorder, recorder.freeze(*values), recording.tracer)
    state = None if recording.dropped is None else recording.dropped(recorder.function)
    if isinstance(state, trace.Span):
        return UnsampledCall(recorder, values, state)
    exact = None
    if recorder.capture.get("args") == "exact":
        args, keywords = recorder.parameters.as_passed(values)
        if is_open(args, recorder.redactor) and is_open(keywords, recorder.redactor):
            exact = pickle_inputs(args, keywords)
    return LeanCall(recorder, recorder.freeze(*values), exact, state)


def _leaves_out(recorder: Recorder) -> bool:
    """Return whether the call that begins now is only counted."""
    rules = recorder.rules
    if rules.errors_only or (recorder.throttle is not None and not recorder.throttle.admits()):
        return True
    return rules.depth is not None and getattr(get_context().get(SPAN_KEY), "depth", -1) + 1 >= rules.depth


class _Current:
    """Makes a span current while the user's code runs."""

    __slots__ = ("_token", "span")

    def __init__(self, span: Any) -> None:
        self.span, self._token = span, None

    def __enter__(self) -> None:
        self._token = set_context(Context({**get_context(), SPAN_KEY: self.span}))

    def __exit__(self, *_: object) -> None:
        token, self._token = self._token, None
        leave_context(token)

    def leave(self) -> None:
        if self._token is not None:
            self.__exit__()


class _Measured(_Current):
    """Also measures the CPU time of the user's code and the memory growth, if requested."""

    __slots__ = ("_cpu", "_cpu_ns", "_cpu_start", "_memory_start")

    def __init__(self, recorder: Recorder, span: Any) -> None:
        super().__init__(span)
        self._cpu, self._cpu_ns = bool(recorder.capture.get("cpu")), 0
        self._memory_start = memory_bytes() if recorder.capture.get("memory") else None

    def __enter__(self) -> None:
        super().__enter__()
        if self._cpu:
            self._cpu_start = cpu_ns()

    def __exit__(self, *_: object) -> None:
        if self._cpu:
            self._cpu_ns += cpu_ns() - self._cpu_start
        super().__exit__()

    def used(self) -> tuple[int | None, int | None]:
        """Return CPU time in nanoseconds and memory growth in bytes; None if not requested."""
        growth = None if self._memory_start is None else memory_bytes() - self._memory_start
        return self._cpu_ns if self._cpu else None, growth


class LeanCall(_Measured):
    """A call with our own span."""

    __slots__ = ("_exact", "_min_duration_ns", "_recorder")
    span: Span

    def __init__(
        self, recorder: Recorder, inputs: tuple[Any, ...], exact: bytes | None, state: TraceState | None = None
    ) -> None:
        span = path.begin(recorder.function, get_context().get(SPAN_KEY))
        if state is not None:
            start_details(span).trace_state = state
        super().__init__(recorder, span)
        self._recorder, self._exact = recorder, exact
        self._min_duration_ns = recorder.rules.min_duration_ns
        span.inputs, span.start_tick = inputs, ticks()
        # A call that may be too short to be recorded is not recorded before its end.
        if path.recording.on_begin is not None and not self._min_duration_ns:
            path.recording.on_begin(span)
            span.start_tick = ticks()

    @classmethod
    def resumed(cls, recorder: Recorder, span: Span) -> LeanCall:
        """Return a call that continues although its function has returned."""
        call = cls.__new__(cls)
        _Measured.__init__(call, recorder, span)
        call._recorder, call._exact = recorder, None
        call._min_duration_ns = recorder.rules.min_duration_ns
        return call

    def item(self, item: object) -> None:
        if self.span.result is ABSENT and self._recorder.capture.get("result"):
            self.span.result = self._recorder.snapshot(item)

    def finish(self, result: object = ABSENT) -> None:
        span = self.span
        if span.end_tick:
            return
        span.end_tick = ticks()
        if span.end_tick - span.start_tick < self._min_duration_ns:
            note(span.function, span.caller, span.start_tick, span.end_tick)
            return
        if result is not ABSENT and self._recorder.capture.get("result"):
            span.result = self._recorder.snapshot(result)
        self._measure()
        span.on_end(span)

    def fail(self, error: BaseException) -> None:
        self._measure()
        if self._exact is not None and self._recorder.fails(error) and not self._has_secret():
            start_details(self.span).exact = self._exact
        self._recorder.end_failed(self.span, error)

    def _has_secret(self) -> bool:
        limit = self._recorder.function.max_repr
        return any(MASK in render(value, limit) for _, value in self.span.input_values())

    def _measure(self) -> None:
        used = self.used()
        if used != (None, None):
            details = start_details(self.span)
            details.cpu_ns, details.memory_bytes = used


class UnsampledCall:
    """A call that is recorded only if it fails.

    Args:
        span: current while the user's code runs, so that its calls are not sampled either; None leaves the caller's.
    """

    __slots__ = ("_current", "_recorder", "_start_tick", "_values")

    def __init__(self, recorder: Recorder, values: tuple[Any, ...], span: trace.Span | None) -> None:
        self._recorder, self._values = recorder, values
        self._current = None if span is None else _Current(span)
        self._start_tick = ticks()

    @staticmethod
    def resumed(
        recorder: Recorder, start_tick: int, caller: Function | None, is_counted: bool, values: tuple[Any, ...]
    ) -> UnsampledCall:
        """Return a call that continues although its function has returned."""
        call = LeftOutCall(recorder, values, caller) if is_counted else UnsampledCall(recorder, values, None)
        call._start_tick = start_tick
        return call

    def __enter__(self) -> None:
        if self._current is not None:
            self._current.__enter__()

    def __exit__(self, *_: object) -> None:
        if self._current is not None:
            self._current.__exit__()

    def leave(self) -> None:
        if self._current is not None:
            self._current.leave()

    def item(self, item: object) -> None:
        pass

    def finish(self, result: object = ABSENT) -> None:
        pass

    def fail(self, error: BaseException) -> None:
        if self._recorder.fails(error):
            self._recorder.fail_unsampled(error, self._start_tick, self._recorder.freeze(*self._values))


class LeftOutCall(UnsampledCall):
    """A call that is counted, and recorded only if it fails."""

    __slots__ = ("_caller",)

    def __init__(self, recorder: Recorder, values: tuple[Any, ...], caller: Function | None) -> None:
        super().__init__(recorder, values, None)
        self._caller = caller

    def finish(self, result: object = ABSENT) -> None:
        note(self._recorder.function, self._caller, self._start_tick, ticks())

    def fail(self, error: BaseException) -> None:
        if self._recorder.fails(error):
            super().fail(error)
        else:
            self.finish()


class Throttle:
    """A limiter of calls per second.

    Args:
        most: maximum number per second.
    """

    __slots__ = ("_left", "_most", "_until")

    def __init__(self, most: int) -> None:
        self._most = self._left = most
        self._until = 0

    def admits(self) -> bool:
        """Return whether another call may be recorded."""
        now = ticks()
        if now >= self._until:
            self._until, self._left = now + 1_000_000_000, self._most
        self._left -= 1
        return self._left >= 0


class TracerCall(_Measured):
    """A call with a span of another provider's tracer."""

    __slots__ = ("_has_item", "_inputs", "_recorder", "_start_tick")

    def __init__(self, recorder: Recorder, inputs: tuple[Any, ...], tracer: Tracer) -> None:
        self._recorder, self._inputs, self._has_item = recorder, inputs, False
        self._start_tick = ticks()
        template = path.begin(recorder.function, None)
        template.inputs = inputs
        attributes = dict(template.attributes)
        if recorder.sample_rate < 1.0:
            attributes[semconv.SAMPLE_RATE] = recorder.sample_rate
        super().__init__(recorder, tracer.start_span(recorder.function.name, attributes=attributes))

    def item(self, item: object) -> None:
        if not self._has_item:
            self._has_item = True
            self._set_output(item)

    def finish(self, result: object = ABSENT) -> None:
        if result is not ABSENT:
            self._set_output(result)
        self._end()

    def _set_output(self, value: object) -> None:
        function = self._recorder.function
        if self._recorder.capture.get("result") and self.span.is_recording():
            text = render(function.shown_result(self._recorder.snapshot(value)), function.max_repr)
            masked = self._recorder.redactor.redact_value(text)
            self.span.set_attribute(f"{semconv.OUTPUT_PREFIX}{function.output}", masked)

    def _end(self) -> None:
        for key, value in zip((semconv.CPU_TIME_NS, semconv.MEMORY_GROWTH_BYTES), self.used(), strict=True):
            if value is not None:
                self.span.set_attribute(key, value)
        self.span.end()

    def fail(self, error: BaseException) -> None:
        if not self.span.is_recording():
            self._recorder.fail_unsampled(error, self._start_tick, self._inputs)
        elif self._recorder.fails(error):
            self._record(error)
        hide_wrappers(error)
        self._end()

    def _record(self, error: BaseException) -> None:
        redact, frames = self._recorder.redactor.redact_text, own_frames(traceback_of(error))
        failure = Failure.of(error, frames)
        for name, text in self._recorder.locals_of(frames).items():
            self.span.set_attribute(f"{semconv.OUTPUT_PREFIX}{semconv.LOCAL_PREFIX}{name}", redact(text))
        self.span.set_status(Status(StatusCode.ERROR, f"{failure.type}: {failure.message(redact)}"))
        self.span.add_event(semconv.EXCEPTION_EVENT, failure.attributes(redact, escaped=True))


def pickle_inputs(args: tuple[Any, ...], keywords: Mapping[str, Any]) -> bytes | None:
    """Return the arguments of a call, pickled; None if impossible or larger than `MAX_EXACT_BYTES`."""
    import pickle  # few functions request this, and it takes 5 ms to load

    try:
        pickled = pickle.dumps((args, dict(keywords)))
    except Exception:
        return None
    return pickled if len(pickled) <= MAX_EXACT_BYTES else None


def start_details(span: Span) -> Details:
    """Return the details of a span, created if missing."""
    if span.details is None:
        span.details = Details(span.origin.limits)
    return span.details
