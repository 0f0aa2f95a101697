"""`GET /api/v1/flow`: the call graph; `GET /api/v1/lineage`: the paths of values."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.analysis.lineage import lineage
from obsv.api.depends import StoreReader, TimeWindow

router = APIRouter(tags=["flow"])


class Node(BaseModel):
    """A function or feed, with the counts of the window."""

    id: int
    name: str
    service: str
    group: str
    kind: int = Field(description="OTLP SpanKind.")
    feed: str | None
    calls: int
    errors: int
    last_ns: int | None = Field(description="Start of the latest call, Unix time.")
    last_duration_ns: int | None
    interval_ns: int | None = Field(description="For a feed: usual time between updates.")
    stale: bool = Field(description="A feed whose last update is older than twice its usual interval.")


class Edge(BaseModel):
    """Calls from one function to another."""

    source: int
    target: int
    calls: int
    errors: int
    last_ns: int = Field(description="Start of the latest call, Unix time.")
    last_duration_ns: int


class FlowAnswer(BaseModel):
    """The call graph. Functions called only before the window are included with no calls."""

    nodes: list[Node]
    edges: list[Edge]
    left_out: int = Field(description="Number of least busy functions left out.")


class HandoverAnswer(BaseModel):
    """A value that passed from an output of one function to an input of another."""

    source: str
    output: str
    target: str
    input: str
    times: int
    example: str
    trace_id: str
    source_span_id: str
    target_span_id: str
    also: list[str] = Field(description="Other functions that had put out an equal value by then; of one trace.")


class LineageAnswer(BaseModel):
    """The paths of values. `cut`: whether there were more calls than are examined."""

    handovers: list[HandoverAnswer]
    calls: int
    cut: bool


@router.get("/flow", summary="Get the call graph")
def flow(reader: StoreReader, window: TimeWindow) -> FlowAnswer:
    """Return functions, feeds and the calls between them, with the counts of the window's whole minutes."""
    found = reader.read_flow(window)
    now_ns = time.time_ns()
    nodes = [Node(**node._asdict(), group=node.process_group, stale=node.stale(now_ns)) for node in found.nodes]
    return FlowAnswer(nodes=nodes, edges=[Edge(**edge._asdict()) for edge in found.edges], left_out=found.left_out)


@router.get("/lineage", summary="Where values went")
def handovers(
    reader: StoreReader,
    window: TimeWindow,
    trace_id: Annotated[str | None, Query(description="Examine only this trace.")] = None,
) -> LineageAnswer:
    """Return outputs that became inputs of another call in the same trace, among the latest calls of the window."""
    found = reader.valued_calls(window, trace_id)
    answers = [
        HandoverAnswer(
            source=found.processes[each.source][0],
            output=each.output,
            target=found.processes[each.target][0],
            input=each.name,
            times=each.times,
            example=each.example,
            trace_id=each.trace_id,
            source_span_id=each.source_span,
            target_span_id=each.target_span,
            also=[found.processes[number][0] for number in each.also],
        )
        for each in lineage(found, trace_id is not None)
    ]
    return LineageAnswer(handovers=answers, calls=len(found.calls), cut=found.cut)
