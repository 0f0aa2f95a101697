"""From recorded text back to the value, exactly or not at all."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.analysis.repro.literal import rebuild
from obsv.capture import make_snapshot, render
from obsv.capture.limits import Limits

NAMES = {
    "collections": collections,
    "datetime": datetime,
    "decimal": decimal,
    "fractions": fractions,
    "uuid": uuid,
}
ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(), st.text(max_size=20), st.binary(max_size=20),
    st.complex_numbers(),
)  # fmt: skip
HASHABLE = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.tuples(st.integers()))
NESTED = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=4), st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip
DATES = st.one_of(
    st.datetimes(), st.datetimes(timezones=st.just(datetime.timezone.utc)), st.dates(), st.times(), st.timedeltas(),
    st.uuids(), st.fractions(), st.builds(range, st.integers(0, 9), st.integers(0, 99)),
)  # fmt: skip

snapshot = make_snapshot(Limits(max_depth=20, max_items=50))


def again(text: str, *annotation: str) -> Any:
    """The value that a text is rebuilt to."""
    found = rebuild(text, annotation)
    assert found is not None, text
    return eval(found.source, {name: NAMES[name] for name in found.imports})


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, including their types; nan equals itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one.items(), other.items(), strict=True))
    if isinstance(one, set | frozenset):
        return {(type(each), each) for each in one} == {(type(each), each) for each in other}
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


@given(NESTED)
def test_what_is_rebuilt_is_the_value(value: Any) -> None:
    """Kind by kind, all the way down. What obsv shortens is not rebuilt at all."""
    text = render(snapshot(value), 100_000)
    found = rebuild(text)
    assert found is None or same(again(text), value)


@given(st.one_of(st.integers(-(2**63), 2**63), st.text(max_size=50), st.lists(st.integers(), max_size=5)))
def test_plain_values_are_rebuilt(value: Any) -> None:
    """Always."""
    assert again(render(snapshot(value))) == value


@given(DATES)
def test_dates_durations_and_ids_are_rebuilt(value: Any) -> None:
    """Though they are no literals; a time that could be a duration needs an annotation."""
    text = render(snapshot(value))
    found = rebuild(text, {type(value).__name__})
    assert found is not None
    rebuilt = again(text, type(value).__name__)
    assert (type(rebuilt), rebuilt) == (type(value), value)


def test_ten_oclock_may_be_ten_hours() -> None:
    """Without an annotation nobody knows."""
    assert rebuild("10:30:00") is None
    assert again("10:30:00", "time") == datetime.time(10, 30)
    assert again("10:30:00", "timedelta", "None") == datetime.timedelta(hours=10, minutes=30)
    assert again("09:30:00") == datetime.time(9, 30)
    assert again("9:30:00") == datetime.timedelta(hours=9, minutes=30)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_digits_are_a_decimal_where_the_annotation_says_so(value: decimal.Decimal) -> None:
    """And where no float is written so; never a float that has other digits."""
    text = render(snapshot(value))
    assert same(again(text, "Decimal"), value)
    plain = rebuild(text)
    assert plain is None or again(text) in (value, float(value))


def test_a_decimal_with_a_zero_at_its_end_is_no_float() -> None:
    """Its text is not what a float's would be."""
    assert again("1.20") == decimal.Decimal("1.20")
    assert again("1.2") == 1.2


@pytest.mark.parametrize(
    "value",
    [
        decimal.Decimal("1.20"), uuid.UUID(int=7), datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.timezone.utc),
        datetime.date(2026, 1, 2), datetime.timedelta(days=1, seconds=3), [datetime.time(1, 2)],
    ],
)  # fmt: skip
def test_what_repr_writes_is_rebuilt(value: Any) -> None:
    """With the serializer "repr"."""
    assert same(again(repr(value)), value)


class Colour(enum.Enum):
    RED = 1


def test_a_member_is_looked_up_when_the_test_runs() -> None:
    """Its text does not say where its class is."""
    found = rebuild(render(snapshot([Colour.RED])))
    assert found is not None
    assert (found.source, found.helpers) == ("[member('Colour.RED')]", {"member"})


@pytest.mark.parametrize(
    "text",
    [
        "", "***", "{'password': ***}", "'a***b'", "'abc…' (1,234 characters)", "[1, 2, +5 more]", "[1, 2, 3…",
        "<Order at 0x7f3c>", "int(1,329 bits)", "[[[[+1 more]]]]", "array([1, 2])", "deque([1, 2])",
        '"json"', '{"a": 1}', "[1,2]", "true", "null", "1_000", "0x10", "1 + 1", "(1)", "+1", "not 1", "print(1)",
        "__import__('os').system('x')", "open('x')", "(lambda: 1)()", "[x for x in y]", "f'{1}'", "a.b.c", "a._b",
        "range(stop=3)", "frozenset(print)", "{**a}", "*a", "1\n2", "x" * 200_000, "[" * 5_000, "(" * 90 + ")" * 90,
        "-" * 3_000 + "1", "9" * 5_000, "'\\x00", "2026-13-01", "2026-1-1",
        "bytearray(10000000000)", "set(range(9))", "Fraction('1e9')", "Counter(range(9))", "frozenset(set())",
        "OrderedDict(range(9))", "range(range(9))", "25:00:00", "\ud800", "datetime.MAXYEAR()",
    ],
)  # fmt: skip
def test_what_does_not_say_its_value_is_left_alone(text: str) -> None:
    """Cut, masked, described, of another serializer, or simply code."""
    assert rebuild(text) is None


@given(st.text(max_size=60))
def test_any_text_is_rebuilt_to_source_or_not_at_all(text: str) -> None:
    """And what comes out is an expression."""
    found = rebuild(text, {"Decimal", "Path"})
    if found is not None:
        compile(found.source, "<rebuilt>", "eval")


@pytest.mark.parametrize("value", [-0j, complex(0, -5), complex(-0.0, -5), complex(-0.0, 0.0), 3 - 2j, -1j])
def test_complex_numbers_keep_the_signs_of_their_zeros(value: complex) -> None:
    """An expression of real and imaginary part does not."""
    assert same(again(render(snapshot(value))), value)
