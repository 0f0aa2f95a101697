"""Results that go on: a function that returns a coroutine, a task or a future has not ended when it returns.

Its call ends when that ends, with that outcome and at that time. Of what is never awaited, or never done, the call ends
when the object goes, or the program.
"""

import atexit
import contextlib
import inspect
import sys
import weakref
from collections.abc import Callable, Coroutine, Generator
from types import CoroutineType, FunctionType, GeneratorType, MethodDescriptorType, WrapperDescriptorType
from typing import TYPE_CHECKING, Any

from obsv.capture.frames import WRAPPER_FILES
from obsv.capture.names import ancestry
from obsv.instrument.call import Call, LeanCall, UnsampledCall
from obsv.instrument.recorded import awaited_object
from obsv.instrument.steps import drive
from obsv.trace.recording import compiled_span
from obsv.trace.span import ABSENT, Span

if TYPE_CHECKING:
    from obsv.instrument.recorder import Recorder

WRAPPER_FILES.add(__file__)

_OWN = (Span, compiled_span)
_members: Callable[[type], Any] = type.__dict__["__dict__"].__get__

# What awaits its end: the program may end before.
_open: "weakref.WeakSet[_End]" = weakref.WeakSet()


def goes_on(value: object) -> bool:
    """Whether a result can be awaited, or is a future of `concurrent.futures`; runs none of the user's code."""
    kind = type(value)
    if kind is CoroutineType:
        return True
    if kind is GeneratorType:
        return _is_coroutine(value)
    # The metaclass of most classes is `type`, which looks without running anything.
    if type(kind) is type and not hasattr(kind, "__await__"):
        return _is_future(value, "concurrent.futures._base")
    return _is_awaitable(kind) or _is_future(value, "concurrent.futures._base")


# What `__await__` is where a class has it of its own. A class that stands for another object, and passes on whatever is
# asked of it, has descriptors of its own making, or says that it is of another class.
_METHODS = (FunctionType, WrapperDescriptorType, MethodDescriptorType)


def _is_awaitable(kind: type) -> bool:
    method = None
    for each in ancestry(kind):
        members = _members(each)
        if "__class__" in members and each is not object:
            return False
        method = members.get("__await__") if method is None else method
    return isinstance(method, _METHODS)


def _is_coroutine(value: Any) -> bool:
    return bool(value.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)


def _is_future(value: object, module: str) -> bool:
    """Whether a value is a future of a module, which is not loaded for this."""
    future = getattr(sys.modules.get(module), "Future", None)
    return isinstance(future, type) and issubclass(type(value), future)


def follow(recorder: "Recorder", span: Any, value: Any) -> Any:
    """Let a call go on until its result ends.

    Args:
        span: what `begin` returned; its context is left already.
        value: the result.

    Returns:
        What the program gets: the future itself; a coroutine for a coroutine; for other objects one that is all that
        it is, and can be awaited.
    """
    end = _End(_resumed(recorder, span), value)
    if type(value) in (CoroutineType, GeneratorType):
        return _awaited_coroutine(end, value)
    if _is_future(value, "asyncio.futures") or _is_future(value, "concurrent.futures._base"):
        try:
            value.add_done_callback(end.done)
        except Exception:
            end.come(value)
        return value
    return awaited_object(value, lambda: _object_steps(end))


def _resumed(recorder: "Recorder", span: Any) -> Call:
    """The call of what `begin` returned."""
    if type(span) is tuple:
        return UnsampledCall.resumed(recorder, *span)
    call: Call = LeanCall.resumed(recorder, span) if type(span) in _OWN else span
    return call


def follow_if(recorder: "Recorder", span: Any, value: Any) -> Any:
    """What the program gets of a result that goes on, as `follow` says; None of any other."""
    return follow(recorder, span, value) if goes_on(value) else None


class _End:
    """The end of a call, which comes once.

    Args:
        call: the call.
        value: what the function returned.
    """

    __slots__ = ("__weakref__", "_call", "value")

    def __init__(self, call: Call, value: Any) -> None:
        self._call: Call | None = call
        self.value = value
        if not _open:
            # Handlers run last in, first out: before the one that stores everything, which a start registers.
            atexit.unregister(_end_all)
            atexit.register(_end_all)
        _open.add(self)

    def steps(self, body: Any) -> Any:
        """A body's steps, each of which enters the call."""
        return body if self._call is None else drive(self._call, body, None)

    def come(self, result: object = ABSENT, error: BaseException | None = None) -> None:
        """The end came: with a result, or an exception."""
        call, self._call = self._call, None
        if call is not None:
            with contextlib.suppress(Exception):
                if error is None:
                    call.finish(result)
                else:
                    call.fail(error)

    def done(self, future: Any) -> None:
        """A future is done. It is not asked for its exception: then it would count as looked at."""
        if future.cancelled():
            self.come(error=_cancelled(future))
        elif (error := getattr(future, "_exception", None)) is not None:
            self.come(error=error)
        else:
            self.come(getattr(future, "_result", None))

    def __del__(self) -> None:
        if self._call is None:
            return
        self.come(self.value)
        if type(self.value) is CoroutineType and inspect.getcoroutinestate(self.value) == inspect.CORO_CREATED:
            # The one around it says already that it was never awaited.
            self.value.close()


def _cancelled(future: Any) -> BaseException:
    module = "asyncio.exceptions" if _is_future(future, "asyncio.futures") else "concurrent.futures._base"
    error: BaseException = sys.modules[module].CancelledError()
    return error


def _awaited_coroutine(end: _End, value: Any) -> Coroutine[Any, Any, Any]:
    made: Any = _awaited(end)
    made.__name__, made.__qualname__ = value.__name__, value.__qualname__
    awaited: Coroutine[Any, Any, Any] = made
    return awaited


async def _awaited(end: _End) -> Any:
    try:
        result = await _Awaitable(end)
    except BaseException as error:
        end.come(error=error)
        raise
    end.come(result)
    return result


class _Awaitable:
    """The body of a coroutine whose steps enter the call."""

    __slots__ = ("_end",)

    def __init__(self, end: _End) -> None:
        self._end = end

    def __await__(self) -> Any:
        value = self._end.value
        return self._end.steps(value if type(value) is GeneratorType else value.__await__())


def _object_steps(end: _End) -> Generator[Any, Any, Any]:
    """What `__await__` of an object returns whose awaiting is a call."""
    try:
        result = yield from end.steps(type(end.value).__await__(end.value))
    except BaseException as error:
        end.come(error=error)
        raise
    end.come(result)
    return result


def _end_all() -> None:
    for end in list(_open):
        end.come(end.value)
