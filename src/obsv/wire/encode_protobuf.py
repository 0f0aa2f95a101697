"""Encoding of stored spans as OTLP protobuf."""

from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, TracesData

from obsv.store.spans import StoredSpan
from obsv.wire.encode import Exact, to_json
from obsv.wire.messages import fill_pairs


def to_protobuf(spans: Iterable[StoredSpan], *, source_text: bool = False, exact: Exact | None = None) -> TracesData:
    """Return `TracesData`, on the wire the same as `ExportTraceServiceRequest`; arguments as for `to_json`."""
    made = TracesData()
    for outer in to_json(spans, source_text=source_text, exact=exact)["resourceSpans"]:
        resource_spans = made.resource_spans.add(schema_url=outer.get("schemaUrl", ""))
        _fill_origin(resource_spans.resource, outer["resource"])
        for inner in outer["scopeSpans"]:
            _fill_scope_spans(resource_spans, inner)
    return made


def _fill_scope_spans(resource_spans: ResourceSpans, inner: dict[str, Any]) -> None:
    scope_spans = resource_spans.scope_spans.add(schema_url=inner.get("schemaUrl", ""))
    _fill_origin(scope_spans.scope, inner["scope"])
    scope_spans.scope.name = inner["scope"].get("name", "")
    scope_spans.scope.version = inner["scope"].get("version", "")
    for span in inner["spans"]:
        _fill_span(scope_spans.spans.add(), span)


def _fill_origin(target: Any, origin: dict[str, Any]) -> None:
    target.SetInParent()
    fill_pairs(target.attributes, origin.get("attributes", []))
    target.dropped_attributes_count = origin.get("droppedAttributesCount", 0)


def _fill_span(target: Span, span: dict[str, Any]) -> None:
    target.trace_id = bytes.fromhex(span["traceId"])
    target.span_id = bytes.fromhex(span["spanId"])
    target.parent_span_id = bytes.fromhex(span.get("parentSpanId", ""))
    target.trace_state = span.get("traceState", "")
    target.flags = span["flags"]
    target.name = span["name"]
    target.kind = span["kind"]
    target.start_time_unix_nano = int(span["startTimeUnixNano"])
    target.end_time_unix_nano = int(span["endTimeUnixNano"])
    fill_pairs(target.attributes, span["attributes"])
    target.dropped_attributes_count = span.get("droppedAttributesCount", 0)
    target.dropped_events_count = span.get("droppedEventsCount", 0)
    target.dropped_links_count = span.get("droppedLinksCount", 0)
    target.status.SetInParent()
    target.status.code = span["status"]["code"]
    target.status.message = span["status"].get("message", "")
    for event in span.get("events", ()):
        added = target.events.add(time_unix_nano=int(event["timeUnixNano"]), name=event["name"])
        _fill_attributes(added, event)
    for link in span.get("links", ()):
        _fill_link(target.links.add(), link)


def _fill_link(target: Span.Link, link: dict[str, Any]) -> None:
    target.trace_id, target.span_id = bytes.fromhex(link["traceId"]), bytes.fromhex(link["spanId"])
    target.trace_state, target.flags = link.get("traceState", ""), link.get("flags", 0)
    _fill_attributes(target, link)


def _fill_attributes(target: Any, owner: dict[str, Any]) -> None:
    fill_pairs(target.attributes, owner.get("attributes", []))
    target.dropped_attributes_count = owner.get("droppedAttributesCount", 0)
