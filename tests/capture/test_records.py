"""Objects that declare fields are shown by them, read from where they are stored."""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import attrs
import pydantic
import pytest


@dataclasses.dataclass
class Order:
    kind: ClassVar[str] = "order"
    order_id: int
    symbol: str = "AAPL"
    note: str = dataclasses.field(default="", repr=False)
    password: str = "hunter2"


@(
    dataclasses.dataclass(frozen=True, slots=True)
    if hasattr(dataclasses, "KW_ONLY")
    else dataclasses.dataclass(frozen=True)
)
class Slotted:
    a: int
    b: list[int]


@dataclasses.dataclass
class One:
    value: Any


@attrs.define
class Attrs:
    x: int
    api_key: str
    hidden: int = attrs.field(default=1, repr=False)


@attrs.define(slots=False)
class Open:
    x: int


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    a: int
    token: str = "hunter2"
    safe: pydantic.SecretStr = pydantic.SecretStr("hunter2")
    hidden: str = pydantic.Field(default="hidden", repr=False)


class Point(NamedTuple):
    x: int
    y: int = 2


Login = namedtuple("Login", "user password")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Order(1), "Order(order_id=1, symbol='AAPL', password=***)"),
        (Slotted(1, [2]), "Slotted(a=1, b=[2])"),
        (One({"a": 1}), "One(value={'a': 1})"),
        (Attrs(1, "hunter2"), "Attrs(x=1, api_key=***)"),
        (Open(1), "Open(x=1)"),
        (Model(a=1, extra="e"), "Model(a=1, token=***, safe=***, extra='e')"),
        (Point(1), "Point(x=1, y=2)"),
        (Login("bob", "hunter2"), "Login(user='bob', password=***)"),
        (SimpleNamespace(a=1, token="hunter2"), "namespace(a=1, token=***)"),
        ([One(One(1))], "[One(value=One(value=1))]"),
    ],
)
def test_text(shown, value, text):
    """A record is shown as its class writes it, without the fields that are secret or not for its repr."""
    assert shown(value) == text


def test_secret_types(shown):
    """pydantic's secret types are masked wherever they stand, without their length."""
    assert shown({"a": [pydantic.SecretStr("hunter2"), pydantic.SecretBytes(b"hunter2")]}) == "{'a': [***, ***]}"


def test_model_of_another_module(shown):
    """A class that is only called BaseModel is no pydantic model."""

    class BaseModel:
        pass

    assert shown(BaseModel()).startswith("<BaseModel at 0x")


def test_more_fields(shown):
    """Fields beyond the limit are counted."""
    many = dataclasses.make_dataclass("Many", [(f"f{i}", int, i) for i in range(5)])
    assert shown(many(), max_items=2) == "Many(f0=0, f1=1, +3 more)"
    assert shown(Point(1), max_items=1) == "Point(x=1, +1 more)"
    assert shown([[[many()]]], max_depth=3) == "[[[Many(+5 more)]]]"


def test_unset_field(shown):
    """A field that was deleted or never set is left out."""
    value = Order(1)
    del value.order_id
    assert shown(value) == "Order(symbol='AAPL', password=***)"
    slotted = object.__new__(Slotted)
    object.__setattr__(slotted, "b", [1])
    assert shown(slotted) == "Slotted(b=[1])"


def test_no_code_of_the_class_runs(shown):
    """Properties, `__getattr__` and `__getattribute__` of a record are not called."""

    @dataclasses.dataclass
    class Trap:
        a: int
        b: int = 2

        def __getattribute__(self, name):
            raise AssertionError(name)

    @dataclasses.dataclass(init=False)
    class Computed:
        a: int
        b: int

        def __getattr__(self, name):
            raise AssertionError(name)

    Computed.b = property(lambda self: 1 / 0)
    computed = Computed()
    computed.__dict__["a"] = 1
    assert shown(Trap(1)) == "Trap(a=1, b=2)"
    assert shown(computed) == "Computed(a=1)"


def test_replaced_dict(shown):
    """A class that puts a property in place of `__dict__` is not asked for it."""

    @dataclasses.dataclass
    class Masked:
        a: int

        def __getattribute__(self, name):
            raise AssertionError

        @property
        def __dict__(self):
            raise AssertionError

    value = object.__new__(Masked)
    assert shown(value) == "Masked()"


def test_lying_fields(shown):
    """A class with a false list of fields costs nothing but its fields."""

    class False1(tuple):
        _fields = (1, 2)

    class False2:
        __dataclass_fields__: ClassVar[Any] = {"a": 1}

    class False3:
        __attrs_attrs__ = (1,)

    assert shown(False1((1,))) == "False1((1,))"
    assert shown(False2()).startswith("<False2 at 0x")
    assert shown(False3()).startswith("<False3 at 0x")
