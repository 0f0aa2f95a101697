"""Conversion of the SDK's objects to stored data: OTLP JSON and plain JSON values."""

import base64
import json
import math
from collections.abc import Callable, Mapping
from json import encoder as json_encoder
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link

from obsv.store.ground import Source
from obsv.wire.anyvalue import double, from_stored
from obsv.wire.clean import Cleaner
from obsv.wire.detail import detail
from obsv.wire.plan import resource_of

_encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))


def _encode() -> Callable[[Any], str]:
    """Return the encoder's `encode`, which makes its compiled one again for each value: half of its time."""
    make: Any = getattr(json_encoder, "c_make_encoder", None)  # None in other interpreters
    if make is None:
        return _encoder.encode
    parts = make(None, _encoder.default, json_encoder.encode_basestring, None, ":", ",", False, False, True)
    return lambda value: "".join(parts(value, 0))


encode = _encode()


def valid(text: str) -> str:
    """Return the text with lone surrogates escaped, which UTF-8 cannot encode and SQLite rejects."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def stored(value: Any) -> Any:
    """Return an attribute's value as stored: JSON's own types, else an OTLP JSON AnyValue."""
    if isinstance(value, str):
        return valid(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"doubleValue": double(value)}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {"kvlistValue": {"values": key_values(value)}}
    if isinstance(value, (list, tuple)):
        return [stored(item) for item in value]
    return valid(str(value))


def key_values(attributes: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return attributes as OTLP JSON KeyValues."""
    return [{"key": valid(key), "value": from_stored(stored(value))} for key, value in (attributes or {}).items()]


def source_of(resource: Resource, scope: InstrumentationScope | None, cleaner: Cleaner) -> Source:
    """Return the origin of a span."""
    about: dict[str, Any] = {}
    if scope is not None:
        about = {"name": scope.name, "version": scope.version or "", "schemaUrl": scope.schema_url or ""}
        about = {key: text for key, text in about.items() if text}
        about |= cleaner.attributes({"attributes": key_values(scope.attributes)})
    owner = cleaner.attributes({"attributes": key_values(resource.attributes)})
    if resource.schema_url:
        owner["schemaUrl"] = resource.schema_url
    return Source(*resource_of(owner, encode), encode(about))


def rare_parts(span: ReadableSpan) -> dict[str, Any]:
    """Return the rare parts of a span, as OTLP JSON."""
    context = span.context
    parts: dict[str, Any] = {
        "statusMessage": valid(span.status.description or ""),
        "traceState": context.trace_state.to_header() if context is not None and context.trace_state else "",
        "events": [_event(event) for event in span.events],
        "links": [_link(link) for link in span.links],
        "droppedAttributesCount": span.dropped_attributes,
        "droppedEventsCount": span.dropped_events,
        "droppedLinksCount": span.dropped_links,
    }
    return {key: value for key, value in parts.items() if value}


def flags_of(span: ReadableSpan) -> int:
    """Return OTLP's span flags: the trace flags, and whether the parent is in another process."""
    trace_flags = 0 if span.context is None else int(span.context.trace_flags) & 0xFF
    is_remote = span.parent is not None and span.parent.is_remote
    return trace_flags | 0x100 | (0x200 if is_remote else 0)


def detail_of(span: ReadableSpan, cleaner: Cleaner) -> str | None:
    """Return the row's `detail`."""
    return detail(rare_parts(span) | {"flags": flags_of(span)}, cleaner)[0]


def _event(event: Event) -> dict[str, Any]:
    return {
        "timeUnixNano": str(event.timestamp),
        "name": valid(event.name),
        "attributes": key_values(event.attributes),
        "droppedAttributesCount": event.dropped_attributes,
    }


def _link(link: Link) -> dict[str, Any]:
    context = link.context
    return {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "traceState": context.trace_state.to_header() if context.trace_state else "",
        "attributes": key_values(link.attributes),
        "flags": int(context.trace_flags) & 0xFF,
        "droppedAttributesCount": link.dropped_attributes,
    }
