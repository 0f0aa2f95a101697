"""`GET /api/v1/functions`: the most called functions; `GET /api/v1/functions/{name}`: one function in full."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from obsv.api.depends import StoreReader, TimeWindow
from obsv.store.figures import FunctionReport, Sums

router = APIRouter(tags=["functions"], prefix="/functions")


class BusyFunction(BaseModel):
    """A function in the window; durations in ns."""

    name: str
    group: str
    calls: int
    errors: int
    total_ns: int
    max_ns: int


class Figures(BaseModel):
    """Figures of a period; durations in ns, percentiles within 4 %, null without calls."""

    calls: int
    errors: int
    error_rate: float = Field(description="0..1.")
    mean_ns: float | None
    unrecorded: int = Field(
        description="Number of calls that are not stored: they are covered by sampled calls, or were only counted."
    )
    p50_ns: float | None
    p95_ns: float | None
    p99_ns: float | None
    max_ns: int
    cpu_ns: int = Field(description="Total CPU time, where measured.")
    memory_bytes: int = Field(description="Total memory growth, where measured.")
    histogram: dict[int, int] = Field(
        description="Calls by bucket: bucket b holds durations in (1.08^b, 1.08^(b+1)] ns."
    )

    @classmethod
    def of(cls, sums: Sums) -> Figures:
        """Return the figures of sums."""
        return cls(
            calls=sums.calls,
            errors=sums.errors,
            error_rate=sums.error_rate,
            mean_ns=sums.mean_ns,
            unrecorded=sums.unrecorded,
            p50_ns=sums.percentile_ns(0.5),
            p95_ns=sums.percentile_ns(0.95),
            p99_ns=sums.percentile_ns(0.99),
            max_ns=sums.max_ns,
            cpu_ns=sums.cpu_ns,
            memory_bytes=sums.memory_bytes,
            histogram=sums.buckets,
        )


class SourceVersion(BaseModel):
    """A version of the source; `used_ns`: when a call last used it."""

    file_path: str
    line_number: int
    source_text: str
    used_ns: int


class VariableState(BaseModel):
    """The last value of a variable; times are Unix time."""

    name: str
    data_type: str
    last_value: str | None
    last_ns: int
    changed_ns: int = Field(description="Start of the first call with this value.")
    updates: int
    repeats: int


class FailedCall(BaseModel):
    """A failed call and its traceback."""

    start_ns: int
    duration_ns: int
    trace_id: str
    span_id: str
    text: str


class NeighbourFunction(BaseModel):
    """A caller or callee; counts since the file was created."""

    name: str
    calls: int
    errors: int


class HistoryOut(BaseModel):
    """The window in bins."""

    start_ns: int = Field(description="Start of the first bin, Unix time.")
    step_ns: int
    bins: list[Figures]


class FunctionAnswer(BaseModel):
    """A function in full. `figures` cover the window."""

    name: str
    services: list[str]
    group: str
    kind: int = Field(description="OTLP SpanKind.")
    feed: str | None
    last_ns: int | None
    figures: Figures
    history: HistoryOut
    versions: list[SourceVersion]
    variables: list[VariableState]
    failures: list[FailedCall]
    callers: list[NeighbourFunction]
    callees: list[NeighbourFunction]


@router.get("", summary="List the most called functions")
def functions(
    reader: StoreReader,
    window: TimeWindow,
    q: Annotated[str, Query(max_length=200, description="Text contained in the name.")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[BusyFunction]:
    """List functions by number of calls in the window's whole minutes."""
    return [BusyFunction(**each._asdict(), group=each.process_group) for each in reader.read_busiest(window, q, limit)]


@router.get("/{name:path}", summary="Get a function in full")
def function(reader: StoreReader, window: TimeWindow, name: Annotated[str, Path(max_length=2_000)]) -> FunctionAnswer:
    """Return figures, source, variables, failures, and the history of a function."""
    return _answer(reader.read_function(name, window))


def _answer(found: FunctionReport) -> FunctionAnswer:
    history = found.history
    bins = [Figures.of(each) for each in history.bins]
    return FunctionAnswer(
        name=found.name,
        services=found.services,
        group=found.process_group,
        kind=found.kind,
        feed=found.feed,
        last_ns=found.last_ns,
        figures=Figures.of(found.sums),
        history=HistoryOut(start_ns=history.start_ns, step_ns=history.step_ns, bins=bins),
        versions=[SourceVersion(**each.code._asdict(), used_ns=each.used_ns) for each in found.versions],
        variables=[VariableState(**each._asdict()) for each in found.variables],
        failures=[FailedCall(**each._asdict()) for each in found.failures],
        callers=[NeighbourFunction(**each._asdict()) for each in found.callers],
        callees=[NeighbourFunction(**each._asdict()) for each in found.callees],
    )
