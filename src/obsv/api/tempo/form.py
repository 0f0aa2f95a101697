"""Tempo's search responses. Grafana decodes them strictly: a field outside its schema fails the whole query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from obsv import semconv
from obsv.api.traceql.names import short_name
from obsv.store.finding import EVENT, INTRINSIC, KINDS, LINK, RESOURCE, STATUSES, UNSCOPED, Field
from obsv.store.spans import StoredSpan
from obsv.store.surveying import Match, Summary
from obsv.wire.encode import to_json

Json = dict[str, Any]
_UINT32 = 2**32 - 1
# Attributes that each span of a search has anyway.
_SHOWN = ("span:id", "span:name", "span:duration", "trace:id")


def search_json(summaries: Sequence[Summary], matches: Mapping[str, Match], fields: Sequence[Field]) -> Json:
    """Return the response of `/api/search`.

    Args:
        summaries: summaries of the traces, in order.
        matches: the matching spans, by trace; a trace without any is left out.
        fields: the fields whose values to show.
    """
    shown = [field for field in fields if not (field.scope == INTRINSIC and field.name in _SHOWN)]
    traces = [_trace(summary, matches[summary.trace_id], shown) for summary in summaries if summary.trace_id in matches]
    return {"traces": traces, "metrics": {}}


def _trace(summary: Summary, match: Match, fields: Sequence[Field]) -> Json:
    found = [_span(span, summary, fields) for span in match.spans]
    return {
        "traceID": summary.trace_id,
        "rootServiceName": summary.root_service,
        "rootTraceName": summary.root_name,
        "startTimeUnixNano": str(summary.start_ns),
        "durationMs": min((summary.end_ns - summary.start_ns) // 1_000_000, _UINT32),
        "spanSets": [{"spans": found, "matched": match.matched}],
    }


def _span(span: StoredSpan, summary: Summary, fields: Sequence[Field]) -> Json:
    found: Json = {
        "spanID": span.span_id.hex(),
        "name": span.name,
        "startTimeUnixNano": str(span.start_ns),
        "durationNanos": str(span.duration_ns),
    }
    attributes = attributes_of(span, summary, fields)
    return found | ({"attributes": attributes} if attributes else {})


def attributes_of(span: StoredSpan, summary: Summary, fields: Sequence[Field]) -> list[Json]:
    """Return the values of fields as OTLP KeyValues, without those that the span does not have."""
    if not fields:
        return []
    outer = to_json([span])["resourceSpans"][0]
    scope, otlp = outer["scopeSpans"][0]["scope"], outer["scopeSpans"][0]["spans"][0]
    found = []
    for field in fields:
        if field.scope == INTRINSIC:
            text = _intrinsic(field.name, otlp, scope, summary)
            value = {"stringValue": text} if text else None
        else:
            value = _attribute(field, otlp, outer["resource"], scope)
        if value:
            found.append({"key": short_name(field), "value": value})
    return found


def _attribute(field: Field, span: Json, resource: Json, scope: Json) -> Json | None:
    owners = {
        RESOURCE: [resource],
        EVENT: span.get("events", []),
        LINK: span.get("links", []),
        UNSCOPED: [span, resource],
        "instrumentation": [scope],
    }.get(field.scope, [span])
    keys = (field.name, semconv.INPUT_PREFIX + field.name, semconv.OUTPUT_PREFIX + field.name)
    for owner in owners:
        for pair in owner.get("attributes", ()):
            if pair["key"] == field.name or (owner is span and pair["key"] in keys):
                return dict(pair["value"])
    return None


def _intrinsic(name: str, span: Json, scope: Json, summary: Summary) -> str:
    events, links = span.get("events") or [{}], span.get("links") or [{}]
    found: dict[str, Any] = {
        "span:kind": KINDS[span["kind"]],
        "span:status": STATUSES[span["status"]["code"]],
        "span:statusMessage": span["status"].get("message"),
        "span:parentID": span.get("parentSpanId"),
        "trace:rootName": summary.root_name,
        "trace:rootService": summary.root_service,
        "trace:duration": f"{(summary.end_ns - summary.start_ns) / 1e6:g}ms",
        "event:name": events[0].get("name"),
        "link:spanID": links[0].get("spanId"),
        "link:traceID": links[0].get("traceId"),
        "instrumentation:name": scope.get("name"),
        "instrumentation:version": scope.get("version"),
    }
    return found.get(name) or ""
