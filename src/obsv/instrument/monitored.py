"""A callable under observation: what a decoration worked out once, for all its calls."""

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from obsv.capture import MASKED, Limits, Redactor, Snapshot, make_snapshot, render
from obsv.instrument.options import Options
from obsv.trace import recording as path
from obsv.trace.context import QUIET, SPAN_KEY, get_context
from obsv.trace.details import Details
from obsv.trace.failure import WRAPPER_FILES, is_error
from obsv.trace.function import Function
from obsv.trace.span import Span

# Exact inputs above this are not kept: they would fill the queue's memory and the store.
MAX_EXACT_BYTES = 1_000_000


class Monitored:
    """What the wrappers of one callable share.

    Args:
        wrapped: the user's callable.
        function: its unchanging part of every span.
        options: how it is recorded.
    """

    __slots__ = ("bind", "capture", "function", "keeps", "redactor", "sample_rate", "snapshot", "wrapped")

    def __init__(self, wrapped: Callable[..., Any], function: Function, options: Options) -> None:
        self.wrapped, self.function = wrapped, function
        self.capture, self.sample_rate = options.capture, options.sample_rate
        self.redactor: Redactor = function.redactor
        # Other serializers have to see plain values too.
        self.keeps = options.serializer in ("smart", "repr")
        self.snapshot: Snapshot = make_snapshot(Limits(options.max_repr), self.redactor, options.serializer)
        self.bind: Callable[..., tuple[Any, ...]] = lambda *_, **__: ()

    def snapshot_keywords(self, keywords: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """The pairs of `**kwargs`, frozen, values of sensitive names masked."""
        hidden, snapshot = self.redactor.is_sensitive, self.snapshot
        return tuple((name, MASKED if hidden(name) else snapshot(value)) for name, value in keywords.items())

    def fail(self, span: Span, error: BaseException) -> None:
        """End a span with the exception that left the call, with locals where they were asked for."""
        frames = hide_wrappers(error)
        path.fail(span, error, frames)
        if span.failure is not None:
            span.failure.locals = self.locals_of(frames)
        span.on_end(span)

    def fail_unsampled(self, error: BaseException, start_tick: int, inputs: tuple[Any, ...]) -> None:
        """Record a call that was not sampled, because it failed."""
        parent = get_context().get(SPAN_KEY)
        if not is_error(error) or parent is QUIET:
            return
        span = path.begin(self.function, parent)
        span.inputs, span.start_tick = inputs, start_tick
        self.fail(span, error)

    def locals_of(self, frames: TracebackType | None) -> dict[str, str]:
        """Text of the failing frame's variables, redacted; none where they were not asked for."""
        if not self.capture.get("locals"):
            return {}
        variables = _failing_variables(frames)
        limit, hidden = self.function.max_repr, self.redactor.is_sensitive
        return {
            name: render(MASKED if hidden(name) else self.snapshot(value), limit)
            for name, value in variables.items()
            if not name.startswith("__")
        }


def hide_wrappers(error: BaseException) -> TracebackType | None:
    """Take the wrapper's frames off an exception that is about to be raised again, and return what is left.

    From 3.11 on a bare `raise` goes on with the traceback that it finds in the exception; before, with its own copy.
    """
    frames = own_frames(error.__traceback__)
    # An assignment would run the `__setattr__` of the exception's class, which a frozen dataclass forbids.
    BaseException.with_traceback(error, frames)
    return frames


def own_frames(frames: TracebackType | None) -> TracebackType | None:
    """A traceback from the user's first frame down."""
    while frames is not None and frames.tb_frame.f_code.co_filename in WRAPPER_FILES:
        frames = frames.tb_next
    return frames


def _failing_variables(frames: TracebackType | None) -> Mapping[str, Any]:
    """The locals of the innermost frame that stands in the monitored function's own file."""
    found: Mapping[str, Any] = {}
    own_file = None
    while frames is not None:
        frame = frames.tb_frame
        own_file = own_file or frame.f_code.co_filename
        if frame.f_code.co_filename == own_file:
            found = frame.f_locals
        frames = frames.tb_next
    return dict(found)


def pickle_inputs(args: tuple[Any, ...], keywords: Mapping[str, Any]) -> bytes | None:
    """The arguments of a call, pickled; None where they cannot be or are larger than `MAX_EXACT_BYTES`."""
    import pickle  # few functions ask for this, and it takes 5 ms to load

    try:
        pickled = pickle.dumps((args, dict(keywords)))
    except Exception:
        return None
    return pickled if len(pickled) <= MAX_EXACT_BYTES else None


def start_details(span: Span) -> Details:
    """The details of a span, made if it has none."""
    if span.details is None:
        span.details = Details(span.origin.limits)
    return span.details
