"""Blocks are built in turns beside writing, and go with their calls."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_rows import START_NS, call, connection_of

from obsv.errors import StoreUnavailable
from obsv.store import Reader, Writer
from obsv.store.ground import blocks
from obsv.store.writing.keeping.forget_book import ForgetBook

A_GROUP = blocks.BLOCKS * 2


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_CALLS", 2)


@pytest.fixture
def filled(writer: Writer) -> Writer:
    """A store with calls for two groups and a half."""
    writer.write([call(number, start_ns=START_NS + number) for number in range(1, A_GROUP * 5 // 2)])
    return writer


def groups(reader: Reader) -> list[tuple[int, int]]:
    return [tuple(row) for row in reader.query("select first_id, last_id from block_group order by last_id")]


def build(writer: Writer, seconds: float = 1.0) -> int:
    for turns in range(1, 100_000):
        if not writer.build_blocks(seconds):
            return turns
    raise AssertionError("building does not come to an end")


def test_calls_are_in_blocks_but_for_the_last(filled: Writer, reader: Reader) -> None:
    """Two groups are full; what is left over waits for more calls."""
    build(filled)
    assert groups(reader) == [(1, A_GROUP), (A_GROUP + 1, 2 * A_GROUP)]
    assert reader.query("select count(*) from block_part")[0][0] == 2 * blocks.PARTS
    filled.write([call(number, start_ns=START_NS + number) for number in range(10_000, 10_000 + A_GROUP)])
    build(filled)
    assert len(groups(reader)) == 3


def test_turn_without_time_takes_a_few_calls(filled: Writer, reader: Reader) -> None:
    """And the next goes on behind them."""
    assert build(filled, 0.0) > A_GROUP * 2 // 64
    assert len(groups(reader)) == 2


def test_other_process_goes_on_behind_the_last_group(filled: Writer, path: Path, reader: Reader) -> None:
    """Two keepers at once, as at a hand-over, make each group once."""
    other = Writer(path)
    other.build_blocks(0.0)
    build(filled)
    build(other)
    other.close()
    assert groups(reader) == [(1, A_GROUP), (A_GROUP + 1, 2 * A_GROUP)]


def test_group_goes_when_hardly_a_call_is_left(filled: Writer, reader: Reader) -> None:
    """With the parts of its filters; calls of others keep theirs."""
    build(filled)
    connection_of(filled).execute("delete from span where id between 5 and ?", (A_GROUP,))
    for _ in range(3):
        filled.build_blocks(1.0)
    assert groups(reader) == [(A_GROUP + 1, 2 * A_GROUP)]
    assert reader.query("select count(*) from block_part")[0][0] == blocks.PARTS


@pytest.mark.parametrize("damage", ["edges = x'00'", "last_id = 1000000", "first_id = 2"])
def test_damaged_group_goes(filled: Writer, reader: Reader, damage: str) -> None:
    """It would hold up the building of others; its calls are read instead."""
    build(filled)
    connection_of(filled).execute(f"update block_group set {damage} where last_id = {2 * A_GROUP}")
    for _ in range(3):
        filled.build_blocks(1.0)
    build(filled)
    assert groups(reader) == [(1, A_GROUP), (A_GROUP + 1, 2 * A_GROUP)]


def test_text_that_is_not_utf_8_is_taken_as_it_is(filled: Writer, reader: Reader) -> None:
    """As damaged rows have it."""
    connection_of(filled).execute("update span set data = cast(x'5b22ff22ff5d' as text) where id = 7")
    build(filled)
    assert len(groups(reader)) == 2


def test_locked_file_loses_no_call(filled: Writer, path: Path, reader: Reader) -> None:
    """A group that cannot be stored is built again."""
    writer = Writer(path, busy_timeout_s=0.01)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("begin immediate")
        with pytest.raises(StoreUnavailable):
            build(writer)
        connection.rollback()
    build(writer)
    writer.close()
    assert len(groups(reader)) == 2


def test_no_bit_of_a_forgotten_call_stays(filled: Writer, path: Path, reader: Reader) -> None:
    """Neither in a group that is stored, nor in one that is being filled."""
    build(filled)
    filled.write([call(number, start_ns=START_NS + number) for number in range(10_000, 10_000 + A_GROUP // 2 - 10)])
    build(filled)
    book = ForgetBook(path)
    book.remove_calls([3, 2 * A_GROUP + 5])
    book.close()
    assert groups(reader) == [(A_GROUP + 1, 2 * A_GROUP)]
    filled.write([call(number, start_ns=START_NS + number) for number in range(20_000, 20_000 + A_GROUP)])
    build(filled)
    assert reader.query("select first_id, calls from block_group order by last_id")[-1][:] == (2 * A_GROUP + 1, A_GROUP)
