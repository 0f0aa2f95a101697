"""Calls with their values."""

from __future__ import annotations

import pytest
from calls import EPOCH_NS, MS, TRACE, call

from obsv.errors import NotFound
from obsv.store import Reader, Writer
from obsv.store.ground.window import Window
from obsv.store.spans.values import valued_calls

WINDOW = Window(EPOCH_NS, EPOCH_NS + 60_000 * MS)


def test_the_latest_of_a_window(writer: Writer, reader: Reader) -> None:
    """Newest first, and whether there were more."""
    writer.write([call(number, start=number, inputs={"order": str(number)}) for number in range(5)])
    found = valued_calls(reader, WINDOW, limit=2)
    assert [each.values for each in found.calls] == [[("order", "INPUT", "4")], [("order", "INPUT", "3")]]
    assert found.cut
    assert not valued_calls(reader, WINDOW).cut


def test_those_of_a_trace(writer: Writer, reader: Reader) -> None:
    """In order of start, whenever that was."""
    other = call(9, trace="f" * 32, outputs={"return": "1"})
    writer.write([call(2, 1, start=2, name="b"), call(1, start=1, name="a"), other])
    found = valued_calls(reader, Window(0, 1), TRACE)
    assert [found.processes[each.process_id][0] for each in found.calls] == ["a", "b"]


def test_what_is_no_trace_id(writer: Writer, reader: Reader) -> None:
    """Is not found."""
    writer.write([call(1)])
    with pytest.raises(NotFound):
        valued_calls(reader, WINDOW, "no id")
