"""Values in records: what was written comes back, whatever else is refused at once."""

import contextlib
import marshal
import math
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.record.values import BadValues, dumps, loads

ATOMS = (
    st.none()
    | st.booleans()
    | st.just(...)
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=300)
    | st.binary(max_size=300)
)
KEYS = st.text(max_size=80) | st.integers() | st.none() | st.booleans()
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=40,
)


@given(VALUES)
def test_what_was_written_comes_back(value):
    """All that a frozen value may be survives, to the type."""
    assert repr(loads(dumps(value))) == repr(value)


@given(VALUES, st.data())
def test_what_is_torn_is_refused_or_whole(value, data):
    """A piece of the bytes is no value."""
    packed = dumps(value)
    cut = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(BadValues):
        loads(packed[:cut])


@given(st.binary(max_size=400))
def test_random_bytes_do_no_harm(data):
    """Either a value comes out or BadValues."""
    with contextlib.suppress(BadValues):
        loads(data)


@given(VALUES, st.integers(0, 2**32), st.integers(1, 6))
def test_bytes_that_were_changed_do_no_harm(value, seed, changes):
    """Likewise for what nearly is a value."""
    packed, chance = bytearray(dumps(value)), random.Random(seed)
    for _ in range(changes):
        packed[chance.randrange(len(packed))] = chance.randrange(256)
    with contextlib.suppress(BadValues):
        loads(bytes(packed))


@pytest.mark.parametrize("opening", [b"(", b"[", b"<", b">", b"\xa8", b"\xdb"])
@pytest.mark.parametrize("length", [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\x00\x00\x10\x00"])
def test_a_length_that_lies_costs_nothing(opening, length):
    """Marshal would allocate 16 GiB before it looks at the first item."""
    tracemalloc.start()
    try:
        with pytest.raises(BadValues):
            loads(opening + length + b"N" * 50)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_containers_in_containers_that_lie_cost_nothing():
    """A length that is possible once may not be believed two thousand times."""
    data = b"(\xff\xff\0\0" * 1_900 + b"N" * 66_000
    tracemalloc.start()
    try:
        with pytest.raises(BadValues):
            loads(data)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", [{1, 2}, frozenset([1]), test_random_bytes_do_no_harm.__code__, StopIteration])
def test_other_types_of_marshal_are_refused(value):
    """Sets, code and classes are nothing that a frozen value holds."""
    with pytest.raises(BadValues):
        loads(marshal.dumps(value, 2))


def test_references_are_refused():
    """With them a kilobyte could say 2**50 values."""
    shared = ["a" * 100]
    with pytest.raises(BadValues):
        loads(marshal.dumps([shared, shared, shared], 4))


@pytest.mark.parametrize("make", [lambda inner: (inner,), lambda inner: [inner], lambda inner: {"k": inner}])
def test_nesting_is_bounded(make):
    """Deeper than any frozen value is, and whoever reads it would recurse."""
    value = None
    for _ in range(90):
        value = make(value)
    assert loads(dumps(value)) == value
    for _ in range(30):
        value = make(value)
    with pytest.raises(BadValues):
        loads(dumps(value))


def test_many_brackets_side_by_side_are_no_nesting():
    """Texts with brackets and long lists are as good as any."""
    value = ["((([[[{{{" * 40, [(1,)] * 300, {"(": [{}] * 50}]
    assert loads(dumps(value)) == value


def test_bytes_as_ids_have_them():
    """Bytes of 0, 8 and 16 are read like others, and refused where they are torn."""
    for size in (0, 7, 8, 9, 16, 17):
        data = dumps((b"s" * size, 1))
        assert loads(data) == (b"s" * size, 1)
        for end in range(5, len(data)):
            with pytest.raises(BadValues):
                loads(data[:end])


def test_long_texts_and_numbers():
    """Values that the regular expression does not cover are read too."""
    value = ("a" * 5_000, b"b" * 5_000, 1 << 3_000, -(1 << 40), 1.5 + 2j, math.inf, ["x"] * 1_000, "\ud800ä")
    assert loads(dumps(value)) == value
