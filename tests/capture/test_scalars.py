"""Single values have a readable text of bounded length."""

from __future__ import annotations

import array
import datetime as dt
import decimal
import enum
import fractions
import functools
import json
import pathlib
import re
import threading
import types
import uuid

import pytest

from obsv.capture import Redactor


def _no_id(value: object) -> str:
    # pytest would ask the value for its text.
    return "value"


class Side(enum.Enum):
    BUY = 1


class Level(enum.IntEnum):
    LOW = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class UserId(int):
    def __repr__(self):
        raise AssertionError


class Name(str):
    __slots__ = ()

    def __len__(self):
        raise AssertionError

    __str__ = __getitem__ = __len__


class Blob(bytes):
    def __len__(self):
        raise AssertionError

    __getitem__ = __len__


class Portfolio:
    def value(self):
        return 1


def function():
    yield


@pytest.mark.parametrize(
    ("value", "text"),
    ids=_no_id,
    argvalues=[
        (1, "1"),
        ("a'b", '"a\'b"'),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (None, "None"),
        (b"\xff", r"b'\xff'"),
        (2j, "2j"),
        (10**300, str(10**300)),
        (-(10**5000), "int(16,610 bits)"),
        (UserId(7), "7"),
        (UserId(10**5000), "int(16,610 bits)"),
        (Name("x"), "'x'"),
        (Blob(b"x"), "b'x'"),
        (Side.BUY, "Side.BUY"),
        (Level.LOW, "Level.LOW"),
        (Access.READ, "Access.READ"),
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc), "2026-01-02T03:04:05+00:00"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.time(3, 4), "03:04:00"),
        (dt.timedelta(days=1, seconds=2), "1 day, 0:00:02"),
        (decimal.Decimal("1.50"), "1.50"),
        (decimal.Decimal("NaN"), "NaN"),
        (fractions.Fraction(1, 3), "Fraction(1, 3)"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (pathlib.PurePosixPath("/tmp/x"), "/tmp/x"),
        (re.compile("a+"), "re.compile('a+')"),
        (range(5), "range(0, 5)"),
        (range(1, 5, 2), "range(1, 5, 2)"),
        (slice(1, None), "slice(1, None, None)"),
        (bytearray(b"ab"), "bytearray(b'ab')"),
        (array.array("d", [1, 2]), "array('d', [1.0, 2.0])"),
        (memoryview(b"abc"), "<memoryview of 3 bytes>"),
        (types.MappingProxyType({"token": 1}), "mappingproxy({'token': ***})"),
        (functools.partial(function, "hunter2", token="hunter2"), "partial(<function {module}.function>, +2 more)"),
        (function, "<function {module}.function>"),
        (len, "<function len>"),
        (Portfolio, "<class {module}.Portfolio>"),
        (int, "<class int>"),
        (json, "<module json>"),
        (Portfolio().value, "<method {module}.Portfolio.value>"),
        (..., "Ellipsis"),
        (NotImplemented, "NotImplemented"),
        (ValueError("bad", 1), "ValueError('bad', 1)"),
        (KeyError("x"), "KeyError('x')"),
    ],
)
def test_text(shown, value, text):
    """Each kind of value has its own short text."""
    assert shown(value) == text.format(module=__name__) if "{module}" in text else shown(value) == text


@pytest.mark.parametrize("value", [Portfolio(), object(), threading.Lock(), threading.local(), iter([]), property()])
def test_other_objects(shown, value):
    """Of any other object type and address are shown."""
    assert shown(value) == f"<{type(value).__qualname__} at {id(value):#x}>"


def test_generator(shown):
    """A generator is shown by its function's name, and is not advanced."""
    value = function()
    assert shown(value) == f"<generator function at {id(value):#x}>"
    assert next(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    ids=_no_id,
    argvalues=[
        ("a" * 10_485_760, "'" + "a" * 19 + "…' (10,485,760 characters)"),
        (b"a" * 5_000, "b'" + "a" * 18 + "…' (5,000 bytes)"),
        (Name("a" * 5_000), "'" + "a" * 19 + "…' (5,000 characters)"),
        (Blob(b"a" * 5_000), "b'" + "a" * 18 + "…' (5,000 bytes)"),
        (bytearray(b"a" * 5_000), "bytearray(b'" + "a" * 8 + "…"),
        (pathlib.PurePosixPath("a" * 30), "a" * 20 + "… (30 characters)"),
    ],
)
def test_long_values(shown, value, text):
    """Long values are cut, and their length is noted."""
    assert shown(value, max_repr=20) == text


def test_huge_decimal(shown):
    """A Decimal of a million digits is not written out."""
    assert shown(decimal.Decimal("1" * 1_000_000)) == "Decimal(exponent 999,999)"


def test_huge_range(shown):
    """The ends of a range may be too long to write."""
    assert shown(range(10**5000)) == "range(0, int(16,610 bits))"


def test_secret_in_exception(shown):
    """Secrets in an exception's messages are masked with the text of the value."""
    redact = Redactor().redact_value
    error = ValueError("login with password=hunter2 failed")
    assert redact(shown(error)) == "ValueError('login with password=*** failed')"
    assert "hunter2" not in redact(shown(RuntimeError({"token": "hunter2"}, Name("api_key: hunter2"))))


def test_exception_at_depth(shown):
    """An exception group is shown with its exceptions, to the depth limit."""
    error = RuntimeError("outer", [ValueError("inner"), [KeyError("deep")]])
    assert shown(error, max_depth=3) == "RuntimeError('outer', [ValueError('inner'), [KeyError(+1 more)]])"


def test_unnamed_flag(shown):
    """A combination of flags is shown by its names or its value."""
    assert shown(Access.READ | Access.WRITE) in ("Access.READ|WRITE", "Access(3)", "Access.WRITE|READ")


def test_released_memoryview(shown):
    """A value that cannot be read any more is shown by type and address."""
    view = memoryview(b"abc")
    view.release()
    assert shown(view) == f"<memoryview at {id(view):#x}>"


def test_lone_surrogates(shown):
    """A text that is no UTF-8 is escaped."""
    for value in (pathlib.PurePosixPath("/\udcff"), "\udcff", {"\udcff": 1}):
        assert r"\udcff" in shown(value)
        shown(value).encode()
