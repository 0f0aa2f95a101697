"""Wrappers for every kind of callable, for whatever the generated ones do not do.

The generated wrappers (`template.py`) turn to these while their lean path is closed; generators, and functions whose
CPU time, memory or exact inputs are recorded, always come here.
"""

import contextlib
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any

from obsv.instrument.call import Call, open_call
from obsv.instrument.monitored import Monitored
from obsv.trace.failure import WRAPPER_FILES

WRAPPER_FILES.add(__file__)


def general_wrapper(monitored: Monitored) -> Callable[..., Any]:
    """The wrapper for a callable's kind: function, coroutine function, generator or async generator function."""
    target = monitored.wrapped
    for is_kind, wrap in (
        (inspect.isasyncgenfunction, _async_generator),
        (inspect.isgeneratorfunction, _generator),
        (is_coroutine_function, _coroutine),
    ):
        if is_kind(target):
            return wrap(monitored)
    return _function(monitored)


def is_coroutine_function(target: object) -> bool:
    """Whether a call has to be awaited: `async def`, also as `__call__` of an object or inside a partial."""
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.iscoroutinefunction(target):
        return True
    call = vars(type(target)).get("__call__")
    return not inspect.isroutine(target) and inspect.iscoroutinefunction(call)


def _fail(call: Call, error: BaseException) -> None:
    """End a call with an exception, whose place nothing takes that goes wrong here."""
    with contextlib.suppress(Exception):
        call.fail(error)


def _function(monitored: Monitored) -> Callable[..., Any]:
    wrapped = monitored.wrapped

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = open_call(monitored, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        try:
            with call:
                result = wrapped(*args, **kwargs)
        except BaseException as error:
            _fail(call, error)
            raise
        call.finish(result)
        return result

    return wrapper


def _coroutine(monitored: Monitored) -> Callable[..., Coroutine[Any, Any, Any]]:
    wrapped = monitored.wrapped

    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = open_call(monitored, args, kwargs)
        if call is None:
            return await wrapped(*args, **kwargs)
        try:
            result = await _Driven(call, wrapped(*args, **kwargs))
        except BaseException as error:
            _fail(call, error)
            raise
        call.finish(result)
        return result

    return wrapper


def _generator(monitored: Monitored) -> Callable[..., Generator[Any, Any, Any]]:
    wrapped = monitored.wrapped

    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        call = open_call(monitored, args, kwargs)
        if call is None:
            return (yield from wrapped(*args, **kwargs))
        try:
            result = yield from _drive(call, wrapped(*args, **kwargs), call.item)
        except BaseException as error:
            _fail(call, error)
            raise
        call.finish()
        return result

    return wrapper


def _async_generator(monitored: Monitored) -> Callable[..., AsyncGenerator[Any, Any]]:
    wrapped = monitored.wrapped

    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        call = open_call(monitored, args, kwargs)
        generator = wrapped(*args, **kwargs)
        step = generator.__anext__()
        try:
            while True:
                try:
                    item = await (step if call is None else _Driven(call, step))
                except StopAsyncIteration:
                    break
                if call is not None:
                    call.item(item)
                try:
                    sent = yield item
                except GeneratorExit:
                    await (generator.aclose() if call is None else _Driven(call, generator.aclose()))
                    raise
                except BaseException as error:
                    step = generator.athrow(error)
                else:
                    step = generator.asend(sent)
        except BaseException as error:
            if call is not None:
                _fail(call, error)
            raise
        if call is not None:
            call.finish()

    return wrapper


class _Driven:
    """An awaitable whose body runs inside a call, and nothing else does."""

    __slots__ = ("_awaitable", "_call")

    def __init__(self, call: Call, awaitable: Any) -> None:
        self._call, self._awaitable = call, awaitable

    def __await__(self) -> Generator[Any, Any, Any]:
        return _drive(self._call, self._awaitable.__await__(), None)


def _drive(call: Call, steps: Any, on_item: Callable[[Any], None] | None) -> Generator[Any, Any, Any]:
    """`yield from steps`, entering the call for each step (PEP 380's expansion)."""
    resume: Callable[[Any], Any] = steps.send
    argument: Any = None
    while True:
        try:
            with call:
                item = resume(argument)
        except StopIteration as stop:
            return stop.value
        if on_item is not None:
            on_item(item)
        try:
            resume, argument = steps.send, (yield item)
        except GeneratorExit:
            with call:
                steps.close()
            raise
        except BaseException as error:
            resume, argument = steps.throw, error
