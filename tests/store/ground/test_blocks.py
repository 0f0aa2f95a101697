"""Filters of blocks: bits of texts, the same in Python and in C; damaged ones are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.record.core import compiled
from obsv.store.ground import blocks
from obsv.store.ground.blocks import FILTERS_BYTES, Group, add_grams, edges_in, needed, slice_in, slices_of

TEXTS = st.binary(max_size=60) | st.text("abcXYZ019_ .-\"'\\é日", max_size=60).map(str.encode)


@pytest.mark.skipif(compiled is None, reason="there is no compiled core")
@given(st.lists(TEXTS, max_size=5), st.integers(0, blocks.BLOCKS - 1))
def test_python_and_c_set_the_same_bits(texts: list[bytes], block: int) -> None:
    """A file may be built by one and searched by the other."""
    assert compiled is not None
    ours, theirs = bytearray(FILTERS_BYTES), bytearray(FILTERS_BYTES)
    counted = [add_grams(ours, block, text) for text in texts]
    assert [compiled.add_grams(theirs, block, text) for text in texts] == counted
    assert ours == theirs


@pytest.mark.skipif(compiled is None, reason="there is no compiled core")
@pytest.mark.parametrize("arguments", [(bytearray(5), 0, b""), (bytearray(FILTERS_BYTES), blocks.BLOCKS, b"")])
def test_c_writes_into_no_other_memory(arguments: tuple[bytearray, int, bytes]) -> None:
    """Filters of another size, and blocks that are not there, are refused."""
    assert compiled is not None
    with pytest.raises(ValueError, match="no such block"):
        compiled.add_grams(*arguments)


@given(TEXTS, TEXTS, TEXTS)
def test_part_of_a_text_needs_no_bit_that_the_text_lacks(before: bytes, text: bytes, after: bytes) -> None:
    """Whatever stands around it, and in either case."""
    filters = bytearray(FILTERS_BYTES)
    add_grams(filters, 3, before + text + after)
    parts = [bytes(filters[at : at + blocks.PART_BYTES]) for at in range(0, FILTERS_BYTES, blocks.PART_BYTES)]
    sealed = [blocks._sealed(part[:-4]) for part in parts]
    for gram in needed(text.swapcase()):
        for number in slices_of(gram):
            bits = slice_in(sealed[number // blocks.SLICES_A_PART], number)
            assert bits is not None
            assert int.from_bytes(bits, "little") == 1 << 3


def test_many_runs_are_spread_over_the_text() -> None:
    """A long text is looked for by eight of its runs, long ones if it has any."""
    text = b"".join(b"w%04d " % number for number in range(100))
    assert len(needed(text)) == 8
    assert {len(gram) for gram in needed(text)} == {blocks.LONG}
    assert needed(b"a-b, c.d") == []


def test_group_ends_with_its_last_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its edges are the first call of each block, and the one after the last."""
    monkeypatch.setattr(blocks, "MOST_CALLS", 2)
    group = Group()
    numbers = iter(range(10, 5_000, 3))
    while not group.is_full:
        group.add(next(numbers), b"text", None)
    assert (group.first_id, group.calls) == (10, blocks.BLOCKS * 2)
    edges = edges_in(group.edges(), group.first_id, group.last_id)
    assert edges is not None
    assert (edges[:3], edges[-1]) == ((10, 16, 22), group.last_id + 1)


def test_block_ends_when_it_would_tell_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before it has as many bytes of text as would be eight times its filter."""
    group = Group()
    group.add(1, b" ".join(b"w%05d" % number for number in range(900)))
    group.add(2, b"a")
    group.add(3, b" ".join(b"v%05d" % number for number in range(900)))
    group.add(4, b"b")
    assert group._edges == [1, 4]


@pytest.mark.parametrize("damaged", [None, "text", b"", bytes(blocks.PART_BYTES), b"x" * blocks.PART_BYTES])
def test_damaged_part_is_told(damaged: object) -> None:
    """Whatever a column holds."""
    assert slice_in(damaged, 5) is None
    assert edges_in(damaged, 1, 2) is None
