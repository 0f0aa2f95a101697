"""The recorder of one function: the only object of obsv that its code refers to."""

import _thread
import functools
import logging
import marshal
import os
import sys
import weakref
from collections.abc import Callable, Mapping
from types import CodeType, FrameType, TracebackType
from typing import Any, Literal

from obsv import semconv
from obsv.capture import MASKED, Limits, Redactor, Snapshot, make_snapshot, render
from obsv.instrument import unsampled
from obsv.instrument.call import Throttle, start_details
from obsv.instrument.exact import ExactInputs
from obsv.instrument.expected import Expectation
from obsv.instrument.following import follow_if
from obsv.instrument.frames import failing_variables, hide_wrappers
from obsv.instrument.options import Options, process_settings, rules_of, when_changed
from obsv.instrument.parameters import Parameters
from obsv.instrument.parts import make_direct, make_part
from obsv.instrument.steps import Driven, drive
from obsv.own_time import ticks
from obsv.record.core import encoder_of
from obsv.trace import recording as path
from obsv.trace.compiled import core, is_expected
from obsv.trace.context import QUIET, SPAN_KEY, get_context, leave_context
from obsv.trace.failure import freeze, is_error
from obsv.trace.function import Function
from obsv.trace.span import Span

Kind = Literal["function", "coroutine", "generator", "async generator"]

logger = logging.getLogger("obsv")


class Recorder:
    """The recorder of one function; `trace/recording.py` describes `begin`, `finish` and `fail`.

    It pickles as a description of what to record and how, so that a function sent by value (by cloudpickle, dill and
    their users) is recorded where it arrives, with the settings of that process.

    Args:
        function: the constant part of every span.
        options: recording options.
        parameters: the arguments of `begin`.
        kind: kind of the function; see `Kind`.
        original: the function or callable, if the recorded function calls it instead of being it.
        output: the name of the result's row.
        steps: the value of `is_stepped`; None if it depends on the current rules.

    Attributes:
        exact: reads the inputs of failing calls; None before the first one.
        code: the function's own, where recording was put into a copy of it when it was decorated.
        rules: how calls are recorded: the options over the settings of the process.
        expects: tells exceptions that are no errors.
        throttle: admits calls, where only so many in a second are recorded.
        later: what it was made of, or will be; None of one that was made when its function was decorated.
        keeps: plain values are kept as they are; False where a serializer has to see every value.
        freeze: turns the values of all parameters into `Span.inputs`.
    """

    __slots__ = (
        "__weakref__",
        "_is_stepped",
        "begin",
        "capture",
        "code",
        "exact",
        "expects",
        "finish",
        "freeze",
        "function",
        "is_made",
        "keeps",
        "kind",
        "later",
        "options",
        "original",
        "output",
        "parameters",
        "redactor",
        "rules",
        "sample_rate",
        "settings",
        "snapshot",
        "throttle",
    )

    # Attributes that the source in `template.py` uses through its recorder, so that it needs no other name.
    any_error, closed, no_more = BaseException, GeneratorExit, StopAsyncIteration
    drive, driven = staticmethod(drive), Driven
    # Errors that keep a call of ours from being entered at all (`graft.py`).
    no_room = (RecursionError, MemoryError)

    def __init__(
        self,
        function: Function,
        options: Options,
        parameters: Parameters,
        kind: Kind = "function",
        original: Callable[..., Any] | None = None,
        output: str | None = None,
        steps: bool | None = None,
    ) -> None:
        self.function, self.options, self.parameters = function, options, parameters
        self.kind, self.original = kind, original
        self.output = output or (semconv.YIELD if "generator" in kind else semconv.RETURN)
        self.later: Later | None = None
        self.code: CodeType | None = None
        self.is_made = True
        self._is_stepped = steps
        self.settle()
        if steps is None:
            self._is_stepped = is_stepped(kind, self.is_measured)

    def settle(self) -> None:
        """Apply the current settings, before the next call."""
        options, function, parameters = self.options, self.function, self.parameters
        self.settings = process_settings()
        rules = self.rules = rules_of(options, self.settings)
        self.capture, self.sample_rate = rules.capture, rules.sample_rate
        if self.kind == "coroutine" and self._is_stepped is False:
            # Memory used while other tasks run can no longer be distinguished from its own.
            self.capture = {**rules.capture, "cpu": False, "memory": False}
        self.expects = Expectation(rules.expected)
        self.exact: ExactInputs | None = None
        self.throttle = None if rules.max_per_second is None else Throttle(rules.max_per_second)
        self.redactor: Redactor = redactor_of(rules.sensitive_fields)
        # Other serializers must see plain values too.
        self.keeps = options.serializer in ("smart", "repr")
        self.snapshot: Snapshot = make_snapshot(Limits(rules.max_repr), self.redactor, options.serializer)
        has_args = bool(self.capture.get("args"))
        function.settle(
            inputs=parameters.names if has_args and parameters.shown is None else (),
            has_keywords=has_args and (parameters.keywords is not None or parameters.shown is not None),
            output=self.output if self.capture.get("result") else None,
            max_repr=rules.max_repr,
            redactor=self.redactor,
            sample_rate=rules.sample_rate,
        )
        self.renew()

    def renew(self) -> None:
        """Create the parts again at the next call."""
        begun_by = getattr(self, "finish", None)
        self.freeze: Callable[..., tuple[Any, ...]] = functools.partial(_made, self, "freeze")
        self.finish: Callable[..., Any] = functools.partial(_finished, self, begun_by)
        self.begin: Callable[..., Any] = functools.partial(_made, self, "begin")

    @classmethod
    def at_first_call(cls, later: "Later") -> "Recorder":
        """Return a recorder that is created from `later` on first use: most functions are never called."""
        recorder = cls.__new__(LateRecorder)
        recorder.later, recorder.is_made = later, False
        recorder.begin = functools.partial(_first, recorder)
        return recorder

    def make(self, frame: FrameType | None) -> None:
        """Create the parts of an `at_first_call` recorder, unless that was done.

        Args:
            frame: frame of the function's first call, if it is called.
        """
        if self.is_made or self.later is None:
            return
        function, options, parameters, kind = self.later.arguments(frame)
        # Its code was created without knowing the settings.
        made = Recorder(function, options, parameters, kind, steps=is_stepped(kind, False))
        made.freeze, made.finish = functools.partial(_made, self, "freeze"), functools.partial(_made, self, "finish")
        with _making:
            if not self.is_made:
                for name in _AT_FIRST_CALL:
                    setattr(self, name, getattr(made, name))
                self.is_made, self.begin = True, functools.partial(_made, self, "begin")
                self.__class__ = Recorder

    @property
    def is_measured(self) -> bool:
        """Return whether a call takes more than a span: such calls do not use the fast path."""
        capture = self.capture
        return bool(capture.get("cpu") or capture.get("memory") or capture.get("args") == "exact")

    @property
    def is_stepped(self) -> bool:
        """Return whether the body runs in steps, each of which enters and leaves the call.

        Then its span is current, and its CPU time counted, only while it runs: for a generator, and for a coroutine
        function that
        is measured. Decided when the function is decorated, because its code depends on it.
        """
        return bool(self._is_stepped)

    @property
    def is_driven(self) -> bool:
        """Return whether something else runs the body's steps, each inside the call."""
        return self.is_stepped and self.original is not None

    def __reduce__(self) -> tuple[Any, ...]:
        what = self.function.freeze(), self.options, self.parameters, self.kind
        return _arrived, (*what, self.original, self.output, self._is_stepped, _packed(self.code))

    def __repr__(self) -> str:
        return f"Recorder({self.function.name!r})"

    def fail(self, span: Any, error: BaseException) -> None:
        """End a call with the exception that left it. An error here does not replace that exception."""
        try:
            kind = type(span)
            if kind is Span:
                leave_context(span.token)
                span.token = None
                self.end_failed(span, error)
            elif kind is path.compiled_span:
                span.leave()
                self.end_failed(span, error)
            elif kind is tuple:
                unsampled.fail(self, span, error)
            else:
                span.leave()
                span.fail(error)
        except Exception:
            pass

    def pause(self, call: Any, *item: Any) -> None:
        """Pause a stepped function: an item is yielded or something is awaited."""
        call.leave()
        if item:
            call.item(item[0])

    def resume(self, call: Any) -> None:
        """Resume the body."""
        call.__enter__()

    def snapshot_keywords(self, keywords: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """Return the pairs of `**kwargs`, frozen, with values of sensitive names masked."""
        hidden, snapshot = self.redactor.is_sensitive, self.snapshot
        return tuple((name, MASKED if hidden(name) else snapshot(value)) for name, value in keywords.items())

    def end_failed(self, span: Span, error: BaseException) -> None:
        """End a span with the exception that left the call, with local variables if requested."""
        frames = hide_wrappers(error)
        if self.expects(error):
            self._end_expected(span, error, frames)
            return
        path.fail(span, error, frames)
        if span.failure is not None:
            if self.capture.get("locals"):
                span.failure.locals = self.locals_of(frames)
            exact = self.exact
            # Of most failing calls the recorded inputs tell everything: those pay a twentieth of an SDK span less.
            if exact is None or exact.receiver is not None or type(span) is Span or span.has_marks:
                self._keep_inputs(span, frames)
        span.on_end(span)

    def _keep_inputs(self, span: Span, frames: TracebackType | None) -> None:
        """Keep what the recorded inputs of a failed call do not tell, for a test that fails the same way."""
        try:
            if self.exact is None:
                self.exact = ExactInputs(self)
            inputs = self.exact.read(span, frames)
            if inputs is not None:
                start_details(span).inputs = inputs
        except Exception:
            logger.debug("The inputs of a failed call could not be kept.", exc_info=True)

    @staticmethod
    def _end_expected(span: Span, error: BaseException, frames: TracebackType | None) -> None:
        kind, message, *_ = freeze(error, frames)
        text = span.function.redactor.redact_text(message[:_MESSAGE_CHARS])
        span.add_event(semconv.EXCEPTION_EVENT, {semconv.EXCEPTION_TYPE: kind, semconv.EXCEPTION_MESSAGE: text})
        span.end_tick = ticks()
        span.on_end(span)

    def fails(self, error: BaseException) -> bool:
        """Return whether a call that this exception leaves has failed."""
        return is_error(error) and not self.expects(error)

    def fail_unsampled(self, error: BaseException, start_tick: int, inputs: tuple[Any, ...]) -> None:
        """Record an unsampled call because it failed."""
        parent = get_context().get(SPAN_KEY)
        if not self.fails(error) or parent is QUIET:
            return
        span = path.begin(self.function, parent)
        span.inputs, span.start_tick = inputs, start_tick
        self.end_failed(span, error)

    def locals_of(self, frames: TracebackType | None) -> dict[str, str]:
        """Return the text of the failing frame's variables, redacted; none if they were not requested."""
        if not self.capture.get("locals"):
            return {}
        variables = failing_variables(frames)
        limit, hidden = self.function.max_repr, self.redactor.is_sensitive
        return {
            name: render(MASKED if hidden(name) else self.snapshot(value), limit)
            for name, value in variables.items()
            if not name.startswith("__")
        }


def is_stepped(kind: Kind, is_measured: bool) -> bool:
    """Return the value of `Recorder.is_stepped`."""
    return "generator" in kind or (kind == "coroutine" and is_measured)


class LateRecorder(Recorder):
    """A recorder before its first use; then it is a `Recorder`, whose attributes are read without this detour."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name not in _AT_FIRST_CALL:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.make(None)
        return getattr(self, name)


class Later:
    """The source of a recorder that is created when its function is first called."""

    __slots__ = ()

    @property
    def code(self) -> CodeType:
        """Return the function's code without its recording."""
        raise NotImplementedError

    def arguments(self, frame: FrameType | None) -> tuple[Function, Options, Parameters, Kind]:
        """Return the arguments of `Recorder`; `frame` is that of the first call, if there is one."""
        raise NotImplementedError


# Slots that are empty until the first call.
_AT_FIRST_CALL = tuple(name for name in Recorder.__slots__ if name not in ("__weakref__", "later", "is_made", "begin"))

# Held for microseconds, and never while other code runs.
_making = _thread.RLock()


def _renew() -> None:
    global _making
    _making = _thread.RLock()  # the thread that held it was not forked


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def _first(recorder: Recorder, /, *args: Any) -> Any:
    """Begin the first call of a function."""
    try:
        # The frame of the function: partials have none.
        recorder.make(sys._getframe(1))
    except (RecursionError, MemoryError):
        raise  # the call continues unrecorded, the next one tries again
    except Exception:
        logger.debug("A function is left unrecorded.", exc_info=True)
        recorder.begin = _unrecorded
    return recorder.begin(*args)


def _unrecorded(*_: Any) -> None: ...


# Recorders with parts, to be created again when the settings of the process change.
_recorders: "weakref.WeakSet[Recorder]" = weakref.WeakSet()


def _renew_all() -> None:
    for recorder in list(_recorders):
        recorder.renew()
    _recorders.clear()


when_changed(_renew_all)


def _made(recorder: Recorder, part: str, /, *args: Any) -> Any:
    """Create a part of the recorder when the first call needs it, and run it: most functions are never called."""
    if recorder.settings is not process_settings():
        recorder.settle()
    _recorders.add(recorder)
    if part == "begin" and not recorder.is_measured and not recorder.is_stepped:
        if path.recording.start is not None:
            # This call starts the pipeline; then the next one knows the recorder.
            return make_part(recorder, part)(*args)
        compiled = _compiled(recorder) if core is not None and is_expected() else None
        both = make_direct(recorder) if compiled is None else (compiled.begin, compiled.finish)
        if both is not None:
            # `finish` first: it ends everything that `begin` starts.
            recorder.finish, recorder.begin = both[1], both[0]
            return both[0](*args)
    made = make_part(recorder, part)
    setattr(recorder, part, made)
    return made(*args)


def _finished(recorder: Recorder, before: Callable[..., Any] | None, span: Any, result: Any) -> Any:
    """Run the first `finish` after a change of settings: a call that the core began before is ended by the core."""
    if type(span) is path.compiled_span and type(span) is not Span and before is not None:
        return before(span, result)
    return _made(recorder, "finish", span, result)


def _compiled(recorder: Recorder) -> Any:
    """Return the recorder of the compiled core, with Python's steps for exceptional calls; None if there is no core.

    C reads the values of the "smart" serializer, in functions with up to 64 parameters; Python freezes the rest.
    """
    parameters, options = recorder.parameters, recorder.options
    if recorder.sample_rate < 1.0 or recorder.rules.selects or len(parameters.variables) > _MOST_PARAMETERS:
        return None
    function, is_smart = recorder.function, options.serializer == "smart" and not recorder.function.hides_result
    is_read = is_smart and parameters.shown is None and bool(recorder.capture.get("args"))
    encoder = encoder_of(Limits(recorder.rules.max_repr), recorder.redactor) if is_smart else None
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
    """A Python step behind the compiled ones, created when a call first needs it."""

    __slots__ = ("_made", "_part", "_recorder")

    def __init__(self, recorder: Recorder, part: str) -> None:
        self._recorder, self._part = recorder, part
        self._made: Callable[..., Any] | None = None

    def __call__(self, /, *args: Any) -> Any:
        if self._made is None:
            self._made = make_part(self._recorder, self._part)
        return self._made(*args)


# Length of the message of an exception that is not an error.
_MESSAGE_CHARS = 1_000

# The compiled recorder keeps their order in an array.
_MOST_PARAMETERS = 64


def _arrived(
    frozen: tuple[Any, ...],
    options: Options,
    parameters: Parameters,
    kind: Kind,
    original: Callable[..., Any] | None,
    output: str,
    steps: bool,
    code: bytes | None,
) -> Recorder:
    """The recorder of a function that came from another process: the same for all copies where that can be told."""
    from obsv.instrument.compilers import follow_compilers  # which stands above this

    follow_compilers()
    key = (frozen, parameters, repr(options), kind, steps)
    if original is None and parameters.shown is None and not callable(options.serializer):
        if key not in _copies:
            if len(_copies) >= _MAX_COPIES:
                _copies.clear()
            _copies[key] = Recorder(Function.thaw(frozen), options, parameters, kind, None, output, steps)
            _copies[key].code = _unpacked(code)
        return _copies[key]
    recorder = Recorder(Function.thaw(frozen), options, parameters, kind, original, output, steps)
    recorder.code = _unpacked(code)
    return recorder


def _packed(code: CodeType | None) -> bytes | None:
    try:
        return None if code is None else marshal.dumps(code)
    except ValueError:  # somebody has put a constant into it that no compiler makes
        return None


def _unpacked(code: bytes | None) -> CodeType | None:
    return None if code is None else marshal.loads(code)


# A process pool sends a function with each task.
_copies: dict[Any, Recorder] = {}
_MAX_COPIES = 1_000


# Examining the default words takes a fifth of a decoration.
@functools.lru_cache(maxsize=64)
def redactor_of(sensitive_fields: tuple[str, ...]) -> Redactor:
    """Return a redactor for the default words and additional ones."""
    return Redactor(sensitive_fields)
