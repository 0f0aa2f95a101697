"""Only values that hide nothing may be kept as they are."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import pathlib
import types
import uuid
from typing import Any, NamedTuple

import attrs
import numpy
import pytest
import requests.auth

from obsv.capture import Redactor
from obsv.capture.openness import is_open


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    x: Any


@dataclasses.dataclass
class Hidden:
    x: Any
    key: str = dataclasses.field(default="hunter2", repr=False)


@dataclasses.dataclass
class Login:
    user: str
    password: str = "hunter2"


@dataclasses.dataclass
class OwnRepr:
    x: Any = 1

    def __repr__(self) -> str:
        return "OwnRepr"


@dataclasses.dataclass
class Pickled:
    x: Any = 1

    def __getstate__(self) -> Any:
        return {"x": "hunter2"}


@attrs.define
class Order:
    symbol: str


class Pair(NamedTuple):
    a: Any
    b: Any


class Plain:
    def __init__(self) -> None:
        self.password = "hunter2"


class Remembering(dict):  # type: ignore[type-arg]
    password = ""


class Side(enum.Enum):
    BUY = 1


def with_more(value: Any) -> Any:
    value.password = "hunter2"
    return value


def ring() -> Any:
    value: list[Any] = [1]
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        *(None, 1, 1.5, "text", b"bytes", [1, [2, {"a": (3, {4})}]], {"a": 1, 2: "b"}, range(3), ring(), len),
        *(Point(1), [Point(Point(1), [2])], Slotted(1), Order("AAPL"), Pair(1, 2), Side.BUY, decimal.Decimal(1)),
        *(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), pathlib.PurePosixPath("/a"), uuid.UUID(int=1)),
        *(collections.deque([1]), collections.OrderedDict(a=1), numpy.zeros(3), list(range(10_000))),
    ],
    ids=repr,
)
def test_open(value: Any) -> None:
    """Plain data, and records that show all of their fields."""
    assert is_open(value, Redactor())


@pytest.mark.parametrize(
    "value",
    [
        *(Plain(), Hidden(1), Login("bob"), OwnRepr(), Pickled(), with_more(Point(1)), with_more(Remembering(a=1))),
        *(requests.auth.HTTPBasicAuth("bob", "hunter2"), functools.partial(print, password="hunter2"), ValueError("x")),
        *({"password": "hunter2"}, {"a": [{"api_key": "x"}]}, ("authorization", "Basic x"), "postgres://u:hunter2@h"),
        *(b"password=hunter2", types.SimpleNamespace(password="x"), numpy.array([Plain()], dtype=object), object()),
        *(list(range(300_000)), collections.defaultdict(Plain), iter([1]), Plain().__init__),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "around", [lambda value: value, lambda value: [value, 1, 2], lambda value: {"a": Point(value)}]
)
def test_not_open(value: Any, around: Any) -> None:
    """Objects that show by type alone, hidden fields, sensitive names and secrets of a known shape, however deep."""
    assert not is_open(around(value), Redactor())
