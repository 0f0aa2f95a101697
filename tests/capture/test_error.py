"""Any exception becomes plain, bounded data, and nothing of the program's runs for it."""

from __future__ import annotations

import builtins
import linecache
import marshal
import sys
import traceback
import types
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from obsv.capture.cancellation import is_error
from obsv.capture.error import CAUSE, CONTEXT, FrozenError, freeze
from obsv.capture.frames import WRAPPER_FILES
from obsv.capture.message import message_of

GROUP: Any = getattr(builtins, "ExceptionGroup", None)
needs_groups = pytest.mark.skipif(GROUP is None, reason="exception groups came with 3.11")


def frozen(error: BaseException) -> FrozenError:
    try:
        raise error
    except BaseException:
        kept = freeze(error, error.__traceback__)
    assert marshal.loads(marshal.dumps(kept)) == kept
    return kept


class Nosy(Exception):
    """Fails the test where anything of its own is run."""

    def _run(self, *_: object) -> Any:
        pytest.fail("code of the program was run")

    __repr__ = __dir__ = __getattr__ = __eq__ = __len__ = __bool__ = __reduce__ = __class_getitem__ = _run  # type: ignore[assignment]
    __hash__ = _run  # type: ignore[assignment]
    __notes__ = __cause__ = __context__ = __traceback__ = args = __dict__ = property(_run)  # type: ignore[assignment]


def test_ordinary() -> None:
    """Class, message, place."""
    kind, message, places, rest = frozen(ValueError("bad value 7"))
    assert (kind, message, rest) == ("ValueError", "bad value 7", None)
    (place,) = places
    assert isinstance(place, tuple)
    line = "        raise error\n"
    assert place[0] == __file__
    assert linecache.getline(__file__, place[1] or 0) == line
    assert place[5] == "frozen"
    if sys.version_info >= (3, 11):
        assert line.encode()[place[3] : place[4]] == b"raise error"


def test_no_code_of_the_program_runs() -> None:
    """Neither for the exception, nor for one that it comes from, nor for what it was made with."""
    error = RuntimeError(Nosy("inner"), "x")
    BaseException.__dict__["__cause__"].__set__(error, Nosy("cause"))
    kind, message, _, rest = frozen(error)
    assert kind == "RuntimeError"
    assert "<Nosy at 0x" in message
    assert rest is not None
    assert rest["from"] == [(CAUSE, (f"{__name__}.Nosy", "cause", (), None))]


@pytest.mark.parametrize("name", ["__dir__", "__getattribute__"])
def test_nothing_is_suggested(name: str) -> None:
    """An AttributeError holds its object, whose names Python asks for; they are the program's."""

    def fail(*_: object) -> Any:
        pytest.fail("code of the program was run")

    error = AttributeError("no attribute 'x'", name="x", obj=type("Odd", (), {name: fail})())
    assert frozen(error)[1] == "no attribute 'x'"


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError


class Exiting(Exception):
    def __str__(self) -> str:
        raise SystemExit


class Numeric(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class Text(str):
    pass


class Talkative(Exception):
    def __str__(self) -> str:
        return Text("spoken")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        *((Silent(), "<exception str() failed>"), (Exiting(), "<exception str() failed>")),
        *((Numeric(), "<exception str() failed>"), (Talkative(), "spoken"), (ValueError(Text("x")), "x")),
        *((ValueError(), ""), (ValueError(None), "None"), (ValueError(1, "a"), "(1, 'a')"), (KeyError("x"), "'x'")),
        *((ValueError(KeyError("x")), "'x'"), (ValueError({"password": "hunter2"}), "{'password': '***'}")),
        *((OSError(2, "No such file", "a.txt"), "[Errno 2] No such file: 'a.txt'"), (ValueError(b"x"), "b'x'")),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "'utf-8' codec can't decode byte 0xff in position 0: bad"),
    ],
)
def test_message(error: BaseException, message: str) -> None:
    """The message is the `str()`, or a note if that fails."""
    kept = frozen(error)
    assert kept[1].replace("'***'", "***").replace("***", "'***'") == message
    assert type(kept[1]) is str


HUGE = "x y " * 5_000_000


def ring(length: int) -> BaseException:
    errors = [ValueError(number) for number in range(length)]
    for error, following in zip(errors, [*errors[1:], errors[0]], strict=True):
        error.__cause__ = following
    return errors[0]


def chain(length: int, name: str) -> BaseException:
    error: Any = ValueError(0)
    for number in range(1, length):
        following = ValueError(number)
        setattr(following, name, error)
        error = following
    return error


def deep_group(depth: int) -> BaseException:
    error: Any = ValueError(1)
    for _ in range(depth):
        error = GROUP("group", [error, ValueError(2)])
    return error


def with_notes(notes: object) -> BaseException:
    error = ValueError("x")
    error.__notes__ = notes  # type: ignore[attr-defined]
    return error


def odd_syntax(**fields: object) -> BaseException:
    error = SyntaxError("bad")
    for name, value in fields.items():
        setattr(error, name, value)
    return error


ODD: list[Callable[[], BaseException]] = [
    *(lambda: ring(1), lambda: ring(2), lambda: ring(7), lambda: ring(500)),
    *(lambda: chain(3_000, "__cause__"), lambda: chain(3_000, "__context__"), lambda: chain(20_000, "__cause__")),
    *(lambda: ValueError(HUGE), lambda: KeyError(HUGE), lambda: OSError(2, HUGE, HUGE), lambda: ValueError(HUGE, HUGE)),
    *(lambda: ValueError([HUGE]), lambda: ValueError(*range(100_000)), lambda: ValueError(list(range(100_000)))),
    *(lambda: ValueError(HUGE.encode()), lambda: ValueError(Text(HUGE)), lambda: ValueError(10**5_000)),
    *(lambda: SyntaxError("bad", ("f", "x", None, object())), lambda: odd_syntax(offset=10**30, text=HUGE, lineno=1)),  # type: ignore[arg-type, list-item]
    *(lambda: odd_syntax(filename=5, lineno="x", text=b"x", offset=-5, msg=object()), lambda: with_notes(HUGE)),
    *(lambda: with_notes(5), lambda: with_notes(["x"] * 100_000), lambda: with_notes([HUGE, object(), None])),
    *(lambda: ValueError("\ud800"), lambda: type("x" * 100_000, (Exception,), {})()),
    *(lambda: type("A", (Exception,), {"__module__": 5})(), lambda: type("B", (ValueError,), {"__module__": None})()),
]


@pytest.mark.parametrize("make", ODD)
def test_odd_exceptions_are_kept_within_bounds(make: Callable[[], BaseException]) -> None:
    """However long, deep or odd: there is a class, and not more than a few pages."""
    kept = frozen(make())
    assert kept[0]
    assert len(marshal.dumps(kept)) < 50_000


@needs_groups
@pytest.mark.parametrize("make", [lambda: GROUP("g", [ValueError(1)] * 10_000), lambda: deep_group(500)])
def test_groups_are_kept_within_bounds(make: Callable[[], BaseException]) -> None:
    """Wide and deep groups keep some of their members, and how many others there are."""
    kept = frozen(make())
    assert kept[3] is not None
    assert kept[3]["members"]
    assert len(marshal.dumps(kept)) < 50_000


@needs_groups
def test_members_that_their_class_hides() -> None:
    """The members are those that the group was made with."""

    class Odd(GROUP):  # type: ignore[misc]
        exceptions = property(lambda self: pytest.fail("code of the program was run"))

    kept = frozen(Odd("g", [ValueError(1)]))
    assert kept[3] == {"members": [("ValueError", "1", (), None)], "others": 0}


def test_chain_by_pythons_rules() -> None:
    """A cause goes before a context, and `from None` ends the chain."""
    error, cause, context = ValueError(1), KeyError(2), TypeError(3)
    error.__context__ = context
    assert (frozen(error)[3] or {})["from"][0][0] == CONTEXT
    error.__suppress_context__ = True
    assert frozen(error)[3] is None
    error.__cause__ = cause
    assert [link[1][0] for link in (frozen(error)[3] or {})["from"]] == ["KeyError"]


def test_recursion_is_folded() -> None:
    """A thousand frames of one place are one place and a number."""

    def descend(depth: int) -> None:
        descend(depth + 1)

    with pytest.raises(RecursionError) as caught:
        descend(0)
    places = freeze(caught.value, caught.value.__traceback__)[2]
    assert len(places) < 10
    count = sum(place if isinstance(place, int) else 1 for place in places)
    frames, depth = caught.value.__traceback__, 0
    while frames is not None:
        frames, depth = frames.tb_next, depth + 1
    assert count == depth


def test_recursion_from_two_lines_is_not_folded() -> None:
    """Frames of one function at two lines are two places, and so are frames of two functions at one instruction."""

    def one(depth: int) -> None:
        if depth % 2:
            other(depth - 1)
        elif depth:
            one(depth - 1)
        else:
            raise ValueError

    def other(depth: int) -> None:
        if depth % 2:
            one(depth - 1)
        elif depth:
            other(depth - 1)
        else:
            raise ValueError

    with pytest.raises(ValueError) as caught:  # noqa: PT011
        one(7)
    places = freeze(caught.value, caught.value.__traceback__)[2]
    expected = [(frame.f_code.co_name, line) for frame, line in traceback.walk_tb(caught.value.__traceback__)]
    assert [(place[5], place[1]) for place in places if isinstance(place, tuple)] == expected


def test_the_failing_line_of_a_long_traceback() -> None:
    """Both ends of it have their lines, and the last one is where it failed."""

    def ping(depth: int) -> None:
        pong(depth - 1) if depth else fail()

    def pong(depth: int) -> None:
        ping(depth)

    def fail() -> None:
        "a line that is not the one that fails"
        raise ValueError

    with pytest.raises(ValueError) as caught:  # noqa: PT011
        ping(200)
    places = freeze(caught.value, caught.value.__traceback__)[2]
    left_out = next(index for index, place in enumerate(places) if isinstance(place, int))
    expected = [(frame.f_code.co_name, line) for frame, line in traceback.walk_tb(caught.value.__traceback__)]
    shown = [(place[5], place[1]) if isinstance(place, tuple) else None for place in places]
    assert shown[:left_out] == expected[:left_out]
    assert shown[left_out + 1 :] == expected[left_out + 1 - len(shown) :]
    assert shown[-1] == ("fail", fail.__code__.co_firstlineno + 2)


def test_places_of_a_traceback_made_by_hand() -> None:
    """Its line is the one that it was made with."""
    frame = sys._getframe()
    error = ValueError("x")
    for line in (1, 99):
        places = freeze(error, types.TracebackType(None, frame, -1, line))[2]
        assert isinstance(places[0], tuple)
        assert places[0][1] == line
    frames = None
    for line in range(300, 0, -1):
        frames = types.TracebackType(frames, frame if line % 2 else frame.f_back or frame, -1, line)
    last = freeze(error, frames)[2][-1]
    assert isinstance(last, tuple)
    assert last[1] == 300


def test_wrappers_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of files that are obsv's do not show."""
    namespace: dict[str, Any] = {}
    exec(compile("def call(f):\n    f()", "<a wrapper>", "exec"), namespace)
    monkeypatch.setattr("obsv.capture.frames.WRAPPER_FILES", {*WRAPPER_FILES, "<a wrapper>"})

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError) as caught:  # noqa: PT011
        namespace["call"](fail)
    places = freeze(caught.value, caught.value.__traceback__)[2]
    assert [place[5] for place in places if isinstance(place, tuple)] == [
        "test_wrappers_are_left_out",
        "fail",
    ]


def cancelled(module: str, name: str) -> BaseException:
    return type(name, (BaseException,), {"__module__": module})()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "error",
    [
        *(GeneratorExit(), StopIteration(1), StopAsyncIteration(), SystemExit(), SystemExit(0)),
        *(cancelled("trio", "Cancelled"), cancelled("trio._core._exceptions", "Cancelled")),
        *(cancelled("greenlet", "GreenletExit"), cancelled("curio.errors", "CancelledError")),
        *(cancelled("asyncio.exceptions", "CancelledError"), cancelled("concurrent.futures._base", "CancelledError")),
    ],
    ids=lambda error: f"{type(error).__module__}.{error!r}",
)
def test_ends_and_cancellations_are_no_errors(error: BaseException) -> None:
    """Nor is a class of the program's that is derived from one."""
    assert not is_error(error)
    if not isinstance(error, SystemExit):
        assert not is_error(type("Mine", (type(error),), {})())


@pytest.mark.parametrize(
    "error",
    [
        *(ValueError(), KeyboardInterrupt(), SystemExit(3), SystemExit("x"), BaseException(), MemoryError()),
        *(cancelled("orders", "Cancelled"), cancelled("trio", "TooSlowError"), cancelled("trios", "Cancelled")),
    ],
    ids=lambda error: f"{type(error).__module__}.{error!r}",
)
def test_others_are_errors(error: BaseException) -> None:
    """A name alone makes no cancellation."""
    assert is_error(error)


@needs_groups
def test_group_of_cancellations_is_no_error() -> None:
    """As a nursery raises it; one error among them makes it one."""
    base_group: Any = BaseExceptionGroup  # noqa: F821
    cancellation = cancelled("trio", "Cancelled")
    assert not is_error(base_group("all", [cancellation, base_group("inner", [cancellation])]))
    assert is_error(base_group("some", [cancellation, ValueError()]))
    assert is_error(GROUP("errors", [ValueError()]))


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_silent_timeout_cancels_what_is_inside(library: str) -> None:
    """`Timeout(1, False)` ends at its `with`; any other one is raised to the user, and is an error."""
    timeout = type("Timeout", (BaseException,), {"__module__": f"{library}.timeout"})
    for exception, expected in ((False, False), (None, True), (ValueError(), True), (0, True)):
        error = timeout()
        error.exception = exception
        assert is_error(error) is expected


def test_real_cancellations() -> None:
    """Those of installed libraries, as they are."""
    greenlet = pytest.importorskip("greenlet")
    assert not is_error(greenlet.GreenletExit())


@pytest.mark.parametrize(
    "argument",
    [
        date(2026, 1, 2),
        datetime(2026, 1, 2, 3, 4),
        datetime(2026, 1, 2, tzinfo=timezone.utc),
        timedelta(seconds=5),
        Decimal("1.20"),
        UUID(int=7),
    ],
)
def test_keys_of_the_library_are_said_as_python_says_them(argument: object) -> None:
    """The message of a KeyError, and of several arguments, is `str()` of the exception."""
    for error in (KeyError(argument), ValueError(argument, 1)):
        assert message_of(error) == str(error)


class Compared(type):
    """A metaclass that fails the test where its classes are compared, hashed or asked."""

    def _run(cls, *_: object) -> Any:
        pytest.fail("code of the program was run")

    __eq__ = __hash__ = __getattribute__ = _run  # type: ignore[assignment]


def test_classes_of_arguments_are_told_by_identity() -> None:
    """Nor does the metaclass of an argument or an exit code run."""

    class Odd(metaclass=Compared):
        __eq__ = Compared._run

    argument = object.__new__(Odd)
    assert frozen(KeyError(argument))[0] == "KeyError"
    assert frozen(ValueError(argument, 1))[0] == "ValueError"
    assert is_error(SystemExit(argument))


@pytest.mark.parametrize(
    ("code", "expected"), [(0, False), (None, False), (False, False), (1, True), ("", True), (0.0, True)]
)
def test_exit_codes_are_the_interpreters(code: object, expected: bool) -> None:
    """Only None and whole numbers that are 0 end a program well."""
    assert is_error(SystemExit(code)) is expected


def test_an_exit_code_of_the_class_is_the_interpreters() -> None:
    """A subclass may give its code in place of the argument; a method that makes one is not run."""

    class Failed(SystemExit):
        code = 3

    class Unasked(SystemExit):
        @property
        def code(self) -> int:  # type: ignore[override]
            pytest.fail("code of the program was run")

    assert is_error(Failed())
    assert not is_error(Unasked())
    fine = Failed("well done")
    fine.code = 0
    assert not is_error(fine)
