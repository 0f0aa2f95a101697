"""Traces in Jaeger's JSON, translated from OTLP JSON by the rules of OpenTelemetry's "Jaeger" specification.

Times are whole microseconds, because Jaeger's readers decode them as integers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from obsv import semconv
from obsv.store.spans import StoredTrace
from obsv.wire.encode import to_json

Json = dict[str, Any]
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("", "OK", "ERROR")


def trace_json(trace: StoredTrace) -> Json:
    """Return a trace in the form of Jaeger's `/api/traces`."""
    spans: list[Json] = []
    processes: dict[str, Json] = {}
    for outer in to_json(trace.spans)["resourceSpans"]:
        process_id = f"p{len(processes) + 1}"
        processes[process_id] = _process(outer["resource"])
        for inner in outer["scopeSpans"]:
            spans += [_span(span, inner["scope"], process_id) for span in inner["spans"]]
    spans.sort(key=lambda span: span["startTime"])
    warnings = [f"{trace.left_out} more spans are not shown"] if trace.left_out else None
    return {"traceID": trace.trace_id, "spans": spans, "processes": processes, "warnings": warnings}


def _process(resource: Json) -> Json:
    pairs = resource.get("attributes", [])
    names = [pair["value"].get("stringValue", "") for pair in pairs if pair["key"] == semconv.SERVICE_NAME]
    tags = [_tag(pair) for pair in pairs if pair["key"] != semconv.SERVICE_NAME]
    return {"serviceName": names[0] if names and names[0] else "unknown_service", "tags": tags}


def _span(span: Json, scope: Json, process_id: str) -> Json:
    start_ns, end_ns = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    return {
        "traceID": span["traceId"],
        "spanID": span["spanId"],
        "flags": 1,
        "operationName": span["name"],
        "references": _references(span),
        "startTime": start_ns // 1_000,
        "duration": (end_ns - start_ns) // 1_000,
        "tags": _tags(span, scope),
        "logs": [_log(event) for event in span.get("events", ())],
        "processID": process_id,
        "warnings": None,
    }


def _references(span: Json) -> list[Json]:
    parents = [("CHILD_OF", span["traceId"], span["parentSpanId"])] if "parentSpanId" in span else []
    links = [("FOLLOWS_FROM", link["traceId"], link["spanId"]) for link in span.get("links", ())]
    return [{"refType": kind, "traceID": trace, "spanID": identity} for kind, trace, identity in parents + links]


def _tags(span: Json, scope: Json) -> list[Json]:
    tags = [_tag(pair) for pair in span["attributes"]]
    taken = {tag["key"] for tag in tags}
    status = span["status"]
    made: list[tuple[str, str, Any]] = [
        ("span.kind", "string", KINDS[span["kind"]] if span["kind"] else None),
        ("otel.status_code", "string", _STATUSES[status["code"]]),
        ("error", "bool", True if status["code"] == 2 else None),
        ("otel.status_description", "string", status.get("message")),
        ("otel.scope.name", "string", scope.get("name")),
        ("otel.scope.version", "string", scope.get("version")),
        ("w3c.tracestate", "string", span.get("traceState")),
    ]
    return tags + [_typed(key, kind, value) for key, kind, value in made if value and key not in taken]


def _log(event: Json) -> Json:
    fields = [_tag(pair) for pair in event.get("attributes", ())]
    named = [_typed("event", "string", event["name"])] if event["name"] else []
    return {"timestamp": int(event["timeUnixNano"]) // 1_000, "fields": named + fields}


def _tag(pair: Json) -> Json:
    return _typed(pair["key"], *_plain(pair["value"]))


def _typed(key: str, kind: str, value: Any) -> Json:
    return {"key": key, "type": kind, "value": value}


_MOST_EXACT = 2**53 - 1


def _plain(value: Json) -> tuple[str, Any]:
    for kind, content in value.items():
        if kind == "intValue":
            # As in Jaeger: JavaScript would round larger numbers.
            return "int64", int(content) if -_MOST_EXACT <= int(content) <= _MOST_EXACT else str(int(content))
        # NaN and the infinities are strings in OTLP JSON; Jaeger has no number for them.
        if kind == "doubleValue":
            return ("string" if isinstance(content, str) else "float64"), content
        if kind in _PLAIN:
            return _PLAIN[kind], content
        return "string", json.dumps(_unwrapped(value), ensure_ascii=False)
    return "string", ""


_PLAIN = {"stringValue": "string", "boolValue": "bool", "bytesValue": "binary"}


def _unwrapped(value: Json) -> Any:
    if "arrayValue" in value:
        return [_unwrapped(item) for item in value["arrayValue"].get("values", ())]
    if "kvlistValue" in value:
        return {pair["key"]: _unwrapped(pair["value"]) for pair in value["kvlistValue"].get("values", ())}
    return _plain(value)[1] if value else None


def answer(data: Any, total: int = 0) -> Json:
    """Wrap a response in Jaeger's envelope."""
    return {"data": data, "total": total, "limit": 0, "offset": 0, "errors": None}


def failure(status: int, message: str) -> Json:
    """Wrap an error in Jaeger's envelope."""
    return answer(None) | {"errors": [{"code": status, "msg": message}]}


def traces_json(traces: Iterable[StoredTrace]) -> Json:
    """Wrap several traces in Jaeger's envelope."""
    return answer([trace_json(trace) for trace in traces])
