"""The recorder of one function: the only thing of obsv that its code refers to."""

import functools
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal

from obsv.capture import MASKED, Limits, Redactor, Snapshot, make_snapshot, render
from obsv.instrument.following import follow_if
from obsv.instrument.frames import failing_variables, hide_wrappers
from obsv.instrument.options import Options
from obsv.instrument.parameters import Parameters
from obsv.instrument.parts import make_part
from obsv.instrument.steps import Driven, drive
from obsv.record.core import encoder_of
from obsv.trace import recording as path
from obsv.trace.compiled import core, is_expected
from obsv.trace.context import QUIET, SPAN_KEY, get_context, leave_context
from obsv.trace.failure import is_error
from obsv.trace.function import Function
from obsv.trace.span import Span

Kind = Literal["function", "coroutine", "generator", "async generator"]


class Recorder:
    """Records the calls of one function; `trace/recording.py` says what `begin`, `finish` and `fail` are.

    It is pickled as what to record and how, so that a function that is sent by value (by cloudpickle, dill and what
    uses them) is recorded where it arrives, with what that process has.

    Args:
        function: the unchanging part of every span.
        options: how it is recorded.
        parameters: what `begin` is given.
        kind: of the function; see `Kind`.
        original: the function or callable, where the recorded function calls it instead of being it.

    Attributes:
        hidden: parameters whose values are masked.
        keeps: plain values are kept as they are; False where a serializer has to see every value.
        freeze: turns the values of all parameters into `Span.inputs`.
    """

    __slots__ = (
        "begin",
        "capture",
        "finish",
        "freeze",
        "function",
        "keeps",
        "kind",
        "options",
        "original",
        "parameters",
        "redactor",
        "sample_rate",
        "snapshot",
    )

    # What the source of `template.py` refers to by its recorder, so that it needs no other name.
    any_error, closed, no_more = BaseException, GeneratorExit, StopAsyncIteration
    drive, driven = staticmethod(drive), Driven

    def __init__(
        self,
        function: Function,
        options: Options,
        parameters: Parameters,
        kind: Kind = "function",
        original: Callable[..., Any] | None = None,
    ) -> None:
        self.function, self.options, self.parameters = function, options, parameters
        self.kind, self.original = kind, original
        self.capture, self.sample_rate = options.capture, options.sample_rate
        self.redactor: Redactor = function.redactor
        # Other serializers have to see plain values too.
        self.keeps = options.serializer in ("smart", "repr")
        self.snapshot: Snapshot = make_snapshot(Limits(options.max_repr), self.redactor, options.serializer)
        self.begin: Callable[..., Any] = functools.partial(_made, self, "begin")
        self.finish: Callable[..., Any] = functools.partial(_made, self, "finish")
        self.freeze: Callable[..., tuple[Any, ...]] = functools.partial(_made, self, "freeze")

    @property
    def is_measured(self) -> bool:
        """Whether a call takes more than a span: these are no lean calls."""
        capture = self.capture
        return bool(capture.get("cpu") or capture.get("memory") or capture.get("args") == "exact")

    @property
    def is_stepped(self) -> bool:
        """Whether the body runs in steps, each of which enters the call and leaves it.

        So that its span is current, and its CPU time counted, only while it runs: that of a generator, and of a
        coroutine function that is measured.
        """
        return "generator" in self.kind or (self.kind == "coroutine" and self.is_measured)

    @property
    def is_driven(self) -> bool:
        """Whether somebody else runs the body's steps, each inside the call."""
        return self.is_stepped and self.original is not None

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.function.freeze(), self.options, self.parameters, self.kind, self.original)

    def __repr__(self) -> str:
        return f"Recorder({self.function.name!r})"

    def fail(self, span: Any, error: BaseException) -> None:
        """End a call with the exception that left it. What goes wrong here does not take the exception's place."""
        try:
            if type(span) is Span:
                leave_context(span.token)
                span.token = None
                self.end_failed(span, error)
            else:
                span.leave()
                if type(span) is path.compiled_span:
                    self.end_failed(span, error)
                else:
                    span.fail(error)
        except Exception:
            pass

    def pause(self, call: Any, *item: Any) -> None:
        """The body of a stepped function stops here, where an item goes out or something is awaited."""
        call.leave()
        if item:
            call.item(item[0])

    def resume(self, call: Any) -> None:
        """The body goes on."""
        call.__enter__()

    def snapshot_keywords(self, keywords: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """The pairs of `**kwargs`, frozen, values of sensitive names masked."""
        hidden, snapshot = self.redactor.is_sensitive, self.snapshot
        return tuple((name, MASKED if hidden(name) else snapshot(value)) for name, value in keywords.items())

    def end_failed(self, span: Span, error: BaseException) -> None:
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
        self.end_failed(span, error)

    def locals_of(self, frames: TracebackType | None) -> dict[str, str]:
        """Text of the failing frame's variables, redacted; none where they were not asked for."""
        if not self.capture.get("locals"):
            return {}
        variables = failing_variables(frames)
        limit, hidden = self.function.max_repr, self.redactor.is_sensitive
        return {
            name: render(MASKED if hidden(name) else self.snapshot(value), limit)
            for name, value in variables.items()
            if not name.startswith("__")
        }


def _made(recorder: Recorder, part: str, /, *args: Any) -> Any:
    """Make what a recorder does at a call, when the first call needs it, and do it: most functions are never called."""
    if part == "begin" and core is not None and not recorder.is_measured and not recorder.is_stepped:
        if path.recording.start is not None:
            # This call starts the pipeline; the next one knows who records.
            return make_part(recorder, part)(*args)
        compiled = _compiled(recorder) if is_expected() else None
        if compiled is not None:
            # `finish` first: what is begun is finished by it.
            recorder.finish, recorder.begin = compiled.finish, compiled.begin
            return compiled.begin(*args)
    made = make_part(recorder, part)
    setattr(recorder, part, made)
    return made(*args)


def _compiled(recorder: Recorder) -> Any:
    """The recorder of the compiled core, with Python's steps for calls that are not its own; None where there is none.

    C reads what the "smart" serializer sees, of functions with up to 64 parameters; the rest is frozen by Python.
    """
    parameters, options = recorder.parameters, recorder.options
    if recorder.sample_rate < 1.0 or len(parameters.variables) > _MOST_PARAMETERS:
        return None
    function, is_smart = recorder.function, options.serializer == "smart" and not recorder.function.hides_result
    is_read = is_smart and parameters.shown is None and bool(recorder.capture.get("args"))
    encoder = encoder_of(Limits(options.max_repr), recorder.redactor) if is_smart else None
    hidden = recorder.redactor.is_sensitive
    return core.Recorder(
        function=function,
        begin=_Lazy(recorder, "begin"),
        finish=_Lazy(recorder, "finish"),
        freeze=None if is_read and encoder is not None else lambda *values: recorder.freeze(*values),
        snapshot=lambda value: function.shown_result(recorder.snapshot(value)),
        encoder=encoder,
        count=len(parameters.variables),
        order=tuple(parameters.variables.index(name) for name in parameters.names) if is_read else (),
        masked=tuple(map(hidden, parameters.names)) if is_read else (),
        keywords=parameters.variables.index(parameters.keywords) if is_read and parameters.keywords else -1,
        has_result=bool(recorder.capture.get("result")),
        follow=functools.partial(follow_if, recorder) if recorder.kind == "function" else None,
    )


class _Lazy:
    """One of Python's steps behind the compiled ones: made when a call first needs it."""

    __slots__ = ("_made", "_part", "_recorder")

    def __init__(self, recorder: Recorder, part: str) -> None:
        self._recorder, self._part = recorder, part
        self._made: Callable[..., Any] | None = None

    def __call__(self, /, *args: Any) -> Any:
        if self._made is None:
            self._made = make_part(self._recorder, self._part)
        return self._made(*args)


# The compiled recorder holds their order in an array.
_MOST_PARAMETERS = 64


def _arrived(
    frozen: tuple[Any, ...],
    options: Options,
    parameters: Parameters,
    kind: Kind,
    original: Callable[..., Any] | None,
) -> Recorder:
    """The recorder of a function that came from another process: the same for all copies where that can be told."""
    key = (frozen, parameters, repr(options), kind)
    if original is None and parameters.shown is None and not callable(options.serializer):
        if key not in _copies:
            if len(_copies) >= _MAX_COPIES:
                _copies.clear()
            _copies[key] = Recorder(Function.thaw(frozen), options, parameters, kind)
        return _copies[key]
    return Recorder(Function.thaw(frozen), options, parameters, kind, original)


# A pool of processes sends a function with each task.
_copies: dict[Any, Recorder] = {}
_MAX_COPIES = 1_000


# Looking the default words over takes a fifth of a decoration.
@functools.lru_cache(maxsize=64)
def redactor_of(sensitive_fields: tuple[str, ...]) -> Redactor:
    """What masks the default words and some more."""
    return Redactor(sensitive_fields)
