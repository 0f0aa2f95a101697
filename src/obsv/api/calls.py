"""Calls: lists by filter, new calls, one call in full, and values for filters."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from obsv.api.depends import StoreReader, TimeWindow
from obsv.store.finding import (
    EVERY_SPAN,
    MAX_ID,
    MAX_PAGE,
    MAX_SEARCH_CHARS,
    ORIGINS,
    RESOURCE,
    Filters,
    Known,
    complete,
    order_named,
)
from obsv.store.finding import Field as SpanField
from obsv.store.ground import raised
from obsv.store.seam import Store
from obsv.store.spans import Detail, ListedCall, Value

router = APIRouter(tags=["calls"])
_MOST_ORIGINS = 100

Order = Literal["-ts", "ts", "-duration", "duration"]
Name = Annotated[str | None, Query(max_length=1000)]
Milliseconds = Annotated[float | None, Query(ge=0, description="Milliseconds.")]
WHERE = 'A query such as `process:checkout price>10 rate=None -status:ERR duration>100ms "out of stock"`.'
Part = Annotated[str, Query(max_length=200, description="Text contained in the names.")]


def _filters(
    group: Name = None,
    process: Name = None,
    variable: Name = None,
    status: Annotated[Literal["OK", "ERR"] | None, Query()] = None,
    min_ms: Milliseconds = None,
    max_ms: Milliseconds = None,
    q: Annotated[str | None, Query(max_length=MAX_SEARCH_CHARS, description="Text in a value or exception.")] = None,
    where: Annotated[str | None, Query(max_length=2_000, description=WHERE)] = None,
    service: Name = None,
    host: Annotated[str | None, Query(max_length=1000, description="host.name of the resource.")] = None,
    instance: Annotated[str | None, Query(max_length=1000, description="service.instance.id of the resource.")] = None,
) -> Filters:
    texts = {"group": group, "process": process, "variable": variable, "status": status, "q": q, "where": where}
    texts |= {"service": service, "host": host, "instance": instance}
    numbers = {name: repr(value) for name, value in (("min_ms", min_ms), ("max_ms", max_ms)) if value is not None}
    return Filters.parse({**{name: text for name, text in texts.items() if text}, **numbers})


CallFilters = Annotated[Filters, Depends(_filters)]
Chars = Annotated[
    int | None,
    Query(ge=1, description="Maximum length of values and of exception messages, in characters."),
]


class ValueOut(BaseModel):
    """A value of a call."""

    name: str
    data_type: str = Field(description="INPUT or OUTPUT.")
    text: str
    cut: bool = Field(default=False, description="Whether it was cut to `chars`.")


class CallOut(BaseModel):
    """A call."""

    id: int = Field(description="Row in the store, in order of arrival.")
    ts: str = Field(description="Start, UTC, YYYY-MM-DD HH:MM:SS.ffffff.")
    start_ns: int = Field(description="Start, Unix time.")
    duration_ns: int
    process: str = Field(description="module.qualname, or a foreign span's name.")
    process_group: str
    service: str
    status: str = Field(description="OK or ERR.")
    exception: str | None = Field(description="Traceback.")
    trace_id: str
    span_id: str
    values: list[ValueOut]


class ListedCallOut(CallOut):
    """A call in a list."""

    cursor: str = Field(description="Pass it to get the page that begins with this call.")


class CallsOut(BaseModel):
    """A page of calls."""

    calls: list[ListedCallOut]
    cursor: str | None = Field(description="Pass it to get the next page; null on the last.")


class TailOut(BaseModel):
    """New calls, newest first."""

    calls: list[ListedCallOut]
    last_id: int = Field(description="Pass it as `after` in the next request.")
    more: bool = Field(description="Whether older new calls were left out.")


class SeriesOut(BaseModel):
    """Calls and failed calls over time."""

    start_ns: int
    step_ns: int
    calls: list[int] = Field(description="Of each slot of `step_ns` from `start_ns` on; empty if not counted.")
    errors: list[int]
    reason: str | None = Field(description="Why they were not counted.")


class CompletionOut(BaseModel):
    """A completion of a query."""

    start: int = Field(description="Where the text begins that it replaces, up to the cursor.")
    insert: str
    label: str
    about: str


class PointOut(BaseModel):
    """A duration before the call: of one call, or the mean of a minute's calls."""

    start_ns: int
    duration_ns: float
    failed: bool
    calls: int


class RelativeOut(BaseModel):
    """A call near the selected one in its trace."""

    span_id: str
    process: str
    service: str
    start_ns: int
    duration_ns: int
    failed: bool
    level: int
    here: bool


class DetailOut(BaseModel):
    """A call in full."""

    call: CallOut
    thread: str | None
    cpu_ns: int | None
    memory_bytes: int | None
    file_path: str | None
    first_line: int
    source: str | None = Field(description="The function's source at the time of the call.")
    failing_line: int | None = Field(description="Line number in the file.")
    points: list[PointOut] = Field(description="Durations in the half hour that ends with the call.")
    relatives: list[RelativeOut] = Field(description="Its ancestors, itself, its children.")
    more_children: bool


@router.get("/calls", summary="List calls by filter, in pages")
def calls(
    reader: StoreReader,
    window: TimeWindow,
    filters: CallFilters,
    order: Order = "-ts",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    chars: Chars = None,
) -> CallsOut:
    """List calls that satisfy all filters. A page never changes: rows that arrive later do not affect it."""
    found = reader.read_page(filters, window, order, cursor, limit)
    return CallsOut(calls=[_listed_out(call, order, chars) for call in found.calls], cursor=found.cursor)


@router.get("/calls/tail", summary="List calls since a row")
def tail(
    reader: StoreReader,
    window: TimeWindow,
    filters: CallFilters,
    after: Annotated[
        int | None,
        Query(ge=0, le=MAX_ID, description="`last_id` of the previous response; omit it to get the starting point."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 200,
    chars: Chars = None,
) -> TailOut:
    """List calls that arrived after the row `after`, in any order of start, if they started within the window."""
    found = reader.read_new(filters, MAX_ID if after is None else after, window.start_ns, limit)
    calls = [_listed_out(call, "-ts", chars) for call in found.calls]
    return TailOut(calls=calls, last_id=found.last_id, more=found.more)


@router.get("/calls/series", summary="Count calls over time")
def series(reader: StoreReader, window: TimeWindow, filters: CallFilters) -> SeriesOut:
    """Count calls and failed calls that satisfy all filters, in up to 120 slots."""
    return SeriesOut(**reader.read_call_series(filters, window)._asdict())


@router.get("/calls/completions", summary="Complete a query")
def completions(
    reader: StoreReader,
    window: TimeWindow,
    where: Annotated[str, Query(max_length=2_000, description="The query, up to the cursor.")] = "",
    process: Name = None,
) -> list[CompletionOut]:
    """List at most 12 completions: names first, after an operator the values that are known."""

    def values(name: str) -> list[str]:
        latest = reader.read_page(Filters(process=process, variable=name), window, limit=50).calls
        return [value.text for call in latest for value in call.values]

    texts: dict[str, Callable[[str], Iterable[str]]] = {
        "process": reader.read_processes,
        "group": reader.read_groups,
        "has": reader.read_variables,
        **{name: partial(_origins, reader, name) for name in ORIGINS},
    }
    known = Known(lambda part: reader.read_variables(part, process), texts, values)
    return [CompletionOut(**each._asdict()) for each in complete(where, known)]


def _origins(reader: Store, name: str, _: str) -> list[str]:
    found = reader.tag_values(SpanField(RESOURCE, ORIGINS[name]), EVERY_SPAN, _MOST_ORIGINS)
    return list(dict.fromkeys(each.value for each in found))


@router.get("/calls/{trace_id}/{span_id}", summary="Get a call in full")
def call(
    reader: StoreReader,
    trace_id: Annotated[str, Path(pattern="^[0-9a-fA-F]{32}$")],
    span_id: Annotated[str, Path(pattern="^[0-9a-fA-F]{16}$")],
) -> DetailOut:
    """Return a call's source, values, exception, previous durations, and position in its trace."""
    return detail_out(reader.read_detail(trace_id, span_id))


@router.get("/groups", summary="List process groups")
def groups(reader: StoreReader, part: Part = "") -> list[str]:
    """List at most 50 group names, by name."""
    return reader.read_groups(part)


@router.get("/processes", summary="List processes")
def processes(reader: StoreReader, part: Part = "", group: Name = None) -> list[str]:
    """List at most 50 names: those that begin with the text first, then the most recently used."""
    return reader.read_processes(part, group)


@router.get("/variables", summary="List variables")
def variables(reader: StoreReader, part: Part = "", process: Name = None) -> list[str]:
    """List at most 50 variable names, by name."""
    return reader.read_variables(part, process)


def call_out(call: ListedCall, chars: int | None = None) -> CallOut:
    """Return a call as a response, with texts cut to `chars` characters."""
    return CallOut(**_fields(call, chars))


def _fields(call: ListedCall, chars: int | None) -> dict[str, Any]:
    values = [_value_out(value, chars) for value in call.values]
    exception = call.exception if chars is None or call.exception is None else raised(call.exception)[:chars]
    return {**call._asdict(), "values": values, "exception": exception}


def _listed_out(call: ListedCall, order: str, chars: int | None) -> ListedCallOut:
    return ListedCallOut(**_fields(call, chars), cursor=order_named(order).begin(call))


def _value_out(value: Value, chars: int | None) -> ValueOut:
    text = value.text
    return ValueOut(
        name=value.name, data_type=value.data_type, text=text[:chars], cut=chars is not None and len(text) > chars
    )


def detail_out(found: Detail) -> DetailOut:
    """Return a call in full as a response."""
    points = [PointOut(**point._asdict()) for point in found.points]
    relatives = [RelativeOut(**relative._asdict()) for relative in found.relatives]
    rest = {**found._asdict(), "call": call_out(found.call), "points": points, "relatives": relatives}
    return DetailOut(**rest)
