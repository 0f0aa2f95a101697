"""Reading a trace as columns."""

from __future__ import annotations

import json

import pytest
from calls import EPOCH_NS, TRACE, call, chain, span_id

from obsv.errors import NotFound
from obsv.store import Reader, Writer
from obsv.store.spans.trace import read_trace_columns
from obsv.store.spans.trace_search import search_trace


def numbers(spans: list[bytes]) -> list[int]:
    return sorted(int.from_bytes(span, "big") for span in spans)


def test_a_trace_longer_than_a_page_is_read_whole(writer: Writer, reader: Reader) -> None:
    """More spans than one query may return are read page by page."""
    writer.write(list(chain(10_500)))
    with reader.snapshot() as snapshot:
        spans = read_trace_columns(snapshot, TRACE)
    assert (len(spans), spans.total) == (10_500, 10_500)
    assert len(set(spans.span_id)) == 10_500


def test_of_a_very_long_trace_a_part_is_read_with_its_callers(writer: Writer, reader: Reader) -> None:
    """The part holds the wanted span, its neighbours and all its callers, though these were stored later."""
    leaves = [call(100 + number, 2, start=number) for number in range(50)]
    writer.write([*leaves, call(2, 1, ms=60), call(1, ms=70)])
    with reader.snapshot() as snapshot:
        spans = read_trace_columns(snapshot, TRACE, around=span_id(130), most=10)
    assert spans.total == 52
    assert numbers(spans.span_id) == [1, 2, *range(126, 136)]


def test_leading_zeros_may_be_missing(writer: Writer, reader: Reader) -> None:
    """Some tools cut them off."""
    writer.write([call(1)])
    with reader.snapshot() as snapshot:
        assert len(read_trace_columns(snapshot, TRACE.lstrip("0").upper())) == 1


@pytest.mark.parametrize("trace_id", ["", "xyz", "f" * 33, "f" * 32])
def test_no_such_trace(writer: Writer, reader: Reader, trace_id: str) -> None:
    """An invalid or unknown ID is not found."""
    writer.write([call(1)])
    with pytest.raises(NotFound), reader.snapshot() as snapshot:
        read_trace_columns(snapshot, trace_id)


@pytest.mark.parametrize(
    ("trace_id", "why"), [("f" * 32, "Retention may"), ("f" * 16, "Retention may"), ("f" * 8, "8 were given")]
)
def test_the_beginning_of_an_id_is_no_id(writer: Writer, reader: Reader, trace_id: str, why: str) -> None:
    """The message tells it from a trace that is gone."""
    writer.write([call(1)])
    with pytest.raises(NotFound, match=why), reader.snapshot() as snapshot:
        read_trace_columns(snapshot, trace_id)


def test_times_of_events_and_whether_there_are_links(writer: Writer, reader: Reader) -> None:
    """Both are read out of the rare parts."""
    events = [{"timeUnixNano": str(EPOCH_NS + 5), "name": "retry"}]
    links = [{"traceId": TRACE, "spanId": span_id(1)}]
    writer.write([call(1, detail={"events": events, "links": links}), call(2, 1)])
    with reader.snapshot() as snapshot:
        spans = read_trace_columns(snapshot, TRACE)
    found = dict(zip(numbers(spans.span_id), zip(spans.events, spans.links, strict=True), strict=True))
    assert json.loads(found[1][0] or "") == [str(EPOCH_NS + 5)]
    assert (found[1][1], found[2]) == (1, (None, 0))


@pytest.mark.parametrize("text", ['say "hi"', "50%_!", "a\\b", "KeyError", "orders"])
def test_search_finds_text_as_it_is_shown(writer: Writer, reader: Reader, text: str) -> None:
    """Names, values and exceptions are searched; signs that mean something to LIKE or JSON stand for themselves."""
    hit = call(1, inputs={"note": 'say "hi" 50%_! a\\b'}, error="KeyError: 3")
    writer.write([hit, call(2, 1, name="other", inputs={"note": "nothing"})])
    assert search_trace(reader, TRACE, text) == [span_id(1)]
