"""Groups of errors: lists, one with what explains it, and what people decide about them."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from obsv.api.depends import StoreReader, TimeWindow
from obsv.store.figures import ErrorGroup, ErrorSample
from obsv.times import instant_ns

router = APIRouter(tags=["errors"])

GroupId = Annotated[int, Path(ge=1, lt=2**63)]


class ErrorGroupOut(BaseModel):
    """Errors of one cause."""

    id: int
    fingerprint: str
    type: str
    title: str = Field(description="What was raised, of the latest error, one line.")
    process: str = Field(description="The call where the latest began.")
    service: str
    total: int = Field(description="Errors since the store began, once each, at the call where they began.")
    escaped: int = Field(description="Of these, those that no recorded call caught.")
    seen: int = Field(description="Errors in the window.")
    series: list[int] = Field(description="The same in parts of the window, oldest first.")
    first_ns: int
    last_ns: int
    first_version: str | None
    last_version: str | None
    trace_id: str = Field(description="Of the latest call.")
    span_id: str
    status: Literal["open", "resolved", "ignored"]
    status_ns: int
    resolved_version: str | None
    ignored_until_ns: int | None
    is_new: bool = Field(description="The first error is in the window.")
    returned_ns: int | None
    merged: list[int] = Field(description="Groups that are shown with it.")
    split_by: str | None
    note: str


class ErrorGroupsOut(BaseModel):
    """Groups of a window."""

    groups: list[ErrorGroupOut]
    total: int = Field(description="How many groups there are.")
    errors: int = Field(description="Errors of all of them in the window.")
    bin_ns: int = Field(description="Length of a part of `series`.")


class ErrorWhyOut(BaseModel):
    """What was compared."""

    id: int
    fingerprint: str
    compared: dict[str, Any]


class ErrorValueOut(BaseModel):
    """A value of a sample."""

    name: str
    data_type: str
    text: str


class ErrorSampleOut(BaseModel):
    """A failed call that is kept with its group."""

    trace_id: str
    span_id: str
    start_ns: int
    duration_ns: int
    process: str
    service: str
    exception: str
    values: list[ErrorValueOut]


class ErrorPlaceOut(BaseModel):
    """A stored call where an error of the group began."""

    start_ns: int
    trace_id: str
    span_id: str


class ErrorDetailOut(BaseModel):
    """A group with what explains it."""

    group: ErrorGroupOut
    why: list[ErrorWhyOut]
    first: ErrorSampleOut | None
    latest: ErrorSampleOut | None
    calls: list[ErrorPlaceOut] = Field(description="The latest in the window that are still stored.")
    bin_ns: int


class ErrorEventOut(BaseModel):
    """A group was new, or came back."""

    id: int
    at_ns: int
    kind: Literal["new", "returned"]
    trace_id: str
    span_id: str
    group: ErrorGroupOut


class ErrorEventsOut(BaseModel):
    """What happened to groups, oldest first."""

    events: list[ErrorEventOut]


class DecisionIn(BaseModel):
    """What to do with a group."""

    action: Literal["open", "resolve", "ignore", "merge", "separate", "split", "unite", "note"]
    version: str | None = Field(default=None, max_length=200, description="resolve: the last version that has it.")
    until: str | None = Field(default=None, max_length=40, description="ignore: ISO 8601, or Unix time in ns.")
    into: int | None = Field(default=None, description="merge: the group that it is shown with.")
    text: str = Field(default="", max_length=2_000, description="note: what to write.")


@router.get("/errors", summary="Errors, grouped by their cause")
def errors(
    reader: StoreReader,
    window: TimeWindow,
    status: Annotated[Literal["open", "resolved", "ignored"] | None, Query()] = None,
    q: Annotated[str, Query(max_length=200, description="Text in title, type, call or service.")] = "",
    order: Annotated[Literal["last", "count", "first"], Query()] = "last",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    process: Annotated[str | None, Query(max_length=1_000, description="The call where errors begin.")] = None,
) -> ErrorGroupsOut:
    """The groups with errors in a window, each error counted once, at the call where it began."""
    found = reader.read_error_groups(window, status, q, order, limit, process)
    return ErrorGroupsOut(
        groups=[group_out(group) for group in found.groups],
        total=found.total,
        errors=found.errors,
        bin_ns=found.bin_ns,
    )


@router.get("/errors/events", summary="New groups, and groups that came back")
def events(
    reader: StoreReader,
    after: Annotated[int, Query(ge=0, lt=2**63, description="`id` of the last event that is known.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> ErrorEventsOut:
    """Read on from the last event that is known."""
    found = reader.error_events_since(after, limit)
    return ErrorEventsOut(
        events=[ErrorEventOut(**{**each._asdict(), "group": group_out(each.group)}) for each in found]
    )


@router.get("/errors/{group_id}", summary="A group of errors with what explains it")
def error(reader: StoreReader, window: TimeWindow, group_id: GroupId) -> ErrorDetailOut:
    """The group, what was compared to tell it apart, its first and latest call, and where more of them are."""
    return _detail(reader, group_id, window)


@router.post("/errors/{group_id}", summary="Decide about a group of errors")
def decide(reader: StoreReader, window: TimeWindow, group_id: GroupId, decision: DecisionIn) -> ErrorDetailOut:
    """Resolve, ignore, open again, merge, separate, split, unite, or write a note; returns the group as it is then."""
    triage, now_ns = reader.triage(), time.time_ns()
    if decision.action == "resolve":
        triage.resolve(group_id, now_ns, decision.version)
    elif decision.action == "ignore":
        triage.ignore(group_id, now_ns, instant_ns(decision.until) if decision.until else None)
    elif decision.action == "open":
        triage.open_again(group_id, now_ns)
    elif decision.action == "merge":
        triage.merge([group_id], decision.into or 0)
    elif decision.action == "note":
        triage.note(group_id, decision.text)
    else:
        {"separate": triage.separate, "split": triage.split, "unite": triage.unite}[decision.action](group_id)
    return _detail(reader, decision.into or group_id, window)


def _detail(reader: StoreReader, group_id: int, window: TimeWindow) -> ErrorDetailOut:
    found = reader.read_error_group(group_id, window)
    return ErrorDetailOut(
        group=group_out(found.group),
        why=[ErrorWhyOut(**each._asdict()) for each in found.why],
        first=_sample(found.first),
        latest=_sample(found.latest),
        calls=[ErrorPlaceOut(**each._asdict()) for each in found.calls],
        bin_ns=found.bin_ns,
    )


def group_out(group: ErrorGroup) -> ErrorGroupOut:
    """A group as JSON."""
    return ErrorGroupOut(**group._asdict())


def _sample(sample: ErrorSample | None) -> ErrorSampleOut | None:
    if sample is None:
        return None
    values = [ErrorValueOut(name=name, data_type=kind, text=text) for name, kind, text in sample.values]
    return ErrorSampleOut(**{**sample._asdict(), "values": values})
