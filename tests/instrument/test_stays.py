"""A recorded function stays what it was, for whatever looks at it, at its frame or at its caller's."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import logging
import sys
import typing
import warnings
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest
from opentelemetry import trace

from obsv import monitor
from obsv.instrument.grafting.graft import IS_POSSIBLE
from obsv.testing import captured_spans
from obsv.trace.span import Span

in_its_own_frame = pytest.mark.skipif(not IS_POSSIBLE, reason="a wrapper's frame stands around this function")


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans() as recorded:
        yield recorded


def order(book: Order, /, size: int = 1, *legs: int, side: str = "buy", **more: int) -> dict[str, Any]:
    """Send an order."""
    total = size
    try:
        for leg in legs:
            total += leg
        if not legs:
            return {"names": sorted(locals())}
    finally:
        done = True
    return {"names": sorted(locals()), "done": done}


async def wait(seconds: float) -> float:
    await asyncio.sleep(0)
    return seconds


@dataclasses.dataclass
class Order:
    size: int


@in_its_own_frame
def test_facts_about_a_function() -> None:
    """Globals, name, file, line, variables, flags, defaults and annotations are the function's own."""
    for function in (order, wait):
        recorded = monitor(_moved(function))
        code, own = recorded.__code__, function.__code__
        assert recorded.__globals__ is globals()
        for name in ("name", "filename", "firstlineno", "varnames", "flags", "freevars", "cellvars", "argcount"):
            assert getattr(code, f"co_{name}") == getattr(own, f"co_{name}")
        for fact in ("__defaults__", "__kwdefaults__", "__annotations__", "__doc__", "__qualname__", "__module__"):
            assert getattr(recorded, fact) == getattr(function, fact)
        for ask in (inspect.getsource, inspect.getfile, inspect.getfullargspec, inspect.signature):
            assert ask(recorded) == ask(function)
        assert inspect.iscoroutinefunction(recorded) is inspect.iscoroutinefunction(function)
        assert typing.get_type_hints(recorded) == typing.get_type_hints(function)
        assert next(code.co_lines())[2] == next(own.co_lines())[2]


def _moved(function: FunctionType) -> FunctionType:
    """The same function as one that no module has: `@monitor` over a `def` gets such a one."""
    moved = FunctionType(function.__code__, globals(), function.__name__, function.__defaults__)
    functools.update_wrapper(moved, function)
    del moved.__wrapped__  # type: ignore[attr-defined]
    moved.__kwdefaults__ = function.__kwdefaults__
    return moved


def test_local_variables_are_the_functions(spans: list[Span]) -> None:
    """`locals()` shows nothing of obsv; both ways to return are recorded."""
    recorded = monitor(order)
    assert recorded(None) == order(None)
    assert recorded(None, 1, 2, x=3) == order(None, 1, 2, x=3)
    assert len(spans) == 2


def test_defaults_that_are_set_later(spans: list[Span]) -> None:
    """They hold for the next call, and are recorded."""

    @monitor
    def f(a: int, b: int = 1) -> int:
        return a + b

    f.__defaults__ = (5,)
    assert f(1) == 6
    assert spans[0].attributes["obsv.input.b"] == "5"


def test_a_warning_blames_the_callers_line() -> None:
    """So `stacklevel=2` does what it did: of a function, a method, an object in front of another."""

    class Old:
        @monitor
        def method(self) -> None:
            warnings.warn("use new", DeprecationWarning, stacklevel=2)

    @monitor
    def old() -> None:
        warnings.warn("use new", DeprecationWarning, stacklevel=2)

    through = monitor(functools.partial(lambda *_: warnings.warn("use new", DeprecationWarning, stacklevel=2), 1))
    for call in (old, Old().method, through):
        with pytest.warns(DeprecationWarning, match="use new") as caught:
            call()
        assert caught[0].filename == __file__


@in_its_own_frame
def test_logging_names_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    """`stacklevel=2` means the function that called the recorded one."""

    @monitor
    def helper() -> None:
        logging.getLogger("shop").warning("careful", stacklevel=2)

    helper()
    assert caplog.records[0].funcName == "test_logging_names_the_caller"


@in_its_own_frame
@pytest.mark.parametrize("depth", [1, 2])
def test_frames_of_callers(depth: int) -> None:
    """Whoever looks up the stack sees the program alone."""

    @monitor
    def inner() -> str:
        return sys._getframe(depth).f_code.co_name

    @monitor
    def outer() -> str:
        return inner()

    assert outer() == ("outer", "test_frames_of_callers")[depth - 1]


@in_its_own_frame
def test_recursion_is_as_deep_and_says_the_same(spans: list[Span]) -> None:
    """A recorded call takes one frame, as an unrecorded one."""

    def deep(recorded: bool) -> tuple[int, str]:
        reached = 0

        def down() -> None:
            nonlocal reached
            reached += 1
            again()

        again: Callable[[], None] = monitor(down) if recorded else down
        with pytest.raises(RecursionError) as caught:
            again()
        return reached, str(caught.value)

    plain, text = deep(recorded=False)
    reached, recorded_text = deep(recorded=True)
    # The innermost is the one in which the limit is met, by a frame of the function or of what it calls.
    assert abs(plain - reached) <= 1
    assert text.split(" while")[0].split(" in ")[0] == recorded_text.split(" while")[0].split(" in ")[0]


@in_its_own_frame
def test_no_room_to_record_changes_nothing(spans: list[Span]) -> None:
    """A call that fits just below the recursion limit returns what it returns."""

    @monitor
    def last() -> int:
        return 7

    def down(levels: int) -> int:
        return last() if levels == 0 else down(levels - 1)

    limit = sys.getrecursionlimit()
    # From a depth at which even the function itself does not fit to one at which recording fits easily.
    results = []
    for levels in range(limit - 150, limit):
        try:
            results.append(down(levels))
        except RecursionError:
            break
    assert set(results) == {7}
    plain = last.__obsv_original__  # type: ignore[attr-defined]
    for levels in range(len(results) + limit - 150, limit):
        with pytest.raises(RecursionError):
            (lambda: _down(plain, levels))()


def _down(function: Callable[[], int], levels: int) -> int:
    return function() if levels == 0 else _down(function, levels - 1)


@in_its_own_frame
def test_lines_that_a_debugger_sees() -> None:
    """`sys.settrace` reports the same events, on the same lines, of the function's frame."""

    def seen(function: Callable[..., Any]) -> list[tuple[str, int]]:
        events: list[tuple[str, int]] = []

        def trace(frame: Any, event: str, argument: Any) -> Any:
            if frame.f_code.co_name not in ("order", "fails"):
                return None
            events.append((event, frame.f_lineno))
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            function(None, 1, 2)
        except ValueError:
            pass
        finally:
            sys.settrace(before)
        return events

    def fails(*values: Any) -> None:
        if values:
            raise ValueError(values)

    def in_a_line(*values: Any) -> Any: return values  # fmt: skip

    in_a_line.__code__ = in_a_line.__code__.replace(co_name="order")
    for function in (order, fails, in_a_line):
        assert seen(monitor(_moved(function))) == seen(function)


def test_a_signature_is_for_readers(spans: list[Span]) -> None:
    """Arguments arrive as they were passed, whatever a callable says of itself; the signature names them."""

    def shows(signature: inspect.Signature) -> Any:
        def inner(*args: Any, **kwargs: Any) -> Any:
            return args, kwargs

        inner.__signature__ = signature  # type: ignore[attr-defined]
        inner.__wrapped__ = len  # type: ignore[attr-defined]
        return inner

    def pair(a: int, b: int = 1) -> None: ...

    shown = shows(inspect.signature(pair))
    recorded = monitor(shown)
    for call in (shown, recorded):
        assert call(1, b=2) == ((1,), {"b": 2})
        assert call(a=1) == ((), {"a": 1})
        assert call(1, 2, 3, c=4) == ((1, 2, 3), {"c": 4})
    assert [dict(span.input_values()) for span in spans] == [
        {"a": 1, "b": 2},
        {"a": 1, "b": 1},
        {"args": spans[2].inputs[0][0][1], "c": 4},
    ]


def test_annotations_are_not_evaluated() -> None:
    """A decoration does not look at annotations: they may name what is not there yet."""
    scope: dict[str, Any] = {"monitor": monitor, "__name__": "later"}
    source = "@monitor\ndef pick(order: Later) -> Later:\n    return order\nclass Later: pass\n"
    if sys.version_info < (3, 14):
        source = f"from __future__ import annotations\n{source}"
    exec(source, scope)
    assert scope["pick"](1) == 1
    assert typing.get_type_hints(scope["pick"]) == {"order": scope["Later"], "return": scope["Later"]}


@in_its_own_frame
def test_a_generator_is_the_functions(spans: list[Span]) -> None:
    """Its code, its variables and its frame are those of the function; closing it ends the call."""

    def count(end: int) -> Iterator[int]:
        for number in range(end):
            yield 2 * number

    recorded, plain = monitor(count)(3), count(3)
    assert (next(recorded), next(plain)) == (0, 0)
    for name in ("name", "filename", "firstlineno", "varnames"):
        assert getattr(recorded.gi_code, f"co_{name}") == getattr(plain.gi_code, f"co_{name}")  # type: ignore[attr-defined]
    assert dict(inspect.getgeneratorlocals(recorded)) == dict(inspect.getgeneratorlocals(plain))
    assert recorded.gi_frame.f_lineno == plain.gi_frame.f_lineno  # type: ignore[attr-defined]
    assert inspect.isgeneratorfunction(monitor(count))
    assert spans == []
    recorded.close()  # type: ignore[attr-defined]
    assert [span.result for span in spans] == [0]


def test_what_is_thrown_into_a_generator(spans: list[Span]) -> None:
    """It runs inside the call, whatever handlers wait, and the span is no longer current outside."""
    current: list[bool] = []

    def is_inside() -> bool:
        return trace.get_current_span().get_span_context().is_valid

    @monitor
    def talks() -> Any:
        heard = []
        while True:
            try:
                heard.append((yield (len(heard), list(range(2)))))
            except KeyError:
                current.append(is_inside())
                return heard

    generator = talks()
    assert next(generator) == (0, [0, 1])
    assert generator.send("a") == (1, [0, 1])
    assert not is_inside()
    with pytest.raises(StopIteration) as caught:
        generator.throw(KeyError())
    assert caught.value.value == ["a"]
    assert current == [True]
    assert not is_inside()
    assert [span.status_code for span in spans] == [0]
