"""OTLP JSON requests become rows."""

import json
import sys
from contextlib import suppress
from typing import Any

import pytest
from otlp_requests import PARENT_ID, SPAN_ID, TRACE_ID, json_request, json_span, request, span

from obsv.store import SpanRow
from obsv.wire.clean import Cleaner
from obsv.wire.errors import BadRequest
from obsv.wire.jsonform import NO_SPAN, WRONG, decode_json, parse
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import BAD_IDS, Decoded, RowMaker


def decode(*spans: Any) -> Decoded:
    return decode_json(json_request(*spans), RowMaker())


def only(**changes: Any) -> SpanRow:
    (row,) = decode(json_span(**changes)).rows
    return row


def attribute(value: Any) -> Any:
    (stored,) = json.loads(only(attributes=[{"key": "a", "value": value}]).data)
    return stored


def test_same_row_as_protobuf() -> None:
    """A span makes the same row in either encoding."""
    attributes = {
        "a": {"stringValue": "x"},
        "b": {"intValue": "5"},
        "c": {"arrayValue": {"values": [{"doubleValue": 1.0}]}},
        "d": {"bytesValue": "AAE="},
    }
    event = {"name": "e", "timeUnixNano": "7", "attributes": [{"key": "k", "value": {"boolValue": True}}]}
    binary = span(attributes, parent_span_id=PARENT_ID)
    binary.events.add(name="e", time_unix_nano=7).attributes.add(key="k").value.bool_value = True
    (one,) = decode_protobuf(request(binary).SerializeToString(), RowMaker()).rows
    other = only(
        parentSpanId=PARENT_ID.hex(),
        attributes=[{"key": key, "value": value} for key, value in attributes.items()],
        events=[event],
    )
    assert one[2:] == other[2:]
    assert one.signature.fields == other.signature.fields
    assert (one.source.resource, one.source.scope) == (other.source.resource, other.source.scope)


def test_scope_has_a_name() -> None:
    """It is cut like others, and holds no NUL."""
    body = json_request(json_span()).replace(b'"lib"', b'"a\\u0000' + b"x" * 5_000 + b'"')
    (row,) = decode_json(body, RowMaker()).rows
    assert row.signature.process_group == "a\ufffd" + "x" * 998


def test_ids_in_any_case() -> None:
    """Hex digits of ids may be capitals."""
    assert only(traceId="AB" * 16).trace_id == b"\xab" * 16


def test_empty_parent_is_a_root() -> None:
    """`parentSpanId: ""` is what some senders write for none."""
    assert only(parentSpanId="").parent_span_id is None


@pytest.mark.parametrize("number", [5, "5", 5.0])
def test_whole_numbers_in_any_form(number: object) -> None:
    """A 64-bit number may be a number or a text."""
    assert attribute({"intValue": number}) == 5


def test_enums_by_number_and_by_name() -> None:
    """Enums are numbers; names, as protobuf's own printers write them, are understood."""
    row = only(kind="SPAN_KIND_CLIENT", status={"code": "STATUS_CODE_ERROR"})
    assert (row.signature.kind, row.status) == (3, 2)


def test_unknown_fields_are_ignored() -> None:
    """Fields of a later OTLP version are ignored."""
    assert only(later={"x": 1}).span_id == SPAN_ID


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "x",
        [],
        {},
        {"intValue": "x"},
        {"intValue": "9" * 5000},
        {"bytesValue": "ä"},
        {"later": 1},
        {"doubleValue": {}},
    ],
)
def test_value_that_cannot_be_read_is_empty(value: object) -> None:
    """An attribute value of a wrong kind costs that value."""
    assert attribute(value) is None


def test_attribute_that_cannot_be_read_is_counted() -> None:
    """An entry that is no key and value costs itself, and stands in the span's counter with what was dropped before."""
    row = only(attributes=[7, {"value": {}}, {"key": "a", "value": {"intValue": 1}}], droppedAttributesCount=3)
    assert (row.data, json.loads(row.detail or "")["droppedAttributesCount"]) == ("[1]", 5)


_MOST = 2**63 - 1


@pytest.mark.parametrize("number", [_MOST + 1, -_MOST - 2, str(_MOST + 1), 10**40, 1e19])
def test_number_beyond_64_bits_is_left_out_and_counted(number: Any) -> None:
    """At any depth, as it would be refused by protobuf's own reading of JSON; numbers at the bounds stay exact."""
    value: dict[str, Any] = {"intValue": number}
    for _ in range(3):
        found = decode_json(json_request(json_span(attributes=[{"key": "a", "value": value}])), RowMaker())
        assert (len(found.rows), found.odd) == (1, 1)
        assert str(number) not in found.rows[0].data
        value = {"arrayValue": {"values": [{"kvlistValue": {"values": [{"key": "k", "value": value}]}}, None]}}
    for bound in (_MOST, -_MOST - 1):
        assert attribute({"intValue": str(bound)}) == bound


@pytest.mark.parametrize("digits", [310, 5_000, 100_000])
def test_number_of_more_digits_than_python_reads(digits: int) -> None:
    """It costs its value, not the request; the others of the request are as they were."""
    number = "9" * digits
    body = json_request(json_span(), json_span(attributes=[{"key": "a", "value": {"intValue": 12345678901}}]))
    decoded = decode_json(body.replace(b"12345678901", number.encode(), 1), RowMaker())
    assert [row.span_id for row in decoded.rows] == [SPAN_ID, SPAN_ID]
    assert decoded.rows[1].data == "[null]"


def test_half_of_a_surrogate_pair() -> None:
    """An escaped half of a pair is valid JSON and no valid text: it is replaced."""
    body = json_request(json_span(attributes=[{"key": "a", "value": {"stringValue": "~"}}])).replace(b"~", b"\\ud800")
    (row,) = decode_json(body, RowMaker()).rows
    assert row.data == '["\ufffd"]'


def test_half_of_a_surrogate_pair_at_any_depth() -> None:
    """A text that can be read but not written again is too deep, and nothing worse."""
    for levels in range(sys.getrecursionlimit() - 200, sys.getrecursionlimit()):
        with suppress(BadRequest):
            parse(b'{"a":' * levels + b'"\\ud800"' + b"}" * levels)


def test_bytes_that_are_no_utf8() -> None:
    """Bytes that are no UTF-8 are replaced."""
    (row,) = decode_json(json_request(json_span(name="a~b")).replace(b"~", b"\xff"), RowMaker()).rows
    assert row.signature.name == "a\ufffdb"


@pytest.mark.parametrize("bad", [{"traceId": "00" * 16}, {"spanId": "zz" * 8}, {"traceId": 7}, {"spanId": None}])
def test_spans_without_identity_are_rejected(bad: dict[str, Any]) -> None:
    """Ids that name nothing cost their span."""
    decoded = decode(json_span(**bad), json_span())
    assert [row.trace_id for row in decoded.rows] == [TRACE_ID]
    assert decoded.rejected == {BAD_IDS: 1}


def test_entries_that_are_no_spans() -> None:
    """Members of the spans that are not objects are rejected."""
    assert decode(5, json_span()).rejected == {NO_SPAN: 1}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"resourceSpans": 5}', b"[" * 100_000, b"\xff\xfe"])
def test_no_request(body: bytes) -> None:
    """A body that is no OTLP JSON is refused."""
    with pytest.raises(BadRequest):
        decode_json(body, RowMaker())


@pytest.mark.parametrize(
    ("part", "rejected"),
    [
        (5, {WRONG: 1}),
        ({"scopeSpans": 5}, {WRONG: 1}),
        ({"scopeSpans": [5, None, {}]}, {WRONG: 2}),
        ({"scopeSpans": [{"spans": {}}]}, {NO_SPAN: 1}),
        ({"scopeSpans": [{"spans": [1, "a"]}]}, {NO_SPAN: 2}),
        ({"resource": 5, "scopeSpans": [{"scope": [], "spans": []}]}, {}),
    ],
)
def test_parts_of_another_kind_are_counted(part: object, rejected: dict[str, int]) -> None:
    """A part that is not what it should be is counted, and costs the rest of the request nothing."""
    request = json.loads(json_request(json_span()))
    request["resourceSpans"].insert(0, part)
    decoded = decode_json(json.dumps(request).encode(), RowMaker())
    assert len(decoded.rows) == 1
    assert decoded.rejected == rejected


def test_attributes_that_are_no_list() -> None:
    """Are counted as dropped."""
    (row,) = decode(json_span(attributes={"a": 1})).rows
    assert json.loads(row.detail or "")["droppedAttributesCount"] == 1


def test_a_nul_in_a_text() -> None:
    """Is U+FFFD wherever it stands, in JSON as in protobuf; the six characters of its escape are not touched."""
    text, escape = {"stringValue": "a\0b"}, {"stringValue": "a\\u0000b"}
    listed = {"arrayValue": {"values": [text]}}
    given = {"t": text, "e": escape, "l": listed}
    pairs = [{"key": key, "value": value} for key, value in given.items()]
    (one,) = decode(json_span(attributes=pairs, events=[{"name": "e", "attributes": pairs}])).rows
    (other,) = decode_protobuf(request(span(given)).SerializeToString(), RowMaker()).rows
    assert json.loads(one.data) == json.loads(other.data) == ["a\ufffdb", "a\\u0000b", ["a\ufffdb"]]
    assert "\0" not in json.dumps(json.loads(one.detail or ""), ensure_ascii=False).replace("\\\\u0000", "")


def test_empty_request() -> None:
    """A request without spans is no error."""
    assert decode_json(b"{}", RowMaker()).rows == []


@pytest.mark.parametrize("levels", [100, 900, 2_000, 50_000])
def test_any_depth(levels: int) -> None:
    """JSON nested to any depth is cut, or refused where it is deeper than the parser goes."""
    value = b'{"arrayValue":{"values":[' * levels + b'{"boolValue":true}' + b"]}}" * levels
    for template in (json_span(attributes=[{"key": "a", "value": "~"}]), json_span(later="~", events=["~"])):
        body = json_request(template).replace(b'"~"', value).replace(b'"lib"', value)
        try:
            decoded = decode_json(body, RowMaker())
        except BadRequest:
            assert levels > 300
        else:
            assert len(decoded.rows[0].data) < 200


ODD: list[dict[str, Any]] = [
    {"name": 5},
    {"kind": "SPAN_KIND_OTHER"},
    {"kind": [1]},
    {"startTimeUnixNano": "soon"},
    {"endTimeUnixNano": {}},
    {"flags": "many"},
    {"parentSpanId": 7},
    {"traceState": 7},
    {"status": "OK"},
    {"status": {"code": "GOOD"}},
    {"status": {"message": 1}},
    {"attributes": {}},
    {"attributes": ["x"]},
    {"attributes": [{"key": 1, "value": {"stringValue": "a"}}]},
    {"attributes": [{"key": "a", "value": 1}]},
    {"attributes": [{"key": "a", "value": {"stringValue": 1}}]},
    {"attributes": [{"key": "a", "value": {"intValue": "x"}}]},
    {"attributes": [{"key": "a", "value": {"intValue": True}}]},
    {"attributes": [{"key": "a", "value": {"doubleValue": "x"}}]},
    {"attributes": [{"key": "a", "value": {"boolValue": 1}}]},
    {"attributes": [{"key": "a", "value": {"arrayValue": []}}]},
    {"events": "x"},
    {"events": [1]},
    {"events": [{"name": 1}]},
    {"events": [{"attributes": "x"}]},
    {"links": {}},
    {"links": [{"traceId": 1, "spanId": "00000000000000aa"}]},
    {"droppedAttributesCount": []},
]
EVEN: list[dict[str, Any]] = [
    {"name": None, "attributes": None, "status": None, "parentSpanId": ""},
    {"kind": "SPAN_KIND_SERVER", "status": {"code": "STATUS_CODE_ERROR", "message": "x"}},
    {"startTimeUnixNano": 1_700_000_000_000_000_000, "flags": "257", "unknown": [5]},
    {"attributes": [{"key": "a"}, {"key": "b", "value": {}}, {"key": "c", "value": {"intValue": "-5"}}]},
    {"attributes": [{"key": "a", "value": {"doubleValue": "NaN"}}, {"key": "b", "value": {"boolValue": False}}]},
    {"events": [{"name": "e", "timeUnixNano": "5"}], "links": [{"traceId": "AA" * 16, "spanId": "bb" * 8}]},
]


@pytest.mark.parametrize(("changes", "odd"), [*((each, 1) for each in ODD), *((each, 0) for each in EVEN)])
def test_parts_of_the_wrong_type_are_counted(changes: dict[str, Any], odd: int) -> None:
    """Each costs itself, and the span is there; what the specification allows is none."""
    found = decode_json(json_request(json_span(**changes)), RowMaker())
    assert (len(found.rows), found.rejected, found.odd) == (1, {}, odd)


def test_resources_and_scopes_of_the_wrong_type_are_counted() -> None:
    """Once each, however many spans they have."""
    body = json.loads(json_request(json_span(), json_span(spanId="00000000000000aa")))
    outer = body["resourceSpans"][0]
    outer["resource"], outer["scopeSpans"][0]["scope"] = {"attributes": 5}, {"name": 5}
    found = decode_json(json.dumps(body).encode(), RowMaker())
    assert (len(found.rows), found.rejected, found.odd) == (2, {}, 2)


def test_a_free_text_has_no_nul() -> None:
    """Of an exception or a status, as of a value: SQLite's functions would end there."""
    assert Cleaner().text("a\0b") == "a\ufffdb"
