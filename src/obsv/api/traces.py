"""`GET /api/v1/traces/{trace_id}` and below: tree, search, one span."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from obsv.analysis.brief import brief
from obsv.analysis.lifetime import lifetime_of_trace
from obsv.analysis.trace_columns import trace_columns
from obsv.analysis.trace_markdown import of_spans, trace_markdown
from obsv.api.depends import StoreReader
from obsv.store.spans import MOST_OF_TRACE
from obsv.wire.encode import to_json


class MarkdownResponse(PlainTextResponse):
    """Markdown, which browsers show as plain text."""

    media_type = "text/markdown"


router = APIRouter(tags=["traces"], prefix="/traces")

TraceId = Annotated[str, Path(description="Up to 32 hex digits.", pattern="^[0-9a-fA-F]{1,32}$")]
SpanId = Annotated[str, Path(description="Up to 16 hex digits.", pattern="^[0-9a-fA-F]{1,16}$")]


class TraceColumns(BaseModel):
    """A trace as a tree in drawing order, as one list per column; a row is a position in these lists."""

    trace_id: str
    total: int = Field(description="Number of spans in the trace; of more than 100,000, only a part is included.")
    start_ns: str = Field(description="Start of the first span, Unix time.")
    length: int = Field(description="ns from the first start to the last end.")
    moved: dict[str, int] = Field(description="Correction of each service's clock in ns.")
    processes: list[tuple[str, str, str, int]] = Field(description="Name, service, group and OTLP kind.")
    span_id: list[str]
    process: list[int] = Field(description="Position in `processes`.")
    parent: list[int] = Field(description="Row of the caller, -1 for a root.")
    depth: list[int]
    end: list[int] = Field(description="The row after the last descendant.")
    start: list[int] = Field(description="ns since the trace's start.")
    duration: list[int] = Field(description="ns.")
    self: list[int] = Field(description="ns in which no child ran.")
    flags: list[int] = Field(
        description="Bits: 1 error, 2 on the critical path, 4 its parent is missing, 8 its parents form a cycle, "
        "16 moved to its caller's clock, 32 has events, 64 has links, 128 has an exception."
    )
    critical: list[int] = Field(description="The critical path: row, start and end of each stretch, flat.")
    events: dict[int, list[int]] = Field(description="By row: times of its events, ns since the trace's start.")


class Found(BaseModel):
    """Spans that contain a text."""

    span_id: list[str]


class LifetimeOut(BaseModel):
    """The time for which a trace can be read."""

    kept_by: str | None = Field(description="Who keeps it beyond retention; null: nobody.")
    deleted_ns: int | None = Field(description="When retention begins to delete it, Unix time; null: at no age.")
    text: str = Field(description="The same in words.")


class BriefOut(BaseModel):
    """A span in short."""

    inputs: str = Field(description="`name=value, …`, shortened.")
    outcome: str = Field(description="Its result, or its exception, shortened.")


class Briefs(BaseModel):
    """Some spans of a trace in short, by ID."""

    spans: dict[str, BriefOut]


@router.get("/{trace_id}", summary="Get a trace as a tree", response_model=TraceColumns)
def trace(
    reader: StoreReader,
    trace_id: TraceId,
    around: Annotated[str | None, Query(description="A span to include from a very long trace.")] = None,
) -> Response:
    """Return all spans with times, self times and the critical path, in compact columns."""
    with reader.view() as snapshot:
        spans = snapshot.read_trace_columns(trace_id, around)
    return compact(trace_columns(spans))


@router.get("/{trace_id}/search", summary="Search in a trace")
def search(reader: StoreReader, trace_id: TraceId, q: Annotated[str, Query(min_length=1, max_length=200)]) -> Found:
    """List the spans whose name, values or exception contain a text, ignoring case (ASCII)."""
    return Found(span_id=reader.search_trace(trace_id, q))


@router.get("/{trace_id}/lifetime", summary="Get how long a trace can be read")
def lifetime(reader: StoreReader, trace_id: TraceId) -> LifetimeOut:
    """Return when retention deletes a trace, or who keeps it."""
    found = lifetime_of_trace(reader, trace_id, time.time_ns())
    kept_by = found.kept.kept_by if found.kept else None
    return LifetimeOut(kept_by=kept_by, deleted_ns=found.deleted_ns, text=found.text)


@router.get("/{trace_id}/values", summary="Get some spans of a trace in short")
def values(
    reader: StoreReader,
    trace_id: TraceId,
    spans: Annotated[
        str,
        Query(
            description=f"Up to {MOST_OF_TRACE} span IDs, separated by commas.",
            pattern="^[0-9a-fA-F]{1,16}(,[0-9a-fA-F]{1,16})*$",
            max_length=17 * MOST_OF_TRACE,
        ),
    ],
) -> Briefs:
    """Return inputs and outcome of some spans, each in one line; unknown spans are missing."""
    found = reader.calls_of_trace(trace_id, spans.split(","))
    return Briefs(spans={call.span_id: BriefOut(**brief(call)._asdict()) for call in found})


@router.get("/{trace_id}/markdown", summary="Get a trace as Markdown", response_class=MarkdownResponse)
def markdown(reader: StoreReader, trace_id: TraceId) -> MarkdownResponse:
    """Return failures, their inputs, and where the time went, for an issue or a chat."""
    with reader.view() as snapshot:
        spans = snapshot.read_trace_columns(trace_id)
        tree, wanted = of_spans(spans)
        failures = [snapshot.read_call(spans.trace_id, span_id) for span_id in wanted]
    return MarkdownResponse(trace_markdown(spans, tree, failures))


@router.get("/{trace_id}/otlp", summary="Get a trace as OTLP JSON")
def otlp(reader: StoreReader, trace_id: TraceId) -> Response:
    """Return the whole recorded trace as an `ExportTraceServiceRequest`, which any OpenTelemetry tool accepts."""
    return compact(to_json(reader.spans_of_trace(reader.known_trace(trace_id))))


def compact(content: Any) -> Response:
    """Return JSON without spaces and without validating it again: the lists are long."""
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json")
