"""Stored spans go back to OTLP."""

import json
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from otlp_requests import PARENT_ID, SPAN_ID, START_NS, TRACE_ID, request, span

from obsv.capture import Redactor
from obsv.store import Code, Reader, Signature, Source, SpanRow, Writer
from obsv.store.spans.stored import StoredSpan, spans_of_trace, spans_since
from obsv.wire.encode import to_json
from obsv.wire.encode_protobuf import to_protobuf
from obsv.wire.jsonform import decode_json
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import RowMaker


def full() -> Span:
    made = span(
        {
            "http.request.method": "GET",
            "count": {"intValue": "3"},
            "share": {"doubleValue": 1.0},
            "bad": {"doubleValue": "-Infinity"},
            "list": {"arrayValue": {"values": [{"boolValue": True}, {"arrayValue": {"values": []}}]}},
            "map": {"kvlistValue": {"values": [{"key": "k", "value": {"bytesValue": "AAE="}}]}},
            "none": {},
            "thread.id": {"intValue": "4"},
            "thread.name": "worker",
        },
        parent_span_id=PARENT_ID,
        trace_state="a=b",
        flags=0x301,
        status=Status(code=Status.STATUS_CODE_ERROR, message="no"),
        dropped_attributes_count=1,
        dropped_events_count=2,
        dropped_links_count=3,
    )
    event = made.events.add(name="exception", time_unix_nano=START_NS + 3, dropped_attributes_count=4)
    event.attributes.add(key="exception.type").value.string_value = "E"
    event.attributes.add(key="exception.stacktrace").value.string_value = "Traceback\nE: x"
    made.links.add(trace_id=TRACE_ID, span_id=PARENT_ID, trace_state="c=d", flags=0x100).attributes.add(
        key="k"
    ).value.int_value = 1
    return made


def through_the_store(rows: list[SpanRow], path: Path) -> list[StoredSpan]:
    Writer(path).write(rows)
    return spans_of_trace(Reader(path), TRACE_ID.hex())


def stored(made: ExportTraceServiceRequest, path: Path) -> list[StoredSpan]:
    return through_the_store(decode_protobuf(made.SerializeToString(), RowMaker(Redactor())).rows, path)


def facts(spans: list[StoredSpan]) -> list[Any]:
    return [tuple(value for name, value in span._asdict().items() if name != "id") for span in spans]


def test_protobuf_comes_out_as_it_went_in(tmp_path: Path) -> None:
    """A request with every part is the same after a stay in the store; columns of their own stand last."""
    made = request(full())
    out = ExportTraceServiceRequest.FromString(to_protobuf(stored(made, tmp_path / "a.db")).SerializeToString())
    for each in (made, out):
        attributes = each.resource_spans[0].scope_spans[0].spans[0].attributes
        attributes.sort(key=lambda pair: pair.key)
    assert out == made


@pytest.mark.parametrize("kind", ["json", "protobuf"])
def test_second_store_holds_the_same(tmp_path: Path, kind: str) -> None:
    """Spans sent by one store are stored the same by another."""
    first = stored(request(full(), span(span_id=PARENT_ID)), tmp_path / "a.db")
    maker = RowMaker(Redactor())
    if kind == "json":
        decoded = decode_json(json.dumps(to_json(first)).encode(), maker)
    else:
        decoded = decode_protobuf(to_protobuf(first).SerializeToString(), maker)
    assert facts(through_the_store(decoded.rows, tmp_path / "b.db")) == facts(first)


def test_own_spans_come_back(tmp_path: Path) -> None:
    """A monitored call has its code, group, thread and values again, its traceback as an exception event between."""
    fields = (
        ("item", "INPUT"),
        ("user.id", "INPUT"),
        ("local.x", "OUTPUT"),
        ("answer", "OUTPUT"),
        ("return", "OUTPUT"),
    )
    code = Code("/app/cart.py", 12, "def add(): ...")
    signature = Signature("shop", "shop.cart.add", "shop.cart", 1, fields, code, "fills")
    row = SpanRow(
        signature=signature,
        source=Source(
            "shop", '{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]}', '{"name":"obsv"}'
        ),
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        parent_span_id=None,
        parent=None,
        start_ns=START_NS,
        duration_ns=5,
        thread=(7, "MainThread"),
        status=2,
        depth=0,
        data='["\'tea\'","5","1","2","None"]',
        cpu_ns=3,
        memory_bytes=-4,
        exception="Traceback\nValueError: no tea",
    )
    first = through_the_store([row], tmp_path / "a.db")
    out = to_json(first, source_text=True)
    (sent,) = out["resourceSpans"][0]["scopeSpans"][0]["spans"]
    keys = [pair["key"] for pair in sent["attributes"]]
    assert keys[-5:] == [
        "obsv.input.item",
        "user.id",
        "obsv.output.local.x",
        "obsv.output.answer",
        "obsv.output.return",
    ]
    assert sent["events"][0]["attributes"][0]["value"] == {"stringValue": "ValueError"}
    (again,) = through_the_store(decode_json(json.dumps(out).encode(), RowMaker(Redactor())).rows, tmp_path / "b.db")
    assert again._replace(id=0, detail=None) == first[0]._replace(id=0)


def test_what_consumers_take_for_granted(tmp_path: Path) -> None:
    """Resource with a service name, scope and status are there even when nothing was sent of them."""
    made = ExportTraceServiceRequest()
    made.resource_spans.add().scope_spans.add().spans.append(span())
    spans = stored(made, tmp_path / "a.db")
    out = to_protobuf(spans)
    resource_spans = out.resource_spans[0]
    assert resource_spans.resource.attributes[0].key == "service.name"
    assert resource_spans.HasField("resource")
    assert resource_spans.scope_spans[0].HasField("scope")
    assert resource_spans.scope_spans[0].spans[0].HasField("status")
    assert to_json(spans)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"] == {"code": 0}


def test_groups_by_resource_and_scope(tmp_path: Path) -> None:
    """Spans of one resource stand together, scope by scope."""
    made = request(span())
    made.MergeFrom(request(span(span_id=PARENT_ID), scope="other"))
    made.MergeFrom(request(span(span_id=b"12345678"), service="till"))
    out = to_json(stored(made, tmp_path / "a.db"))["resourceSpans"]
    assert [len(resource_spans["scopeSpans"]) for resource_spans in out] == [2, 1]


def test_spans_since(tmp_path: Path) -> None:
    """Spans of a range of time come oldest first, some at a time, those of one microsecond too."""
    rows = [span(span_id=(i + 1).to_bytes(8, "big"), start_time_unix_nano=START_NS + i // 3 * 1_000) for i in range(10)]
    stored(request(*rows), tmp_path / "a.db")
    chunks = list(spans_since(Reader(tmp_path / "a.db"), START_NS + 1_000, START_NS + 3_000, size=4))
    assert [[int.from_bytes(span.span_id, "big") for span in chunk] for chunk in chunks] == [[4, 5, 6, 7], [8, 9]]


def test_unknown_trace_is_empty(tmp_path: Path) -> None:
    """A trace that is not there has no spans."""
    stored(request(span()), tmp_path / "a.db")
    assert spans_of_trace(Reader(tmp_path / "a.db"), "00" * 16) == []
