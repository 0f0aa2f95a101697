"""Errors that were caught inside are told from those that left the program."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_rows import PRICE, START_NS, TAX, call, span_id, trace_id

from obsv.store import Reader, Signature, SpanRow
from obsv.store.finding import Filters
from obsv.store.ground.window import Window
from obsv.store.surveying import handled
from obsv.store.writing.writer import Writer
from obsv.times import MAX_NS

EVER = Window(0, MAX_NS)
FAILED = {"status": 2}
ELSEWHERE = Signature("front", "front.page", "front", 3, ())


def below(number: int, parent: int, **changes: object) -> SpanRow:
    return call(number, TAX, parent_span_id=span_id(parent), parent=PRICE, depth=1, **changes)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    writer = Writer(tmp_path / "obsv.db")
    writer.write(
        [
            call(1, **FAILED),  # left the program, from the call below it
            below(2, 1, **FAILED),
            below(3, 2, **FAILED),
            call(4),  # catches
            below(5, 4, **FAILED),
            below(6, 5, **FAILED),
            call(7, ELSEWHERE, data="[]"),  # another program, which called this one
            below(8, 7, **FAILED),
            below(9, 99, **FAILED, trace_id=trace_id(2)),  # called by what is not stored
            call(10),
        ]
    )
    writer.close()
    reader = Reader(tmp_path / "obsv.db")
    yield reader
    reader.close()


def numbers(found: handled.Errors) -> list[int]:
    return [int(each.span_id, 16) for each in found.calls]


def test_those_that_left_the_program_come_first(reader: Reader) -> None:
    """Each kind newest first; a caller in another program, or one that is not stored, catches nothing."""
    found = handled.read_errors(reader, Filters(), EVER, 100)
    assert numbers(found) == [9, 8, 1, 6, 5, 3, 2]
    assert (found.outermost, found.errors, found.is_all) == (3, 7, True)


def test_caught_ones_are_told_from_those_on_their_way(reader: Reader) -> None:
    """An error was caught where one of the callers did not fail, however far up."""
    found = handled.read_errors(reader, Filters(), EVER, 100)
    assert [int(each.span_id, 16) for each in found.calls if each.id not in found.uncaught] == [6, 5]


def test_filters_and_a_window(reader: Reader) -> None:
    """Only what is asked for is counted; a limit cuts the calls alone."""
    found = handled.read_errors(reader, Filters(process="shop.price"), EVER, 100)
    assert (numbers(found), found.outermost, found.errors) == ([1], 1, 1)
    found = handled.read_errors(reader, Filters(), Window(START_NS, START_NS + 3_500), 1)
    assert (numbers(found), found.outermost, found.errors) == ([1], 1, 3)


def test_of_very_many_the_latest(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there are too many errors to examine, the result says that it covers the latest."""
    monkeypatch.setattr(handled, "MOST_LOOKED_AT", 3)
    found = handled.read_errors(reader, Filters(), EVER, 100)
    assert (numbers(found), found.errors, found.is_all) == ([9, 8, 6], 3, False)


def test_callers_in_a_circle(tmp_path: Path) -> None:
    """Received spans may say anything of their parents."""
    writer = Writer(tmp_path / "obsv.db")
    writer.write([below(1, 2, **FAILED), below(2, 1, **FAILED)])
    writer.close()
    reader = Reader(tmp_path / "obsv.db")
    assert len(handled.read_errors(reader, Filters(), EVER, 10).uncaught) == 2
    reader.close()
