"""Results that continue: a function that returns a coroutine, a task or a future has not ended when it returns.

Its call ends when the awaitable does, with that outcome and at that time. If it is never awaited or never done, the
call ends when the object is deleted, or with the program.
"""

import atexit
import contextlib
import inspect
import sys
import weakref
from collections.abc import Coroutine, Generator
from types import CoroutineType, FunctionType, GeneratorType, MethodDescriptorType, WrapperDescriptorType
from typing import TYPE_CHECKING, Any

from obsv.capture.frames import WRAPPER_FILES
from obsv.capture.names import ancestry, members_of_class
from obsv.instrument.call import Call, LeanCall, UnsampledCall
from obsv.instrument.recorded import awaited_object
from obsv.instrument.steps import drive
from obsv.trace.recording import compiled_span
from obsv.trace.span import ABSENT, Span

if TYPE_CHECKING:
    from obsv.instrument.recorder import Recorder

WRAPPER_FILES.add(__file__)

_OWN = (Span, compiled_span)

# Calls waiting for their end: the program may end before.
_open: "weakref.WeakSet[_End]" = weakref.WeakSet()


def goes_on(value: object) -> bool:
    """Return whether a result can be awaited, or is a future of `concurrent.futures`; runs no user code."""
    kind = type(value)
    if kind is CoroutineType:
        return True
    if kind is GeneratorType:
        return _is_coroutine(value)
    # The metaclass of most classes is `type`, whose look-up runs no code.
    if type(kind) is type and not hasattr(kind, "__await__"):
        return _is_future(value, "concurrent.futures._base")
    return _is_awaitable(kind) or _is_future(value, "concurrent.futures._base")


# Types of `__await__` that a class defines itself. A class that acts as a proxy and forwards every access has
# descriptors of its own, or claims to be another class.
_METHODS = (FunctionType, WrapperDescriptorType, MethodDescriptorType)


def _is_awaitable(kind: type) -> bool:
    method = None
    for each in ancestry(kind):
        members = members_of_class(each)
        if "__class__" in members and each is not object:
            return False
        method = members.get("__await__") if method is None else method
    return isinstance(method, _METHODS)


def _is_coroutine(value: Any) -> bool:
    return bool(value.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)


def _is_future(value: object, module: str) -> bool:
    """Return whether a value is a future of a module, without importing it."""
    future = getattr(sys.modules.get(module), "Future", None)
    return isinstance(future, type) and issubclass(type(value), future)


def follow(recorder: "Recorder", span: Any, value: Any) -> Any:
    """Continue a call until its result ends.

    Args:
        span: the result of `begin`; its context has been left.
        value: the result.

    Returns:
        The object for the program: the future itself; a coroutine for a coroutine; for other objects a proxy that can
            be
        awaited.
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
    """Return the object for the program if a result continues, as in `follow`; None otherwise."""
    return follow(recorder, span, value) if goes_on(value) else None


class _End:
    """The end of a call, which happens once.

    Args:
        call: the call.
        value: the function's result.
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
        """Return a body's steps, each of which enters the call."""
        return body if self._call is None else drive(self._call, body, None)

    def come(self, result: object = ABSENT, error: BaseException | None = None) -> None:
        """End the call with a result, or an exception."""
        call, self._call = self._call, None
        if call is not None:
            with contextlib.suppress(Exception):
                if error is None:
                    call.finish(result)
                else:
                    call.fail(error)

    def done(self, future: Any) -> None:
        """Handle a completed future. Its exception is not retrieved, because that would mark it as handled."""
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
            # The wrapping one already reports that it was never awaited.
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
    """Return the `__await__` iterator of an object whose awaiting is a call."""
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
