"""Values hidden from a class's own repr are hidden in a recording too, without running the class's code."""

from __future__ import annotations

import collections
import dataclasses
import enum
import pathlib
from typing import Any, NamedTuple

import attr
import attrs
import pydantic
import pytest

SECRET = "hunter2"


def never(*_: object) -> str:
    pytest.fail("code of the class was run")


@dataclasses.dataclass
class Shown:
    a: int
    b: str = dataclasses.field(default=SECRET, repr=False)


@dataclasses.dataclass(repr=False)
class Silent:
    a: str = SECRET


@dataclasses.dataclass(repr=False)
class SilentChild(Shown):
    c: str = SECRET


@dataclasses.dataclass
class OwnRepr:
    a: str = SECRET
    __repr__ = never


class OwnReprChild(Shown):
    def __init__(self) -> None:
        super().__init__(1, SECRET)

    __repr__ = never


@dataclasses.dataclass
class ShownAgain(OwnRepr):
    d: int = 1


@attrs.define
class Attrs:
    a: int
    b: str = attrs.field(default=SECRET, repr=False)
    c: str = attrs.field(default=SECRET, repr=lambda value: never())


@attr.s(auto_attribs=True, repr=False)
class SilentAttrs:
    a: str = SECRET


@attrs.define(repr=False)
class OwnAttrs:
    a: str = SECRET
    __repr__ = never


class Pair(NamedTuple):
    a: str
    b: int


class OwnPair(collections.namedtuple("OwnPair", "a b")):
    __slots__ = ()
    __repr__ = never  # type: ignore[assignment]


class OwnText(str):
    __slots__ = ()
    __repr__ = never  # type: ignore[assignment]


class OwnBytes(bytes):
    __repr__ = never  # type: ignore[assignment]


class OwnDict(dict):  # type: ignore[type-arg]
    __repr__ = never  # type: ignore[assignment]


class OwnList(list):  # type: ignore[type-arg]
    __repr__ = never  # type: ignore[assignment]


class OwnDeque(collections.deque):  # type: ignore[type-arg]
    __repr__ = never  # type: ignore[assignment]


class OwnError(ValueError):
    __repr__ = never  # type: ignore[assignment]


class OwnPath(pathlib.PurePosixPath):
    __repr__ = never  # type: ignore[assignment]


class OwnProperty(dict):  # type: ignore[type-arg]
    __repr__ = property(never)  # type: ignore[assignment]


class Model(pydantic.BaseModel):
    a: int = 1
    b: str = pydantic.Field(default=SECRET, repr=False)
    c: pydantic.SecretStr = pydantic.SecretStr(SECRET)


class OwnModel(pydantic.BaseModel):
    a: str = SECRET

    def __repr_args__(self) -> Any:
        never()


class OwnReprModel(pydantic.BaseModel):
    a: str = SECRET
    __repr__ = never


@pytest.mark.parametrize(
    "value",
    [
        *(Silent(), OwnRepr(), OwnReprChild(), SilentAttrs(), OwnAttrs(), OwnPair(SECRET, 2), OwnText(SECRET)),
        *(
            OwnBytes(SECRET.encode()),
            OwnDict(a=SECRET),
            OwnList([SECRET]),
            OwnDeque([SECRET]),
            OwnError(SECRET),
            OwnPath(SECRET),
            OwnProperty(a=SECRET),
            OwnModel(),
            OwnReprModel(),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_shown_by_type_alone(shown: Any, value: Any) -> None:
    """Nobody knows what a repr that somebody wrote would show."""
    assert shown(value).startswith(f"<{type(value).__name__} at 0x")
    text = shown({"inside": [value]})
    assert SECRET not in text
    assert f"<{type(value).__name__} at 0x" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((Shown(1), "Shown(a=1)"), (SilentChild(1), "SilentChild(a=1)"), (Attrs(1), "Attrs(a=1)")),
        *(
            (Pair("x", 2), "Pair(a='x', b=2)"),
            (Model(), "Model(a=1, c=***)"),
            (ShownAgain("x"), "ShownAgain(a='x', d=1)"),
        ),
        (collections.OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (collections.Counter("a"), "Counter({'a': 1})"),
        (pathlib.PurePosixPath("x"), "x"),
        (type("PlainDeque", (collections.deque,), {})("a"), "PlainDeque(['a'])"),
        (type("PlainError", (ValueError,), {})("a"), "PlainError('a')"),
        (collections.defaultdict(int, a=1), "defaultdict({'a': 1})"),
        (type("Plain", (dict,), {})(a=1), "Plain({'a': 1})"),
        (type("PlainText", (str,), {})("x"), "'x'"),
        (enum.Enum("Side", "BUY").BUY, "Side.BUY"),  # type: ignore[attr-defined]
    ],
    ids=lambda value: type(value).__name__,
)
def test_generated_reprs_show_their_fields(shown: Any, value: Any, text: str) -> None:
    """Generated reprs of dataclasses, attrs, collections and pydantic show their fields."""
    assert shown(value) == text
