"""Protobuf requests become rows."""

import base64
import json
import time

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from otlp_requests import PARENT_ID, SPAN_ID, START_NS, TRACE_ID, delimited, nested, request, span

from obsv.capture import Redactor
from obsv.store import SpanRow
from obsv.wire.errors import BadRequest
from obsv.wire.jsonform import decode_json
from obsv.wire.limits import Limits
from obsv.wire.protobuf import DAMAGED, decode_protobuf
from obsv.wire.rowmaker import BAD_IDS, KEPT_CHARS, Decoded, RowMaker


def decode(*spans: Span, maker: RowMaker | None = None, **origin: str) -> Decoded:
    return decode_protobuf(request(*spans, **origin).SerializeToString(), maker or RowMaker(Redactor()))


def only(*spans: Span, maker: RowMaker | None = None, **origin: str) -> SpanRow:
    (row,) = decode(*spans, maker=maker, **origin).rows
    return row


def values(row: SpanRow) -> dict[str, object]:
    return dict(zip((name for name, _ in row.signature.fields), json.loads(row.data), strict=True))


def test_span_becomes_a_row() -> None:
    """Identity, times, status, service and name of a span stand in its row."""
    row = only(span(parent_span_id=PARENT_ID, status=Status(code=Status.STATUS_CODE_ERROR)))
    assert (row.trace_id, row.span_id, row.parent_span_id) == (TRACE_ID, SPAN_ID, PARENT_ID)
    assert (row.start_ns, row.duration_ns, row.status) == (START_NS, 5_000, 2)
    assert (row.signature.name, row.signature.kind, row.signature.service) == ("GET /cart", 2, "shop")
    assert row.signature.process_group == "lib"
    assert json.loads(row.source.scope) == {"name": "lib", "version": "1.2"}


def test_attributes_keep_their_types() -> None:
    """Every kind of attribute value is stored as JSON's own kind, or as OTLP JSON where JSON cannot say it."""
    row = only(
        span(
            {
                "text": {"stringValue": "a"},
                "empty": {"stringValue": ""},
                "whole": {"intValue": "9007199254740993"},
                "zero": {"intValue": "0"},
                "half": {"doubleValue": 0.5},
                "one": {"doubleValue": 1.0},
                "yes": {"boolValue": True},
                "no": {"boolValue": False},
                "nan": {"doubleValue": "NaN"},
                "list": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}]}},
                "bytes": {"bytesValue": "AAE="},
                "map": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": True}}]}},
                "nothing": {},
            }
        )
    )
    assert row.data == (
        '["a","",9007199254740993,0,0.5,1.0,true,false,{"doubleValue":"NaN"},[1,"b"],{"bytesValue":"AAE="},'
        '{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}},null]'
    )


def test_directions_follow_names_and_conventions() -> None:
    """Outputs are marked OUTPUT: by a word in the key, or by the conventions."""
    keys = {
        "http.request.header.x-return-to": "INPUT",
        "http.response.status_code": "OUTPUT",
        "db.query.text": "INPUT",
        "db.response.returned_rows": "OUTPUT",
        "rpc.grpc.status_code": "OUTPUT",
        "messaging.destination.name": "INPUT",
        "gen_ai.output.type": "INPUT",
        "gen_ai.output.messages": "OUTPUT",
        "gen_ai.usage.input_tokens": "INPUT",
        "gen_ai.usage.output_tokens": "OUTPUT",
        "input.value": "INPUT",
        "output.value": "OUTPUT",
        "llm.token_count.completion": "OUTPUT",
        "retrieval.documents.0.document.content": "OUTPUT",
        "error.type": "OUTPUT",
        "user.id": "INPUT",
    }
    assert dict(only(span(dict.fromkeys(keys, "x"))).signature.fields) == keys


def test_shape_is_shared() -> None:
    """Spans of one shape share their signature and their source, over requests too."""
    maker = RowMaker()
    first = only(span({"a": "1"}), maker=maker)
    again = only(span({"a": "2"}), maker=maker)
    other = only(span({"b": "1"}), maker=maker)
    assert first.signature is again.signature
    assert first.source is again.source
    assert other.signature is not first.signature


def test_sensitive_names_are_masked() -> None:
    """Values under a sensitive name are masked, in maps and resources too; counts of tokens are not."""
    inner = {"kvlistValue": {"values": [{"key": "api_key", "value": {"stringValue": "k"}}]}}
    attributes = {
        "http.request.header.authorization": "s",
        "llm.token_count.total": {"intValue": "7"},
        "options": inner,
    }
    row = only(span(attributes))
    assert '"k"' not in row.data
    assert values(row)["http.request.header.authorization"] == "***"
    assert values(row)["llm.token_count.total"] == 7


def test_secrets_in_addresses_are_masked() -> None:
    """A secret in the query string of a URL attribute is masked."""
    row = only(span({"url.full": "https://x/y?token=abc&z=1"}))
    assert "abc" not in row.data


def test_secrets_of_known_shapes_are_masked() -> None:
    """In texts, lists and maps, whatever they are called; a source text is left as it is."""
    inner = {"kvlistValue": {"values": [{"key": "to", "value": {"stringValue": "postgres://u:hunter2@h"}}]}}
    listed = {"arrayValue": {"values": [{"stringValue": "password=hunter2"}, {"stringValue": "plain"}]}}
    row = only(
        span(
            {
                "note": "Bearer hunter2hunter2",
                "options": inner,
                "args": listed,
                "card": {"intValue": "4111111111111111"},
            }
        )
    )
    assert "hunter2" not in row.data
    assert "4111" not in row.data
    assert "plain" in row.data


def test_own_spans_come_back() -> None:
    """Attributes that obsv wrote fill the columns that they came from."""
    row = only(
        span(
            {
                "code.function.name": "shop.cart.add",
                "code.file.path": "/app/cart.py",
                "code.line.number": {"intValue": "12"},
                "thread.id": {"intValue": "7"},
                "thread.name": "MainThread",
                "obsv.process_group": "shop.cart",
                "obsv.feed": "fills",
                "obsv.cpu_time_ns": {"intValue": "5"},
                "obsv.memory_growth_bytes": {"intValue": "-6"},
                "obsv.input.item": "'tea'",
                "obsv.output.return": "None",
            }
        ),
        scope="obsv",
    )
    signature = row.signature
    assert signature.fields == (("item", "INPUT"), ("return", "OUTPUT"))
    assert (signature.process_group, signature.feed) == ("shop.cart", "fills")
    assert signature.code is not None
    assert signature.code[:2] == ("/app/cart.py", 12)
    assert (row.thread, row.cpu_ns, row.memory_bytes) == ((7, "MainThread"), 5, -6)
    assert row.data == '["\'tea\'","None"]'


def test_process_group_of_one_shape_may_differ() -> None:
    """Two values of a column never share a signature."""
    maker = RowMaker()
    groups = [only(span({"obsv.process_group": group}), maker=maker).signature for group in ("a", "b", "a")]
    assert [signature.process_group for signature in groups] == ["a", "b", "a"]
    assert groups[0] is groups[2]


def test_exception_event_is_the_exception() -> None:
    """The stack trace of an exception event is the row's exception, and is kept once."""
    failed = span()
    event = failed.events.add(name="exception", time_unix_nano=START_NS + 1)
    event.attributes.add(key="exception.type").value.string_value = "KeyError"
    event.attributes.add(key="exception.stacktrace").value.string_value = "Traceback…\nKeyError: 'x' password=hunter2"
    row = only(failed)
    assert row.exception == "Traceback…\nKeyError: 'x' password=***"
    assert row.detail is not None
    assert "Traceback" not in row.detail


def test_exception_event_without_stack_trace() -> None:
    """Type and message make the text where there is no stack trace."""
    failed = span()
    event = failed.events.add(name="exception")
    event.attributes.add(key="exception.type").value.string_value = "KeyError"
    event.attributes.add(key="exception.message").value.string_value = "x"
    assert only(failed).exception == "KeyError: x"


def test_rare_parts_are_the_detail() -> None:
    """Status message, events, links, trace state, flags and counts are OTLP JSON in `detail`; usual flags are not."""
    full = span(
        status=Status(message="no tea"),
        trace_state="a=b",
        flags=0x301,
        dropped_attributes_count=1,
        dropped_links_count=2,
    )
    full.events.add(name="tick", time_unix_nano=5)
    full.links.add(trace_id=TRACE_ID, span_id=PARENT_ID)
    row = only(full)
    assert row.detail is not None
    assert json.loads(row.detail) == {
        "statusMessage": "no tea",
        "traceState": "a=b",
        "events": [{"timeUnixNano": "5", "name": "tick"}],
        "links": [{"traceId": TRACE_ID.hex(), "spanId": PARENT_ID.hex()}],
        "flags": 0x301,
        "droppedAttributesCount": 1,
        "droppedLinksCount": 2,
    }
    assert only(span()).detail is None


@pytest.mark.parametrize(
    "changes",
    [{"trace_id": bytes(16)}, {"span_id": bytes(8)}, {"trace_id": b"abc"}, {"span_id": b""}, {"trace_id": b""}],
)
def test_spans_without_identity_are_rejected(changes: dict[str, bytes]) -> None:
    """A span with ids of zeros or of a wrong length is rejected and counted; the others are kept."""
    decoded = decode(span(**changes), span())
    assert len(decoded.rows) == 1
    assert decoded.rejected == {BAD_IDS: 1}


@pytest.mark.parametrize("parent", [bytes(8), b"abc", b"", SPAN_ID])
def test_impossible_parent_makes_a_root(parent: bytes) -> None:
    """A parent of zeros, of a wrong length, or the span itself is none."""
    assert only(span(parent_span_id=parent)).parent_span_id is None


def test_end_before_start_lasts_nothing() -> None:
    """A span that ends before it starts keeps its start and lasts 0 ns."""
    row = only(span(end_time_unix_nano=1))
    assert (row.start_ns, row.duration_ns) == (START_NS, 0)


def test_far_future_is_moved_to_now() -> None:
    """A span of more than a day ahead stands at its arrival; what it said is kept in `detail`."""
    ahead = 2**64 - 10
    row = only(span(start_time_unix_nano=ahead, end_time_unix_nano=2**64 - 1))
    assert abs(row.start_ns - time.time_ns()) < 60e9
    assert json.loads(row.detail or "")["startTimeUnixNano"] == str(ahead)
    assert row.duration_ns == 9


def test_missing_start_is_the_end() -> None:
    """A span without a start begins where it ends."""
    row = only(span(start_time_unix_nano=0))
    assert (row.start_ns, row.duration_ns) == (START_NS + 5_000, 0)


def test_unspecified_and_unknown_kinds_are_internal() -> None:
    """Kinds outside the five are INTERNAL, unknown status codes unset."""
    row = only(span(kind=77, status=Status(code=9)))  # type: ignore[arg-type]
    assert (row.signature.kind, row.status) == (1, 0)


def test_limits_cut_and_count() -> None:
    """Attributes, events, links and values over the limits are cut, and counted where OTLP has a counter."""
    maker = RowMaker(limits=Limits(attributes=2, events=1, links=1, value_chars=10, items=2, name_chars=5))
    long = span({"a": "x" * 50, "b": {"arrayValue": {"values": [{"intValue": "1"}] * 9}}, "c": "x"}, name="n" * 9)
    for _ in range(3):
        long.events.add(name="e")
        long.links.add(trace_id=TRACE_ID, span_id=PARENT_ID)
    row = only(long, maker=maker)
    assert row.signature.name == "nnnnn"
    assert json.loads(row.data) == ["xxxxxxxxxx… (50 characters)", [1, 1]]
    detail = json.loads(row.detail or "")
    assert {key: detail[key] for key in detail if key.startswith("dropped")} == {
        "droppedAttributesCount": 1,
        "droppedEventsCount": 2,
        "droppedLinksCount": 2,
    }


def test_span_has_a_limit_of_its_own() -> None:
    """Many long values together stay within the limit of a span."""
    maker = RowMaker(limits=Limits(value_chars=1_000, span_chars=2_000))
    row = only(span({str(i): "x" * 1_000 for i in range(10)}), maker=maker)
    assert len(row.data) < 3_000


def test_ten_thousand_attributes() -> None:
    """A span of 10,000 attributes is cut to the limit."""
    row = only(span({f"k{i}": "v" for i in range(10_000)}))
    assert len(row.signature.fields) == 1_000
    assert json.loads(row.detail or "")["droppedAttributesCount"] == 9_000


def test_deep_values_are_cut() -> None:
    """Arrays within arrays are kept to the depth limit."""
    deep = {"stringValue": "x"}
    for _ in range(20):
        deep = {"arrayValue": {"values": [deep]}}
    row = only(span({"deep": deep}))
    assert row.data == '[[[[[[[[["…"]]]]]]]]]'


def test_invalid_utf8_costs_a_character() -> None:
    """Text that is not UTF-8, which protobuf refuses a whole request for, is replaced where it stands."""
    body = request(span({"a": "good"}), span({"a": "b~d"}), service="sh~p").SerializeToString()
    decoded = decode_protobuf(body.replace(b"~", b"\xff"), RowMaker())
    assert [row.data for row in decoded.rows] == ['["good"]', '["b\ufffdd"]']
    assert decoded.rows[0].signature.service == "sh\ufffdp"
    assert not decoded.rejected


def test_too_deep_for_the_parser() -> None:
    """A value nested deeper than the parser goes costs that value, not the request."""
    raw = span({"a": "1"}).SerializeToString()
    deep = raw + delimited(0x4A, delimited(0x0A, b"deep") + delimited(0x12, nested(400)))
    body = delimited(0x0A, delimited(0x12, delimited(0x12, deep) + delimited(0x12, raw)))
    decoded = decode_protobuf(body, RowMaker())
    assert len(decoded.rows) == 2
    assert values(decoded.rows[0])["a"] == "1"
    assert len(decoded.rows[0].data) < 100


def test_damaged_span_costs_one_span() -> None:
    """A span whose bytes are no span is rejected; the rest of the batch is kept."""
    body = delimited(
        0x0A, delimited(0x12, delimited(0x12, b"\xff\xff\xff") + delimited(0x12, span().SerializeToString()))
    )
    decoded = decode_protobuf(body, RowMaker())
    assert len(decoded.rows) == 1
    assert decoded.rejected == {DAMAGED: 1}


def test_damaged_attribute_is_counted() -> None:
    """An attribute that cannot be read is left out and counted, beside those that the sender left out."""
    raw = span({"a": "1"}, dropped_attributes_count=2).SerializeToString() + delimited(0x4A, b"\xff\xff")
    decoded = decode_protobuf(delimited(0x0A, delimited(0x12, delimited(0x12, raw))), RowMaker())
    assert json.loads(decoded.rows[0].detail or "")["droppedAttributesCount"] == 3


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\xff\x01", request(span()).SerializeToString()[:-3]])
def test_no_request(body: bytes) -> None:
    """A body whose framing is broken is refused."""
    with pytest.raises(BadRequest, match="ExportTraceServiceRequest"):
        decode_protobuf(body, RowMaker())


def test_empty_request() -> None:
    """A request without spans is no error."""
    assert decode_protobuf(b"", RowMaker()) == Decoded([], {})  # type: ignore[arg-type]


def test_missing_service_name() -> None:
    """A resource without a service name is `unknown_service`."""
    assert only(span(), service=None).signature.service == "unknown_service"  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["protobuf", "json"])
def test_huge_resource_is_read_once(kind: str) -> None:
    """All scopes share one text of their resource: made for each, 64 MiB of them took hours, and all memory."""
    made = request(service="x" * (KEPT_CHARS + 1))
    for number in range(3):
        scope_spans = made.resource_spans[0].scope_spans.add()
        scope_spans.scope.name = f"scope {number}"
        scope_spans.spans.add(trace_id=TRACE_ID, span_id=SPAN_ID)
    if kind == "protobuf":
        rows = decode_protobuf(made.SerializeToString(), RowMaker()).rows
    else:
        document = json.dumps(MessageToDict(made))
        for plain in (TRACE_ID, SPAN_ID):
            document = document.replace(base64.b64encode(plain).decode(), plain.hex())
        rows = decode_json(document.encode(), RowMaker()).rows
    assert len({row.source.scope for row in rows}) == 3
    assert len({id(row.source.resource) for row in rows}) == 1


def test_service_and_scope_have_names() -> None:
    """They are cut like others, and hold no NUL, at which C tools end a text."""
    long = "a\0" + "x" * 5_000
    cut = "a\ufffd" + "x" * 998
    row = only(span(), service=long, scope=long)
    assert (row.source.service, row.signature.service, row.signature.process_group) == (cut, cut, cut)


def test_memory_of_shapes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that makes up names does not fill the memory."""
    monkeypatch.setattr("obsv.wire.rowmaker.PLANS", 10)
    maker = RowMaker()
    for number in range(100):
        only(span({f"key{number}": "x"}, name=f"n{number}"), maker=maker)
    assert len(maker._plans) <= 20


def test_unknown_fields_are_ignored() -> None:
    """Fields of a later OTLP are passed over."""
    body = request(span()).SerializeToString() + delimited(0x7A, b"later")
    assert len(decode_protobuf(body, RowMaker()).rows) == 1
    assert isinstance(ExportTraceServiceRequest.FromString(body), ExportTraceServiceRequest)


def test_huge_parts_stay_within_limits() -> None:
    """Events, resources and columns of a megabyte are cut, and huge shapes are not kept."""
    maker = RowMaker(limits=Limits(value_chars=1_000, span_chars=5_000))
    long = span({"obsv.process_group": "g" * 10_000, "k" * 30_000: "v"})
    for _ in range(150):
        long.events.add(name="e" * 100).attributes.add(key="a").value.string_value = "x" * 900
    made = request(long)
    del made.resource_spans[0].resource.attributes[:]
    for number in range(100):
        made.resource_spans[0].resource.attributes.add(key=f"r{number}").value.string_value = "x" * 900
    made.resource_spans[0].resource.attributes.add(key="service.name").value.string_value = "shop"
    (row,) = decode_protobuf(made.SerializeToString(), maker).rows
    assert row.source.service == "shop"
    detail = json.loads(row.detail or "")
    assert len(row.detail or "") <= 5_000
    assert len(detail["events"]) + detail["droppedEventsCount"] == 150
    assert len(row.source.resource) <= 1_100
    assert json.loads(row.source.resource)["droppedAttributesCount"] > 90
    assert len(row.signature.process_group) == 1_000
    assert len(row.signature.fields[0][0]) == 1_000
    assert (len(maker._plans), len(maker._signatures), len(maker._sources)) == (0, 0, 0)
