"""Error groups: lists, one group with its explanation, and decisions about groups."""

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
    """Errors with one cause."""

    id: int
    fingerprint: str
    type: str
    title: str = Field(description="The exception of the latest error, on one line.")
    process: str = Field(description="The call in which the latest error originated.")
    service: str
    total: int = Field(description="Errors since the store was created, each counted once, where it originated.")
    escaped: int = Field(description="The number of them that no recorded call caught.")
    seen: int = Field(description="Errors in the window.")
    series: list[int] = Field(description="Errors in parts of the window, oldest first.")
    first_ns: int
    last_ns: int
    first_version: str | None
    last_version: str | None
    trace_id: str = Field(description="Version of the latest call.")
    span_id: str
    status: Literal["open", "resolved", "ignored"]
    status_ns: int
    resolved_version: str | None
    ignored_until_ns: int | None
    is_new: bool = Field(description="Whether the first error is in the window.")
    returned_ns: int | None
    merged: list[int] = Field(description="Groups merged into it.")
    split_by: str | None
    note: str


class ErrorGroupsOut(BaseModel):
    """The groups of a window."""

    groups: list[ErrorGroupOut]
    total: int = Field(description="Number of groups.")
    errors: int = Field(description="Errors of all groups in the window.")
    bin_ns: int = Field(description="Length of each part of `series`.")


class ErrorWhyOut(BaseModel):
    """The data by which a group is identified."""

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
    """A stored call in which an error of the group originated."""

    start_ns: int
    trace_id: str
    span_id: str


class ErrorDetailOut(BaseModel):
    """A group with its explanation."""

    group: ErrorGroupOut
    why: list[ErrorWhyOut]
    first: ErrorSampleOut | None
    latest: ErrorSampleOut | None
    calls: list[ErrorPlaceOut] = Field(description="The latest calls in the window that are still stored.")
    bin_ns: int


class ErrorEventOut(BaseModel):
    """A new group, or one that came back."""

    id: int
    at_ns: int
    kind: Literal["new", "returned"]
    trace_id: str
    span_id: str
    group: ErrorGroupOut


class ErrorEventsOut(BaseModel):
    """Events of groups, oldest first."""

    events: list[ErrorEventOut]


class DecisionIn(BaseModel):
    """A decision about a group."""

    action: Literal["open", "resolve", "ignore", "merge", "separate", "split", "unite", "note"]
    version: str | None = Field(
        default=None, max_length=200, description="resolve: the last version that contains the error."
    )
    until: str | None = Field(
        default=None, max_length=40, description="ignore: end time in ISO 8601, or Unix time in ns."
    )
    into: int | None = Field(default=None, description="merge: the group to merge it into.")
    text: str = Field(default="", max_length=2_000, description="note: the text.")


@router.get("/errors", summary="List errors, grouped by cause")
def errors(
    reader: StoreReader,
    window: TimeWindow,
    status: Annotated[Literal["open", "resolved", "ignored"] | None, Query()] = None,
    q: Annotated[str, Query(max_length=200, description="Text in title, type, call or service.")] = "",
    order: Annotated[Literal["last", "count", "first"], Query()] = "last",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    process: Annotated[str | None, Query(max_length=1_000, description="The call in which errors originate.")] = None,
) -> ErrorGroupsOut:
    """List the groups with errors in a window. Each error is counted once, at the call in which it originated."""
    found = reader.read_error_groups(window, status, q, order, limit, process)
    return ErrorGroupsOut(
        groups=[group_out(group) for group in found.groups],
        total=found.total,
        errors=found.errors,
        bin_ns=found.bin_ns,
    )


@router.get("/errors/events", summary="List new groups, and groups that came back")
def events(
    reader: StoreReader,
    after: Annotated[int, Query(ge=0, lt=2**63, description="`id` of the last known event.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> ErrorEventsOut:
    """List the events after the last known one."""
    found = reader.error_events_since(after, limit)
    return ErrorEventsOut(
        events=[ErrorEventOut(**{**each._asdict(), "group": group_out(each.group)}) for each in found]
    )


@router.get("/errors/{group_id}", summary="Get an error group with its explanation")
def error(reader: StoreReader, window: TimeWindow, group_id: GroupId) -> ErrorDetailOut:
    """Return a group, the data that identifies it, its first and latest call, and more of its calls."""
    return _detail(reader, group_id, window)


@router.post("/errors/{group_id}", summary="Decide about an error group")
def decide(reader: StoreReader, window: TimeWindow, group_id: GroupId, decision: DecisionIn) -> ErrorDetailOut:
    """Resolve, ignore, reopen, merge, separate, split or unite a group, or write a note; return the changed group."""
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
    """Return a group as JSON."""
    return ErrorGroupOut(**group._asdict())


def _sample(sample: ErrorSample | None) -> ErrorSampleOut | None:
    if sample is None:
        return None
    values = [ErrorValueOut(name=name, data_type=kind, text=text) for name, kind, text in sample.values]
    return ErrorSampleOut(**{**sample._asdict(), "values": values})
