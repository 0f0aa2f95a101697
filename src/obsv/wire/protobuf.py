"""OTLP in protobuf to rows: the fast path, that nearly every request takes.

Values are read by guessing their kind, because asking (`WhichOneof`) costs as much as all the rest together: keys and
values of ten attributes then take 4 µs instead of 7.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError, EncodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from obsv.store.ground import Source
from obsv.wire.anyvalue import Stored, to_stored
from obsv.wire.clean import Cleaner
from obsv.wire.lenient import repair
from obsv.wire.messages import key_values, to_dict
from obsv.wire.rowmaker import BAD_IDS, Decoded, RowMaker, SpanParts

DAMAGED = "spans that are not valid protobuf"


def decode_protobuf(body: bytes, maker: RowMaker) -> Decoded:
    """The rows of an `ExportTraceServiceRequest`.

    Args:
        body: the message's bytes, decompressed.
        maker: remembers what spans share.

    Raises:
        BadRequest: the bytes are no such message, even leniently read.
    """
    rejected: Counter[str] = Counter()
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        request, damaged = repair(body)
        if damaged:
            rejected[DAMAGED] = damaged
    maker.arrive(time.time_ns())
    rows = []
    for parts in _spans(request, maker):
        row = maker.row(parts)
        if row is None:
            rejected[BAD_IDS] += 1
        else:
            rows.append(row)
    return Decoded(rows, rejected)


def _spans(request: ExportTraceServiceRequest, maker: RowMaker) -> Iterator[SpanParts]:
    for resource_spans in request.resource_spans:
        for scope_spans, source in _sources(resource_spans, maker):
            scope = maker.cleaner.name(scope_spans.scope.name)
            for span in scope_spans.spans:
                yield _parts(span, source, scope, maker)


def _sources(resource_spans: ResourceSpans, maker: RowMaker) -> Iterator[tuple[ScopeSpans, Source]]:
    outer = (_bytes(resource_spans.resource), resource_spans.schema_url.encode())
    resource = None
    for scope_spans in resource_spans.scope_spans:
        if scope_spans.spans:
            key = (*outer, _bytes(scope_spans.scope), scope_spans.schema_url.encode())
            source = maker.known_source(key)
            if source is None:
                resource = resource or maker.resource(_resource(resource_spans))
                source = maker.source(key, resource, _scope(scope_spans))
            yield scope_spans, source


def _resource(resource_spans: ResourceSpans) -> dict[str, Any]:
    return {"attributes": key_values(resource_spans.resource.attributes), "schemaUrl": resource_spans.schema_url}


def _scope(scope_spans: ScopeSpans) -> dict[str, Any]:
    scope = scope_spans.scope
    return {
        "name": scope.name,
        "version": scope.version,
        "attributes": key_values(scope.attributes),
        "schemaUrl": scope_spans.schema_url,
    }


def _bytes(origin: Resource | InstrumentationScope) -> bytes:
    try:
        return origin.SerializeToString()
    except EncodeError:  # deeper than the encoder goes, put together by `repair`
        return json.dumps(key_values(origin.attributes)).encode()


def _parts(span: Span, source: Source, scope: str, maker: RowMaker) -> SpanParts:
    keys, values = [], []
    for pair in span.attributes:
        keys.append(pair.key)
        value = pair.value
        # A text or whole number that is not empty is what it seems; anything else is asked for its kind.
        values.append(value.string_value or value.int_value or _other(value, maker.cleaner))
    return SpanParts(
        source,
        scope,
        span.trace_id,
        span.span_id,
        span.parent_span_id,
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code,
        span.flags,
        tuple(keys),
        values,
        _rare(span),
    )


def _other(value: AnyValue, cleaner: Cleaner) -> Stored:
    kind = value.WhichOneof("value")
    if kind == "bool_value":
        return value.bool_value
    if kind == "double_value" and math.isfinite(value.double_value):
        return value.double_value
    return to_stored(cleaner.value(to_dict(value)))


def _rare(span: Span) -> dict[str, Any] | None:
    if not (
        span.events
        or span.links
        or span.trace_state
        or span.status.message
        or span.dropped_attributes_count
        or span.dropped_events_count
        or span.dropped_links_count
    ):
        return None
    return {
        "statusMessage": span.status.message,
        "traceState": span.trace_state,
        "events": [_event(event) for event in span.events],
        "links": [_link(link) for link in span.links],
        "droppedAttributesCount": span.dropped_attributes_count,
        "droppedEventsCount": span.dropped_events_count,
        "droppedLinksCount": span.dropped_links_count,
    }


def _event(event: Span.Event) -> dict[str, Any]:
    return {
        "timeUnixNano": event.time_unix_nano,
        "name": event.name,
        "attributes": key_values(event.attributes),
        "droppedAttributesCount": event.dropped_attributes_count,
    }


def _link(link: Span.Link) -> dict[str, Any]:
    return {
        "traceId": link.trace_id.hex(),
        "spanId": link.span_id.hex(),
        "traceState": link.trace_state,
        "flags": link.flags,
        "attributes": key_values(link.attributes),
        "droppedAttributesCount": link.dropped_attributes_count,
    }
