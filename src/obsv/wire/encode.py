"""Encoding of stored spans as OTLP JSON, the inverse of decoding. Storing the result again gives the same rows.

Every object that a consumer may expect is present even if empty: resource (with `service.name`), scope, status.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from obsv import semconv
from obsv.conventions import direction
from obsv.store.ground import headline, pairs_of, read_detail, read_fields, read_object, read_values
from obsv.store.spans import StoredSpan
from obsv.wire.anyvalue import AnyDict, from_stored
from obsv.wire.clean import MASK
from obsv.wire.detail import USUAL_FLAGS
from obsv.wire.plan import OWN_SCOPE

Exact = Mapping[tuple[bytes, bytes], Mapping[str, str]]


def to_json(spans: Iterable[StoredSpan], *, source_text: bool = False, exact: Exact | None = None) -> dict[str, Any]:
    """Return an `ExportTraceServiceRequest` (or `TracesData`, which is the same) in OTLP JSON.

    Args:
        spans: the spans, in order.
        source_text: whether to include the code of monitored functions, as the attribute `obsv.code.source_text`.
        exact: exact texts of the inputs of failing calls by trace and span, for a hub: `obsv.exact_inputs`.
    """
    exact = exact or {}
    resources: dict[str, dict[str, Any]] = {}
    for (resource, scope, service), members in _by_source(spans).items():
        outer = resources.setdefault(resource + service, _resource_spans(resource, service))
        made = [
            span_json(span, source_text=source_text, exact=exact.get((span.trace_id, span.span_id))) for span in members
        ]
        outer["scopeSpans"].append(_scope_spans(scope, made))
    return {"resourceSpans": list(resources.values())}


def _by_source(spans: Iterable[StoredSpan]) -> dict[tuple[str, str, str], list[StoredSpan]]:
    groups: dict[tuple[str, str, str], list[StoredSpan]] = {}
    for span in spans:
        groups.setdefault((span.resource, span.scope, span.service), []).append(span)
    return groups


def _resource_spans(resource: str, service: str) -> dict[str, Any]:
    found = dict(_load(resource))
    schema_url = found.pop("schemaUrl", None)
    attributes = found.get("attributes", [])
    if not any(pair["key"] == semconv.SERVICE_NAME for pair in attributes):
        found["attributes"] = [_pair(semconv.SERVICE_NAME, service), *attributes]
    return {"resource": found, "scopeSpans": []} | ({"schemaUrl": schema_url} if schema_url else {})


def _scope_spans(scope: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    found = dict(_load(scope))
    schema_url = found.pop("schemaUrl", None)
    return {"scope": found, "spans": spans} | ({"schemaUrl": schema_url} if schema_url else {})


# The origin of a process's spans is the same text in row after row.
@functools.lru_cache(maxsize=512)
def _load(text: str) -> Any:
    found = read_object(text)
    if "attributes" in found:
        found["attributes"] = pairs_of(found)
    return found


def span_json(span: StoredSpan, *, source_text: bool = False, exact: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return one span in OTLP JSON; arguments as for `to_json`."""
    detail: dict[str, Any] = read_detail(span.detail)
    status = {"code": span.status} | ({"message": message} if (message := detail.get("statusMessage")) else {})
    found: dict[str, Any] = {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.start_ns + span.duration_ns),
        "attributes": attributes(span, source_text=source_text) + _exact(span, exact),
        "status": status,
        "flags": detail.get("flags", USUAL_FLAGS),
    }
    if span.parent_span_id:
        found["parentSpanId"] = span.parent_span_id.hex()
    if events := _events(span, detail.get("events", [])):
        found["events"] = events
    return found | {key: detail[key] for key in _AS_THEY_ARE if key in detail}


_AS_THEY_ARE = ("traceState", "links", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")


def attributes(span: StoredSpan, *, source_text: bool = False) -> list[AnyDict]:
    """Return all attributes of a span as OTLP JSON KeyValues: those of its columns and its values."""
    columns = _columns(span, source_text)
    found = [_pair(key, value) for key, value in columns.items() if value is not None]
    keys = _keys(span.fields, _scope_name(span) == OWN_SCOPE)
    for key, value in zip(keys, read_values(span.data), strict=False):
        found.append({"key": key, "value": from_stored(value)})
    return found


def _exact(span: StoredSpan, exact: Mapping[str, str] | None) -> list[AnyDict]:
    # What was masked in part is of no use for a test, and tells where secrets stand.
    texts = {name: text for name, text in (exact or {}).items() if MASK not in text}
    if not texts or _scope_name(span) != OWN_SCOPE:
        return []
    return [_pair(semconv.EXACT_INPUTS, json.dumps(texts, ensure_ascii=False, separators=(",", ":")))]


def _columns(span: StoredSpan, source_text: bool) -> dict[str, Any]:
    scope = _scope_name(span)
    own = scope == OWN_SCOPE
    usual_group = not own and span.process_group == (scope or span.service)
    return {
        semconv.CODE_FUNCTION_NAME: span.name if own else None,
        semconv.CODE_FILE_PATH: span.file_path,
        semconv.CODE_LINE_NUMBER: span.line_number,
        semconv.CODE_SOURCE_TEXT: (span.source_text or None) if source_text else None,
        semconv.THREAD_ID: span.thread_id,
        semconv.THREAD_NAME: span.thread_name,
        semconv.PROCESS_GROUP: None if usual_group else span.process_group,
        semconv.FEED: span.feed,
        semconv.CPU_TIME_NS: span.cpu_ns,
        semconv.MEMORY_GROWTH_BYTES: span.memory_bytes,
    }


def _scope_name(span: StoredSpan) -> str:
    name = _load(span.scope).get("name", "")
    return name if isinstance(name, str) else ""


@functools.lru_cache(maxsize=2048)
def _keys(fields: str, own: bool) -> tuple[str, ...]:
    return tuple(_key(name, data_type, own) for name, data_type in read_fields(fields))


def _key(name: str, data_type: str, own: bool) -> str:
    # Argument names have no dots; manually set attributes of our spans, and all of other spans, keep their own keys
    # unless those would imply the other direction.
    recorded = own and (name.isidentifier() or name.startswith(semconv.LOCAL_PREFIX))
    if recorded or data_type != direction(name):
        return (semconv.OUTPUT_PREFIX if data_type == semconv.OUTPUT else semconv.INPUT_PREFIX) + name
    return name


def _pair(key: str, value: Any) -> AnyDict:
    return {"key": key, "value": from_stored(value)}


def _events(span: StoredSpan, events: list[AnyDict]) -> list[AnyDict]:
    """Return the events, the exception's with its stack trace; it is created if the row has only the text."""
    if span.exception is None:
        return events
    missing = True
    for event in events:
        if event.get("name") == semconv.EXCEPTION_EVENT:
            missing = False
            for pair in event.get("attributes", ()):
                if pair["key"] == semconv.EXCEPTION_STACKTRACE and not pair["value"]:
                    pair["value"] = {"stringValue": span.exception}
    return [*events, _exception_event(span, span.exception)] if missing else events


def _exception_event(span: StoredSpan, text: str) -> AnyDict:
    kind, message = headline(text)
    found = {semconv.EXCEPTION_TYPE: kind, semconv.EXCEPTION_MESSAGE: message, semconv.EXCEPTION_STACKTRACE: text}
    return {
        "timeUnixNano": str(span.start_ns + span.duration_ns),
        "name": semconv.EXCEPTION_EVENT,
        "attributes": [_pair(key, value) for key, value in found.items()],
    }
