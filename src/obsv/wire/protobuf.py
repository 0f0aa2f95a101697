"""Decoding of OTLP protobuf to rows: the fast path for nearly every request.

Values are read by guessing their type, because asking (`WhichOneof`) costs as much as everything else: keys and values
of ten attributes then take 4 µs instead of 7.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, EncodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from obsv.store.ground import Source, SpanRow, to_stored
from obsv.wire.anyvalue import Stored
from obsv.wire.budget import MOST_FIELDS, MOST_PARTS, MOST_SPAN_BYTES, SLICE_BYTES, SLICE_SPANS, too_many
from obsv.wire.clean import Cleaner
from obsv.wire.errors import BadRequest, TooLarge
from obsv.wire.lenient import parsed, repair
from obsv.wire.limits import Limits, clip
from obsv.wire.messages import key_values, to_dict
from obsv.wire.plan import Resource as SharedResource
from obsv.wire.rowmaker import BAD_IDS, Decoded, RowMaker, SpanParts
from obsv.wire.scan import count_fields, fields

M = TypeVar("M", bound=Message)

DAMAGED = "spans that are not valid protobuf"
OVERSIZED = f"spans of more than {MOST_SPAN_BYTES:,} bytes or {MOST_FIELDS:,} fields"
# Space for the note of a text's length.
NOTE_CHARS = 40
# The cost of a scope, in spans without attributes.
SCOPE_PARTS = 4
PARTS = "resources, scopes and spans"
# Field numbers times 8 plus 2, the wire type of messages and strings.
RESOURCE_SPANS, RESOURCE, SCOPE_SPANS, SCOPE, SPANS, SCHEMA_URL = 0x0A, 0x0A, 0x12, 0x0A, 0x12, 0x1A


def decode_protobuf(body: bytes, maker: RowMaker) -> Decoded:
    """Return the rows of an `ExportTraceServiceRequest`; see `protobuf_slices`."""
    return Decoded.joined(protobuf_slices(body, maker))


def protobuf_slices(body: bytes, maker: RowMaker) -> Iterator[Decoded]:
    """Yield the rows of an `ExportTraceServiceRequest`, a few hundred at a time.

    Args:
        body: the message's bytes, decompressed.
        maker: remembers data shared by spans; others may use it between two slices.

    Raises:
        BadRequest: the bytes are not such a message, even in lenient reading.
        TooLarge: it has more parts than `budget` allows.
    """
    if len(body) <= SLICE_BYTES:
        yield from _small(body, maker)
    else:
        yield from _Large(body, maker).slices()


def _small(body: bytes, maker: RowMaker) -> Iterator[Decoded]:
    rejected: Counter[str] = Counter()
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        request, damaged = repair(body, ExportTraceServiceRequest())
        rejected += Counter({DAMAGED: damaged})
    for resource_spans in request.resource_spans:
        origin = _Origin(resource_spans, maker)
        for scope_spans in resource_spans.scope_spans:
            yield from _sliced(scope_spans.spans, origin, scope_spans, maker)
    yield Decoded([], rejected)


class _Large:
    """A request that is parsed piece by piece."""

    def __init__(self, body: bytes, maker: RowMaker) -> None:
        self._body = body
        self._maker = maker
        self._parts = 0

    def slices(self) -> Iterator[Decoded]:
        for tag, _, at, end in self._fields(0, len(self._body)):
            if tag == RESOURCE_SPANS and end > at:
                yield from self._resource_spans(at, end)
            if self._parts % SLICE_SPANS == 0:
                yield Decoded([], Counter())

    def _fields(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        for field in fields(self._body, at, end):
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise too_many(PARTS, MOST_PARTS)
            yield field

    def _resource_spans(self, at: int, end: int) -> Iterator[Decoded]:
        head = self._head(at, end, SCOPE_SPANS)
        origin = _Origin(parsed(head, ResourceSpans()), self._maker)
        for tag, _, begin, stop in self._fields(at, end):
            if tag == SCOPE_SPANS and stop > begin:
                yield from self._scope_spans(begin, stop, origin)
            if self._parts % SLICE_SPANS == 0:
                yield Decoded([], Counter())

    def _head(self, at: int, end: int, tail: int) -> bytes:
        """Return a message without its repeated field `tail`."""
        found = []
        size = 0
        for seen, field in enumerate(fields(self._body, at, end)):
            if field[0] != tail:
                found.append(field)
                size += field[3] - field[1]
            if seen >= MOST_PARTS:
                raise too_many(PARTS, MOST_PARTS)
            if size > MOST_SPAN_BYTES or len(found) > MOST_FIELDS:
                raise _crowded()
        if self._is_crowded(found, tail):
            raise _crowded()
        return b"".join([self._body[begin:stop] for _, begin, _, stop in found])

    def _is_crowded(self, found: list[tuple[int, int, int, int]], tail: int) -> bool:
        kind = Resource.DESCRIPTOR if tail == SCOPE_SPANS else InstrumentationScope.DESCRIPTOR
        return any(
            stop - at > SLICE_BYTES and count_fields(self._body, at, stop, kind, MOST_FIELDS) > MOST_FIELDS
            for tag, _, at, stop in found
            if tag == RESOURCE
        )

    def _scope_spans(self, at: int, end: int, origin: "_Origin") -> Iterator[Decoded]:
        scope = parsed(self._head(at, end, SPANS), ScopeSpans())
        self._parts += SCOPE_PARTS
        begin, number = at, 0
        for tag, start, content, stop in self._fields(at, end):
            number += 1
            if stop - begin > SLICE_BYTES or number > SLICE_SPANS:
                yield from self._piece(begin, start, origin, scope)
                begin, number = start, 1
            if stop - start > SLICE_BYTES:
                if tag != SPANS:
                    pass  # the scope, which is read
                elif self._fits(content, stop):
                    yield from self._piece(start, stop, origin, scope)
                else:
                    yield Decoded([], Counter({OVERSIZED: 1}))
                begin, number = stop, 0
        yield from self._piece(begin, end, origin, scope)

    def _fits(self, at: int, end: int) -> bool:
        try:
            return (
                end - at <= MOST_SPAN_BYTES
                and count_fields(self._body, at, end, Span.DESCRIPTOR, MOST_FIELDS) <= MOST_FIELDS
            )
        except BadRequest:
            return True  # readable parts are kept, and the rest counted

    def _piece(self, begin: int, stop: int, origin: "_Origin", scope: ScopeSpans) -> Iterator[Decoded]:
        piece, damaged = ScopeSpans(), 0
        try:
            piece.MergeFromString(self._body[begin:stop])
        except DecodeError:
            piece, damaged = repair(self._body[begin:stop], ScopeSpans())
        if stop - begin > SLICE_BYTES:
            _clip(piece.spans, self._maker.limits)
        yield from _sliced(piece.spans, origin, scope, self._maker)
        if damaged:
            yield Decoded([], Counter({DAMAGED: damaged}))


def _clip(spans: Sequence[Span], limits: Limits) -> None:
    """Truncate huge texts in place: each is copied several times on its way to a row."""
    most = limits.value_chars - NOTE_CHARS
    for span in spans:
        for pair in span.attributes[: limits.attributes]:
            text = pair.value.string_value
            if len(text) > SLICE_BYTES:
                pair.value.string_value = clip(text, most)


def _crowded() -> TooLarge:
    return TooLarge(f"A resource or scope has more than {MOST_SPAN_BYTES:,} bytes or {MOST_FIELDS:,} fields.")


class _Origin:
    """A resource, which is read once for all its scopes."""

    def __init__(self, resource_spans: ResourceSpans, maker: RowMaker) -> None:
        self._resource_spans = resource_spans
        self._maker = maker
        self._key: tuple[bytes, bytes] | None = None
        self._resource: SharedResource | None = None

    def source(self, scope_spans: ScopeSpans) -> Source:
        """Return the source of one of its scopes."""
        outer = self._resource_spans
        if self._key is None:
            self._key = (_bytes(outer.resource), outer.schema_url.encode())
        key = (*self._key, _bytes(scope_spans.scope), scope_spans.schema_url.encode())
        source = self._maker.known_source(key)
        if source is None:
            self._resource = self._resource or self._maker.resource(_resource(outer, self._maker.limits.attributes))
            source = self._maker.source(key, self._resource, _scope(scope_spans, self._maker.limits.attributes))
        return source


def _sliced(spans: Sequence[Span], origin: _Origin, scope_spans: ScopeSpans, maker: RowMaker) -> Iterator[Decoded]:
    for start in range(0, len(spans), SLICE_SPANS):
        maker.arrive(time.time_ns())
        yield _decoded(spans[start : start + SLICE_SPANS], origin, scope_spans, maker)


def _decoded(spans: Sequence[Span], origin: _Origin, scope_spans: ScopeSpans, maker: RowMaker) -> Decoded:
    rows: list[SpanRow] = []
    source, scope = None, maker.cleaner.name(scope_spans.scope.name)
    for span in spans:
        if len(span.trace_id) == 16 and len(span.span_id) == 8:
            source = source or origin.source(scope_spans)
            row = maker.row(_parts(span, source, scope, maker))
            if row is not None:
                rows.append(row)
    rejected = len(spans) - len(rows)
    return Decoded(rows, Counter({BAD_IDS: rejected} if rejected else {}))


def _resource(resource_spans: ResourceSpans, most: int) -> dict[str, Any]:
    return _attributes(resource_spans.resource, most) | {"schemaUrl": resource_spans.schema_url}


def _scope(scope_spans: ScopeSpans, most: int) -> dict[str, Any]:
    scope = scope_spans.scope
    names = {"name": scope.name, "version": scope.version, "schemaUrl": scope_spans.schema_url}
    return _attributes(scope, most) | names


def _attributes(owner: Any, most: int) -> dict[str, Any]:
    """Return the kept attributes, and the number of the others."""
    dropped = owner.dropped_attributes_count + max(len(owner.attributes) - most, 0)
    return {"attributes": key_values(owner.attributes[:most]), "droppedAttributesCount": dropped}


def _bytes(origin: Resource | InstrumentationScope) -> bytes:
    try:
        return origin.SerializeToString()
    except EncodeError:  # deeper than the encoder allows, assembled by `repair`
        return json.dumps(key_values(origin.attributes)).encode()


def _parts(span: Span, source: Source, scope: str, maker: RowMaker) -> SpanParts:
    keys, values = [], []
    pairs, most = span.attributes, maker.limits.attributes
    for pair in pairs if len(pairs) <= most else pairs[:most]:
        keys.append(pair.key)
        value = pair.value
        # A non-empty string or integer has its apparent type; anything else is asked for its type.
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
        _rare(span, maker.limits),
    )


def _other(value: AnyValue, cleaner: Cleaner) -> Stored:
    kind = value.WhichOneof("value")
    if kind == "bool_value":
        return value.bool_value
    if kind == "double_value" and math.isfinite(value.double_value):
        return value.double_value
    return to_stored(cleaner.value(to_dict(value)))


def _rare(span: Span, limits: Limits) -> dict[str, Any] | None:
    """Return the rare parts of a span, with the kept events, links and attributes; the rest is counted as dropped."""
    over = len(span.attributes) - limits.attributes
    if not (
        span.events
        or span.links
        or span.trace_state
        or span.status.message
        or span.dropped_attributes_count
        or span.dropped_events_count
        or span.dropped_links_count
        or over > 0
    ):
        return None
    return {
        "statusMessage": span.status.message,
        "traceState": span.trace_state,
        "events": [_event(event, limits.attributes) for event in span.events[: limits.events]],
        "links": [_link(link, limits.attributes) for link in span.links[: limits.links]],
        "droppedAttributesCount": span.dropped_attributes_count + max(over, 0),
        "droppedEventsCount": span.dropped_events_count + max(len(span.events) - limits.events, 0),
        "droppedLinksCount": span.dropped_links_count + max(len(span.links) - limits.links, 0),
    }


def _event(event: Span.Event, most: int) -> dict[str, Any]:
    return {"timeUnixNano": event.time_unix_nano, "name": event.name} | _attributes(event, most)


def _link(link: Span.Link, most: int) -> dict[str, Any]:
    return {
        "traceId": link.trace_id.hex(),
        "spanId": link.span_id.hex(),
        "traceState": link.trace_state,
        "flags": link.flags,
    } | _attributes(link, most)
