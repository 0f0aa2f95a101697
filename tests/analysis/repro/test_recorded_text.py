"""Records, and values without quotes in containers, are read back as what they are."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import sys
import uuid
from typing import Any, NamedTuple

import pydantic
import pytest

from obsv.analysis.repro import parts
from obsv.analysis.repro.literal import rebuild
from obsv.capture import make_snapshot, render
from obsv.capture.limits import Limits

snapshot = make_snapshot(Limits(max_depth=20, max_items=50))


class Side(enum.Enum):
    BUY = 1


@dataclasses.dataclass
class Line:
    sku: str
    price: decimal.Decimal
    note: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True)
class Order:
    id: uuid.UUID
    side: Side
    lines: list[Line]
    placed: datetime.datetime


class Quote(NamedTuple):
    bid: float
    ask: float


class Customer(pydantic.BaseModel):
    name: str
    tags: list[str] = []


Point = collections.namedtuple("Point", "x y")  # a class without annotations


def again(text: str) -> Any:
    """The value that a generated test makes of a text."""
    found = rebuild(text)
    assert found is not None, text
    names: dict[str, Any] = {"Any": Any, "pytest": pytest, "sys": sys, "enum": enum, "decimal": decimal}
    for name in ("class_of", "member", "made", "hints_of", "zeros"):
        exec(parts.helper(name, __name__), names)
    return eval(found.source, names | {name: __import__(name) for name in found.imports})


@pytest.mark.parametrize(
    "value",
    [
        Order(uuid.UUID(int=7), Side.BUY, [Line("a", decimal.Decimal("1.20")), Line("b", decimal.Decimal(2))],
              datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)),
        Quote(1.5, 1.25),
        Point(1, (2,)),
        Customer(name="Ann, B", tags=["x", "it's"]),
        {uuid.UUID(int=8): "x", "at": datetime.date(2024, 1, 2), "price": decimal.Decimal("1.20")},
        [pathlib.Path("/etc/hosts"), None, True, b"\xff", ()],
        (Quote(1.0, 2.0),),
    ],
)  # fmt: skip
def test_value_comes_back_as_itself(value: Any) -> None:
    """Its class, its fields, and what is in them."""
    found = again(render(snapshot(value), 10_000))
    assert type(found) is type(value)
    assert found == value
    assert repr(found) == repr(value)


def test_absolute_path_needs_no_annotation() -> None:
    """Nothing else is written so without quotes."""
    assert again("/etc/hosts") == pathlib.Path("/etc/hosts")


def test_array_has_its_type_and_shape() -> None:
    """Its contents were not recorded."""
    numpy = pytest.importorskip("numpy")
    found = again(render(snapshot(numpy.arange(6.0).reshape(2, 3))))
    assert (found.shape, found.dtype) == ((2, 3), numpy.float64)


@pytest.mark.parametrize(
    "text",
    [
        "Order(id=1, +2 more)", "Order(id=…)", "Order(id=1", "Order(id=1))", "Order(id=1, id=2)", "Order(1)",
        "Order(id=<x at 0x7f>)", "[Order(id=1),Order(id=2)]", "(Order(id=1))", "{Order(id=1): 1, 2}", "Order(id=***)",
    ],
)  # fmt: skip
def test_text_that_is_not_whole_is_left_alone(text: str) -> None:
    """Cut, masked, or of another serializer."""
    assert rebuild(text) is None
