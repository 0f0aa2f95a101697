"""Callers that the sender did not name are found wherever they are."""

from __future__ import annotations

import pytest
from store_rows import FIELDS, PRICE, TAX, call, connection_of, span_id, trace_id

from obsv.store import Reader, Signature, SpanRow, Writer
from obsv.store.writing.lineage import Callers

WEB = Signature("web", "GET /", "web", 2, FIELDS)


def edges(reader: Reader) -> dict[tuple[str, str], int]:
    """Calls since the file began by caller and callee."""
    rows = reader.query(
        "select a.name as parent, b.name as child, e.count from edge_minute e join process a on a.id = e.parent_id "
        "join process b on b.id = e.process_id where e.minute = 0"
    )
    return {(row["parent"], row["child"]): row["count"] for row in rows}


def orphans(reader: Reader) -> int:
    return int(reader.query("select count(*) from orphan")[0][0])


def test_known_caller_makes_an_edge(writer: Writer, reader: Reader) -> None:
    """A caller that the row names need not be stored itself."""
    writer.write([call(2, TAX, parent_span_id=span_id(1), parent=PRICE)])
    assert edges(reader) == {("shop.price", "shop.tax"): 1}
    assert orphans(reader) == 0


def test_several_callers_in_one_batch(writer: Writer, reader: Reader) -> None:
    """Calls of one function by two others are told apart, and roots have no edge."""
    rows = [call(number, TAX, parent_span_id=span_id(99), parent=(PRICE, WEB, WEB)[number % 3]) for number in range(6)]
    writer.write([*rows, call(50, TAX)])
    assert edges(reader) == {("shop.price", "shop.tax"): 2, ("GET /", "shop.tax"): 4}


@pytest.mark.parametrize("order", ["parent first", "child first", "together"])
def test_foreign_caller_is_found(writer: Writer, reader: Reader, order: str) -> None:
    """Whichever comes first, the edge is there once both are, and no orphan is left."""
    parent, child = call(1, WEB), call(2, PRICE, parent_span_id=span_id(1))
    if order == "together":
        writer.write([child, parent])
    else:
        first, second = (parent, child) if order == "parent first" else (child, parent)
        writer.write([first])
        assert edges(reader) == {}
        writer.write([second])
    assert edges(reader) == {("GET /", "shop.price"): 1}
    assert orphans(reader) == 0


def test_orphan_of_another_writer_is_adopted(writer: Writer, reader: Reader) -> None:
    """The parent may arrive through another process than its child did."""
    other = Writer(writer.path)
    other.write([call(5)])
    writer.write([call(2, PRICE, parent_span_id=span_id(1))])
    assert orphans(reader) == 1
    other.write([call(1, WEB)])
    assert (edges(reader), orphans(reader)) == ({("GET /", "shop.price"): 1}, 0)
    other.close()


def test_parent_of_another_trace_is_none(writer: Writer, reader: Reader) -> None:
    """The same span id in another trace is no parent."""
    writer.write([call(1, WEB), call(2, PRICE, trace_id=trace_id(2), parent_span_id=span_id(1))])
    assert (edges(reader), orphans(reader)) == ({}, 1)


def test_duplicate_is_no_second_orphan(writer: Writer, reader: Reader) -> None:
    """An orphan that is sent twice waits once."""
    for _ in range(2):
        writer.write([call(2, PRICE, parent_span_id=span_id(1))])
    assert orphans(reader) == 1
    writer.write([call(1, WEB)])
    assert edges(reader) == {("GET /", "shop.price"): 1}


def test_a_chain_of_callers_is_walked_once(writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans that come deepest first, each the caller of the last: twice as many are twice the work."""
    steps = 0
    settled = Callers._settled

    def count(self: Callers, row: SpanRow) -> int | None:
        nonlocal steps
        steps += 1
        return settled(self, row)

    monkeypatch.setattr(Callers, "_settled", count)
    writer.write([call(number, parent_span_id=span_id(number - 1)) for number in range(1_000, 1, -1)] + [call(1)])
    assert steps < 3_000
    assert reader.query("select max(depth) from span")[0][0] == 999


def test_a_ring_of_callers_ends(writer: Writer, reader: Reader) -> None:
    """Spans that call each other, as only a broken program says, are stored."""
    writer.write(
        [call(1, parent_span_id=span_id(2)), call(2, parent_span_id=span_id(1)), call(3, parent_span_id=span_id(3))]
    )
    assert len(reader.query("select * from span")) == 3


def test_depth_of_foreign_spans(writer: Writer, reader: Reader) -> None:
    """A foreign span is one deeper than its parent, in the same batch or in the file; else as deep as it said."""
    writer.write([call(1, WEB)])
    writer.write([call(3, TAX, parent_span_id=span_id(2)), call(2, PRICE, parent_span_id=span_id(1))])
    writer.write([call(9, TAX, parent_span_id=span_id(8), depth=4)])
    assert [tuple(row) for row in reader.query("select span_id, depth from process_trace order by span_id")] == [
        (f"{number:016x}", depth) for number, depth in ((1, 0), (2, 1), (3, 2), (9, 4))
    ]


def test_spans_that_are_each_others_parents(writer: Writer, reader: Reader) -> None:
    """Nonsense of a foreign sender ends, and both are stored."""
    writer.write([call(1, PRICE, parent_span_id=span_id(2)), call(2, TAX, parent_span_id=span_id(1))])
    assert edges(reader) == {("shop.price", "shop.tax"): 1, ("shop.tax", "shop.price"): 1}


def test_orphan_survives_a_failed_batch(writer: Writer, reader: Reader) -> None:
    """A batch that failed leaves no wrong memory of orphans behind: their ids are given out again."""
    writer.write([call(5)])
    connection_of(writer).execute(
        "create temp trigger fail before insert on orphan begin select raise(abort, 'locked'); end"
    )
    with pytest.raises(Exception, match="locked"):
        writer.write([call(2, parent_span_id=span_id(1))])
    connection_of(writer).execute("drop trigger fail")
    writer.write([call(3, TAX, parent_span_id=span_id(1))])
    writer.write([call(1, WEB)])
    assert edges(reader) == {("GET /", "shop.tax"): 1}
