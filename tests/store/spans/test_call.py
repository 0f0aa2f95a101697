"""Reading one call whole."""

from __future__ import annotations

import pytest
from calls import TRACE, call, span_id, traceback

from obsv.errors import NotFound
from obsv.store import Code, Reader, Writer
from obsv.store.spans.call import find_call, read_call, read_exact

CODE = Code("/srv/shop/orders.py", 10, "def place(order):\n    ...\n")


def test_a_call_has_all_that_was_stored(writer: Writer, reader: Reader) -> None:
    """Values in order, code, detail, thread and who made it."""
    error = traceback("ValueError", "no stock")
    writer.write([call(1, inputs={"order": "7"}, outputs={"return": "'x'"}, code=CODE, error=error, cpu_ns=5)])
    found = read_call(reader, TRACE, span_id(1))
    assert [(value.name, value.text) for value in found.inputs] == [("order", "7")]
    assert [(value.name, value.text) for value in found.outputs] == [("return", "'x'")]
    assert (found.failed, found.exception, found.cpu_ns, found.thread_name) == (True, error, 5, "MainThread")
    assert (found.code, found.process, found.service) == (CODE, "shop.orders.place", "shop")


def test_values_of_other_programs_keep_their_kind(writer: Writer, reader: Reader) -> None:
    """An attribute's text is JSON, but a string is itself."""
    writer.write([call(1, kind=2, inputs={"port": 80, "path": "/x", "tags": ["a"]})])
    found = read_call(reader, TRACE, span_id(1))
    assert [(value.value, value.text) for value in found.values] == [(80, "80"), ("/x", "/x"), (["a"], '["a"]')]


def test_a_span_id_alone_finds_its_call(writer: Writer, reader: Reader) -> None:
    """Failed or not."""
    writer.write([call(1), call(2, 1, error="boom")])
    assert [find_call(reader, span_id(number)).span_id for number in (1, 2)] == [span_id(1), span_id(2)]


def test_exact_inputs_come_as_bytes(writer: Writer, reader: Reader) -> None:
    """They are handed on, never loaded."""
    writer.write([call(1, error="boom", exact=b"not a pickle"), call(2, 1, error="boom")])
    kept, other = (read_call(reader, TRACE, span_id(number)) for number in (1, 2))
    assert (kept.has_exact, read_exact(reader, kept)) == (True, b"not a pickle")
    assert (other.has_exact, read_exact(reader, other)) == (False, None)


def test_no_such_span(writer: Writer, reader: Reader) -> None:
    """The error says so."""
    writer.write([call(1)])
    with pytest.raises(NotFound, match="There is no span 0000000000000063"):
        find_call(reader, "63")
