"""Everything that costs memory is counted while it is still bytes."""

import json

import pytest
from otlp_requests import SPAN_ID, START_NS, TRACE_ID, delimited, json_request, json_span, request, span

from obsv.wire import json_budget
from obsv.wire.budget import (
    MOST_FIELDS,
    MOST_JSON_BYTES,
    MOST_PARTS,
    MOST_VALUES,
    SLICE_BYTES,
    SLICE_FIELDS,
    SLICE_SPANS,
)
from obsv.wire.errors import BadRequest, TooLarge
from obsv.wire.json_budget import check_json
from obsv.wire.jsonform import decode_json, json_slices
from obsv.wire.protobuf import DAMAGED, OVERSIZED, decode_protobuf, protobuf_slices
from obsv.wire.rowmaker import BAD_IDS, RowMaker


def in_span(parts: bytes) -> bytes:
    """A request of one span with ids, a start, and these fields."""
    ids = delimited(0x0A, TRACE_ID) + delimited(0x12, SPAN_ID) + b"\x39" + START_NS.to_bytes(8, "little")
    return delimited(0x0A, delimited(0x12, delimited(0x12, ids + parts)))


def many(number: int, **changes: object) -> bytes:
    """A request of so many spans that differ."""
    spans = [span({"a": "x" * 200, "n": f"{i}"}, span_id=(i + 1).to_bytes(8, "big"), **changes) for i in range(number)]
    return request(*spans).SerializeToString()


def test_a_large_request_comes_in_slices() -> None:
    """A request that is not parsed in one piece gives the rows that it would give in one, in order."""
    body = many(2_500)
    assert len(body) > SLICE_BYTES
    slices = list(protobuf_slices(body, RowMaker()))
    assert max(len(each.rows) for each in slices) <= SLICE_SPANS
    rows = [row for each in slices for row in each.rows]
    assert [int.from_bytes(row.span_id, "big") for row in rows] == list(range(1, 2_501))
    assert {(row.signature.service, row.source.scope) for row in rows} == {("shop", '{"name":"lib","version":"1.2"}')}
    assert [json.loads(row.data)[1] for row in rows] == [f"{i}" for i in range(2_500)]


def test_a_scope_that_comes_after_its_spans() -> None:
    """The order of a message's fields means nothing."""
    made = request(*(span({"a": "x" * 1_000}, span_id=(i + 1).to_bytes(8, "big")) for i in range(300)))
    (resource_spans,) = made.resource_spans
    (scope_spans,) = resource_spans.scope_spans
    spans = b"".join(delimited(0x12, each.SerializeToString()) for each in scope_spans.spans)
    late = delimited(0x12, spans + delimited(0x0A, scope_spans.scope.SerializeToString()))
    body = delimited(0x0A, late + delimited(0x0A, resource_spans.resource.SerializeToString()))
    rows = decode_protobuf(body, RowMaker()).rows
    assert len(rows) == 300
    assert {(row.signature.service, row.source.scope) for row in rows} == {("shop", '{"name":"lib","version":"1.2"}')}


def test_damage_in_a_large_request_costs_a_span() -> None:
    """A span that cannot be read is counted; those around it are stored."""
    whole = request(*(span({"a": "x" * 1_000}, span_id=(i + 1).to_bytes(8, "big")) for i in range(300)))
    spans = b"".join(delimited(0x12, each.SerializeToString()) for each in whole.resource_spans[0].scope_spans[0].spans)
    damaged = delimited(0x12, delimited(0x0A, TRACE_ID) + b"\x12\x7f")
    decoded = decode_protobuf(delimited(0x0A, delimited(0x12, spans + damaged)), RowMaker())
    assert decoded.rejected == {DAMAGED: 1}
    assert len(decoded.rows) == 300


@pytest.mark.parametrize("unit", [b"\x12\x00", b"\x12\x02\x0a\x00"])
def test_too_many_spans(unit: bytes) -> None:
    """A request of more spans than the budget allows is refused as a whole, and says what to do."""
    with pytest.raises(TooLarge, match="smaller batches"):
        decode_protobuf(delimited(0x0A, delimited(0x12, unit * (MOST_PARTS + 1))), RowMaker())


@pytest.mark.parametrize("unit", [b"\x0a\x00", b"\x0a\x02\x12\x00", b"\x78\x01"])
def test_too_many_resources(unit: bytes) -> None:
    """So is one of empty resources, scopes, or fields that nobody knows."""
    with pytest.raises(TooLarge):
        decode_protobuf(unit * (MOST_PARTS + 1), RowMaker())


@pytest.mark.parametrize(
    "tag", [b"\x5a\x00", b"\x6a\x00", b"\x4a\x00", b"\x4a\x04\x12\x02\x2a\x00", b"\xa8\x06\x01", b"\x5a\x02\x1a\x00"]
)
def test_a_span_of_too_many_parts(tag: bytes) -> None:
    """A span of more events, links, attributes, values or unknown fields than are looked at is rejected and counted."""
    decoded = decode_protobuf(in_span(tag * max(MOST_FIELDS, SLICE_BYTES // len(tag)) + tag), RowMaker())
    assert (decoded.rows, decoded.rejected) == ([], {OVERSIZED: 1})


def test_a_span_of_many_parts_keeps_the_first() -> None:
    """Below that, as many are kept as the limits say, and the rest is counted as dropped."""
    (row,) = decode_protobuf(in_span(b"\x5a\x00" * 40_000 + b"\x6a\x00" * 500), RowMaker()).rows
    assert row.detail is not None
    detail = json.loads(row.detail)
    assert (len(detail["events"]), detail["droppedEventsCount"], detail["droppedLinksCount"]) == (200, 39_800, 500)


@pytest.mark.parametrize("outer", [b"\x0a", b"\x12\x0a"])
def test_a_resource_or_scope_of_too_many_parts(outer: bytes) -> None:
    """A resource or scope of more attributes than are looked at is refused."""
    crowded = delimited(0x0A, (b"\x0a\x00" if len(outer) == 1 else b"\x1a\x00") * max(MOST_FIELDS, SLICE_BYTES))
    content = crowded + b"\x12\x02\x12\x00" if len(outer) == 1 else delimited(0x12, crowded)
    with pytest.raises(TooLarge, match="resource or scope"):
        decode_protobuf(delimited(0x0A, content), RowMaker())


def test_a_text_that_is_longer_than_is_kept() -> None:
    """A huge value is cut, with its length, and the rest of its span is there."""
    body = request(span({"huge": "x" * 2**20, "b": "c"})).SerializeToString()
    (row,) = decode_protobuf(body, RowMaker()).rows
    huge, other = json.loads(row.data)
    assert (huge.startswith("xxx"), huge.endswith("… (1,048,576 characters)"), other) == (True, True, "c")


def test_broken_framing_of_a_large_request() -> None:
    """A field that ends beyond its message is a bad request, wherever it is."""
    for body in (many(2_500)[:-1], b"\x0a\xff\xff\xff\x7f" + bytes(SLICE_BYTES), b"\xff" * (SLICE_BYTES + 1)):
        with pytest.raises(BadRequest):
            decode_protobuf(body, RowMaker())


@pytest.mark.parametrize("value", ["{}", "[]", "1", '""', '{"a":1}', "[[]]"])
def test_too_many_values(value: str) -> None:
    """JSON of more values than the budget allows is not parsed."""
    with pytest.raises(TooLarge, match="values"):
        check_json(f"[{','.join([value] * (MOST_VALUES + 1))}]".encode(), MOST_JSON_BYTES)


@pytest.mark.parametrize("text", ["a,b:[", '\\"', "\\\\", '\\\\\\",', "é😀,"])
def test_texts_are_no_values(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Separators within a string do not count, wherever the text is split."""
    monkeypatch.setattr(json_budget, "CHUNK_BYTES", 7)
    check_json(f'["{text * MOST_VALUES}", ["{text}", 1]]'.encode()[:2_000_000] + b'"]', MOST_JSON_BYTES)


def test_json_over_its_size() -> None:
    """JSON may have fewer bytes than protobuf: its text and its values take more memory."""
    with pytest.raises(TooLarge, match="protobuf"):
        decode_json(b" " * (MOST_JSON_BYTES + 1), RowMaker())


def test_json_comes_in_slices() -> None:
    """Spans of JSON come some hundred at a time."""
    spans = [json_span(spanId=f"{i + 1:016x}") for i in range(2 * SLICE_SPANS + 1)]
    slices = [each for each in json_slices(json_request(*spans), RowMaker()) if each.rows]
    assert [len(each.rows) for each in slices] == [SLICE_SPANS, SLICE_SPANS, 1]


def test_json_of_many_attributes_comes_in_smaller_slices() -> None:
    """Each attribute may be new to the store."""
    attributes = [{"key": f"k{key}", "value": {"intValue": 1}} for key in range(400)]
    spans = [json_span(spanId=f"{i + 1:016x}", attributes=attributes) for i in range(30)]
    slices = [each for each in json_slices(json_request(*spans), RowMaker()) if each.rows]
    assert [len(each.rows) for each in slices] == [SLICE_FIELDS // 400 + 1, SLICE_FIELDS // 400 + 1, 8]


def test_spans_without_ids_are_not_read_further() -> None:
    """Thousands of spans that cannot be stored are counted, and nothing else."""
    decoded = decode_protobuf(delimited(0x0A, delimited(0x12, b"\x12\x00" * 50_000)), RowMaker())
    assert (decoded.rows, decoded.rejected) == ([], {BAD_IDS: 50_000})
