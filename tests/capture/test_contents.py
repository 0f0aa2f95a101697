"""Exact snapshots of arrays, frames and objects: secrets are masked by their labels, no code of the program runs."""

from __future__ import annotations

import enum
import marshal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from obsv.capture import EXACT, Redactor, make_snapshot, render

SECRET = "hunter2"
LOGIN = [("user", "U9"), ("password", "U9")]


@pytest.fixture
def told() -> Callable[[Any], str]:
    """The exact text of a value, by way of the bytes that a spill file would hold."""
    snapshot = make_snapshot(EXACT, Redactor())
    return lambda value: render(marshal.loads(marshal.dumps(snapshot(value))), EXACT.max_repr)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (pd.DataFrame({"user": ["bob"], "password": [SECRET]}), "values=[['bob'], ***]"),
        (pd.DataFrame({"user": ["bob"], ("login", "password"): [SECRET]}), "values=[['bob'], ***]"),
        (pd.DataFrame({"x": ["bob", SECRET]}, index=["user", "password"]), "values=[['bob', ***]]"),
        (pd.DataFrame({"x": [1]}, index=pd.Index([SECRET], name="password")), "index=***, values=[[1]]"),
        (pd.DataFrame([[1]], columns=pd.Index([SECRET], name="password")), "columns=***"),
        (pd.Series([SECRET], name="password"), "values=***"),
        (pd.Series({"user": "bob", "password": SECRET, "n": 1}), "values=['bob', ***, 1]"),
        (pd.Series(["x"] * 30 + [SECRET], index=[*range(30), "password"]), "'x', ***]"),
        (np.array([("bob", SECRET)], LOGIN), "values=[{'user': 'bob', 'password': ***}]"),
        (np.array([(1, ("bob", SECRET))], [("n", "i4"), ("login", LOGIN)]), "{'n': 1, 'login': {'user': 'bob'"),
        (pd.Series([np.array([("bob", SECRET)], LOGIN)[0]]), "values=[<void>]"),
    ],
)
def test_secrets_are_masked_by_their_labels(told: Callable[[Any], str], value: Any, part: str) -> None:
    """A column, a row, a field or an index of a sensitive name; what stands beside it is kept."""
    text = told([value])
    assert part in text
    assert SECRET not in text


class Loud:
    """An object that notes that its text was asked for."""

    asked: list[str] = []  # noqa: RUF012

    def __repr__(self) -> str:
        self.asked.append("repr")
        return "Loud()"


def test_objects_in_a_structured_array_are_not_asked_for_their_text(told: Callable[[Any], str]) -> None:
    """Its rows are left out."""
    Loud.asked.clear()
    assert "shape=(1,), values=[]" in told(np.array([(1, Loud())], [("n", "i4"), ("x", "O")]))
    assert not Loud.asked


class Namespace(dict[str, Any]):
    """A dict with methods of its own."""

    def items(self) -> Any:
        raise AssertionError

    def __len__(self) -> int:
        raise AssertionError

    keys = __iter__ = get = items  # type: ignore[assignment]


class Model(pydantic.BaseModel):
    """A model of a program."""

    x: int = 0


class Plain:
    """An object of a program."""


def test_attributes_are_read_without_the_methods_of_their_dict(told: Callable[[Any], str]) -> None:
    """A program may set a `__dict__` of its own class."""
    value = Plain()
    value.__dict__ = Namespace(x=1)
    assert told(value) == "Plain(x=1)"


class Colour(enum.Enum):
    """A label that is an object."""

    RED = 1


@dataclass
class Point:
    """A record with a field that may be unset, behind a property."""

    x: int = field(default=0)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError


def test_records_are_read_without_the_methods_of_their_dict(told: Callable[[Any], str]) -> None:
    """Likewise models, and the members of an Enum that are keys."""
    point, model, red = Point(), Model(), Colour.RED
    point.__dict__ = Namespace(x=1)
    object.__setattr__(model, "__dict__", Namespace(x=1))
    usual = red.__dict__
    red.__dict__ = Namespace(usual)
    try:
        assert told([point, model, {red: 1}]) == "[Point(x=1), Model(x=1), {Colour.RED: 1}]"
    finally:
        red.__dict__ = usual


class Meta(type):
    """A metaclass that notes what it is asked."""

    asked: list[str] = []  # noqa: RUF012

    def __getattribute__(cls, name: str) -> Any:
        if name == "__module__":
            Meta.asked.append(name)
        return super().__getattribute__(name)


def test_cells_are_told_without_their_metaclass(told: Callable[[Any], str]) -> None:
    """The class of a cell is the program's."""
    cell = type.__call__(Meta("Cell", (), {}))
    Meta.asked.clear()
    assert "values=[Cell()]" in told(pd.Series([cell]))
    assert not Meta.asked


def test_cells_that_are_arrays(told: Callable[[Any], str]) -> None:
    """They are shown as arrays, and the others beside them."""
    text = told(pd.DataFrame({"x": [np.array([1, 2]), np.int64(3)]}))
    assert "values=[[ndarray(dtype='<i8', shape=(2,), values=[1, 2]), 3]]" in text
