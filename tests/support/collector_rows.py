"""OTLP JSON made rows of `otel_traces`, as the collector's ClickHouse exporter makes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
STATUSES = ("Unset", "Ok", "Error")


def rows(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a request."""
    for outer in request["resourceSpans"]:
        resource = _attributes(outer.get("resource", {}))
        for inner in outer["scopeSpans"]:
            scope = inner.get("scope", {})
            for span in inner["spans"]:
                yield _row(span, resource, scope)


def _row(span: dict[str, Any], resource: dict[str, str], scope: dict[str, Any]) -> dict[str, Any]:
    start, end = int(span["startTimeUnixNano"]), int(span.get("endTimeUnixNano", 0))
    status, events, links = span.get("status", {}), span.get("events", []), span.get("links", [])
    return {
        "Timestamp": _time(start),
        "TraceId": span["traceId"],
        "SpanId": span["spanId"],
        "ParentSpanId": span.get("parentSpanId", ""),
        "TraceState": span.get("traceState", ""),
        "SpanName": span["name"],
        "SpanKind": KINDS[span.get("kind", 0)],
        "ServiceName": resource.get("service.name", ""),
        "ResourceAttributes": resource,
        "ScopeName": scope.get("name", ""),
        "ScopeVersion": scope.get("version", ""),
        "SpanAttributes": _attributes(span),
        "Duration": max(0, end - start),
        "StatusCode": STATUSES[status.get("code", 0)],
        "StatusMessage": status.get("message", ""),
        "Events.Timestamp": [_time(int(each["timeUnixNano"])) for each in events],
        "Events.Name": [each["name"] for each in events],
        "Events.Attributes": [_attributes(each) for each in events],
        "Links.TraceId": [each["traceId"] for each in links],
        "Links.SpanId": [each["spanId"] for each in links],
        "Links.TraceState": [each.get("traceState", "") for each in links],
        "Links.Attributes": [_attributes(each) for each in links],
    }


def _time(ns: int) -> str:
    return f"{ns // 10**9}.{ns % 10**9:09d}"


def _attributes(owner: dict[str, Any]) -> dict[str, str]:
    return {pair["key"]: _text(pair.get("value", {})) for pair in owner.get("attributes", [])}


def _text(value: dict[str, Any]) -> str:
    """Go's `pcommon.Value.AsString`."""
    for kind, content in value.items():
        if kind == "stringValue":
            return str(content)
        if kind == "boolValue":
            return "true" if content else "false"
        if kind == "doubleValue":
            return repr(float(content)).removesuffix(".0")
        if kind == "bytesValue":
            return base64.b64encode(base64.b64decode(content)).decode()
        if kind in ("arrayValue", "kvlistValue"):
            return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)
        return str(content)
    return ""


def _plain(value: dict[str, Any]) -> Any:
    for kind, content in value.items():
        if kind == "arrayValue":
            return [_plain(each) for each in content.get("values", [])]
        if kind == "kvlistValue":
            return {pair["key"]: _plain(pair["value"]) for pair in content.get("values", [])}
        return int(content) if kind == "intValue" else content
    return None
