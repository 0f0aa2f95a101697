"""Requests for the tests: one span with what the test is about."""

import json
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from obsv.wire.messages import fill

TRACE_ID, SPAN_ID, PARENT_ID = bytes(range(1, 17)), bytes(range(1, 9)), bytes(range(2, 10))
START_NS = 1_700_000_000_000_000_000


def request(*spans: Span, service: str | None = "shop", scope: str = "lib") -> ExportTraceServiceRequest:
    """A request of one resource and scope."""
    made = ExportTraceServiceRequest()
    resource_spans = made.resource_spans.add()
    if service is not None:
        resource_spans.resource.attributes.add(key="service.name").value.string_value = service
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = scope
    scope_spans.scope.version = "1.2"
    scope_spans.spans.extend(spans)
    return made


def span(attributes: dict[str, Any] | None = None, **changes: Any) -> Span:
    """A span; attributes as OTLP JSON AnyValues or plain texts."""
    settings: dict[str, Any] = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "name": "GET /cart",
        "kind": 2,
        "start_time_unix_nano": START_NS,
        "end_time_unix_nano": START_NS + 5_000,
        "flags": 0x101,
    }
    made = Span(**settings | changes)
    for key, value in (attributes or {}).items():
        fill(made.attributes.add(key=key).value, value if isinstance(value, dict) else {"stringValue": value})
    return made


def json_request(*spans: dict[str, Any], service: str = "shop") -> bytes:
    """A request in OTLP JSON."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    scope_spans = [{"scope": {"name": "lib", "version": "1.2"}, "spans": list(spans)}]
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": scope_spans}]}).encode()


def json_span(**changes: Any) -> dict[str, Any]:
    """A span in OTLP JSON."""
    return {
        "traceId": TRACE_ID.hex(),
        "spanId": SPAN_ID.hex(),
        "name": "GET /cart",
        "kind": 2,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 5_000),
        "flags": 0x101,
    } | changes


def nested(levels: int) -> bytes:
    """An AnyValue in wire form: arrays within each other."""
    content = b"\x10\x01"
    for _ in range(levels):
        content = delimited(0x2A, delimited(0x0A, content))
    return content


def delimited(tag: int, content: bytes) -> bytes:
    """A length-delimited field in wire form."""
    length, size = b"", len(content)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([tag]) + length + bytes([size]) + content
