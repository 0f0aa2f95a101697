"""Received rows as rows of the tables of the collector's ClickHouse exporter: values in maps are texts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from obsv import semconv
from obsv.store.ground import LogRow, SpanRow, pairs_of, read_object
from obsv.store.spans import StoredSpan
from obsv.wire.anyvalue import AnyDict
from obsv.wire.encode import to_json
from obsv.wire.encode_logs import any_value, read_value

_KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_STATUSES = ("Unset", "Ok", "Error")
Texts = dict[str, str]


def span_rows(rows: Iterable[SpanRow]) -> Iterator[dict[str, Any]]:
    """Yield the rows of `otel_traces`; those of one resource and scope follow each other."""
    for outer in to_json(map(_stored, rows))["resourceSpans"]:
        resource = _texts(outer["resource"].get("attributes", ()))
        for inner in outer["scopeSpans"]:
            for span in inner["spans"]:
                yield _span(span, resource, inner["scope"])


def _stored(row: SpanRow) -> StoredSpan:
    signature, code, thread = row.signature, row.signature.code, row.thread
    return StoredSpan(
        id=0, ts="", trace_id=row.trace_id, span_id=row.span_id, parent_span_id=row.parent_span_id,
        start_ns=row.start_ns, duration_ns=row.duration_ns, status=row.status, depth=row.depth, data=row.data,
        cpu_ns=row.cpu_ns, memory_bytes=row.memory_bytes, exception=row.exception, detail=row.detail,
        name=signature.name, service=signature.service, process_group=signature.process_group, kind=signature.kind,
        feed=signature.feed, fields=json.dumps(signature.fields, ensure_ascii=False),
        file_path=None if code is None else code.file_path, line_number=None if code is None else code.line_number,
        source_text=None, thread_id=None if thread is None else thread[0],
        thread_name=None if thread is None else thread[1], resource=row.source.resource, scope=row.source.scope,
    )  # fmt: skip


def _span(span: Mapping[str, Any], resource: Texts, scope: Mapping[str, Any]) -> dict[str, Any]:
    events, links, start_ns = span.get("events", []), span.get("links", []), int(span["startTimeUnixNano"])
    return {
        "Timestamp": _time(start_ns),
        "TraceId": span["traceId"],
        "SpanId": span["spanId"],
        "ParentSpanId": span.get("parentSpanId", ""),
        "TraceState": span.get("traceState", ""),
        "SpanName": span["name"],
        "SpanKind": _KINDS[span["kind"]],
        "ServiceName": resource.get(semconv.SERVICE_NAME, ""),
        "ResourceAttributes": resource,
        "ScopeName": scope.get("name", ""),
        "ScopeVersion": scope.get("version", ""),
        "SpanAttributes": _texts(span["attributes"]),
        "Duration": int(span["endTimeUnixNano"]) - start_ns,
        "StatusCode": _STATUSES[span["status"]["code"]],
        "StatusMessage": span["status"].get("message", ""),
        "Events.Timestamp": [_time(int(each["timeUnixNano"])) for each in events],
        "Events.Name": [each["name"] for each in events],
        "Events.Attributes": [_texts(each.get("attributes", ())) for each in events],
        "Links.TraceId": [each["traceId"] for each in links],
        "Links.SpanId": [each["spanId"] for each in links],
        "Links.TraceState": [each.get("traceState", "") for each in links],
        "Links.Attributes": [_texts(each.get("attributes", ())) for each in links],
    }


def log_row(row: LogRow) -> dict[str, Any]:
    """Return the row of `otel_logs` for a log record."""
    outer, inner = read_object(row.source.resource), read_object(row.source.scope)
    found = read_value(row.attributes)
    attributes = found if isinstance(found, dict) else {}
    own = {semconv.LOG_PROCESS: row.process, semconv.THREAD_NAME: row.thread}
    named = {key: value for key, value in own.items() if value and key not in attributes}
    resource = _texts(pairs_of(outer))
    return {
        "Timestamp": _time(row.time_ns),
        "TraceId": row.trace_id.hex(),
        "SpanId": row.span_id.hex(),
        "SeverityText": row.severity_text,
        "SeverityNumber": row.severity,
        "ServiceName": resource.get(semconv.SERVICE_NAME, row.source.service),
        "Body": _text(any_value(read_value(row.body))),
        "ResourceSchemaUrl": outer.get("schemaUrl", ""),
        "ResourceAttributes": resource,
        "ScopeSchemaUrl": inner.get("schemaUrl", ""),
        "ScopeName": inner.get("name", ""),
        "ScopeVersion": inner.get("version", ""),
        "ScopeAttributes": _texts(pairs_of(inner)),
        "LogAttributes": {key: _text(any_value(value)) for key, value in {**attributes, **named}.items()},
        "EventName": row.event_name,
    }


def _time(ns: int) -> str:
    # ClickHouse reads seconds with fewer than ten digits, of times before 2001, as something else.
    return f"{ns // 10**9:010d}.{ns % 10**9:09d}"


def _texts(pairs: Iterable[AnyDict]) -> Texts:
    return {pair["key"]: _text(pair.get("value") or {}) for pair in pairs}


def _text(value: AnyDict) -> str:
    """Return a value as Go's `pcommon.Value.AsString` writes it."""
    for kind, content in value.items():
        match kind:
            case "boolValue":
                return "true" if content else "false"
            case "doubleValue" if isinstance(content, float):
                return repr(content).removesuffix(".0")
            case "bytesValue":
                return base64.b64encode(base64.b64decode(content)).decode()
            case "arrayValue" | "kvlistValue":
                return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)
            case _:
                return str(content)
    return ""


def _plain(value: AnyDict) -> Any:
    for kind, content in value.items():
        if kind == "arrayValue":
            return [_plain(each) for each in content.get("values", [])]
        if kind == "kvlistValue":
            return {pair["key"]: _plain(pair.get("value") or {}) for pair in content.get("values", [])}
        return int(content) if kind == "intValue" else content
    return None
