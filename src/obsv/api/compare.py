"""`GET /api/v1/compare/calls` and `/times`: a failed call beside a successful one, a function in two windows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.analysis.difference import differences
from obsv.api.depends import StoreReader, TimeWindow
from obsv.api.functions import Figures
from obsv.errors import InvalidQuery
from obsv.store.ground import Window
from obsv.store.spans import Call
from obsv.times import MAX_NS, instant_ns

router = APIRouter(tags=["compare"], prefix="/compare")


class ComparedCall(BaseModel):
    """One of the two calls."""

    trace_id: str
    span_id: str
    start_ns: int = Field(description="Unix time.")
    duration_ns: int
    status: str = Field(description="OK or ERR.")
    service: str
    caller: str | None = Field(description="The calling function.")
    exception: str | None

    @classmethod
    def of(cls, call: Call, caller: str | None) -> ComparedCall:
        """Return a call as a response."""
        return cls(
            trace_id=call.trace_id,
            span_id=call.span_id,
            start_ns=call.start_ns,
            duration_ns=call.duration_ns,
            status="ERR" if call.failed else "OK",
            service=call.service,
            caller=caller,
            exception=call.exception,
        )


class ComparedValue(BaseModel):
    """A variable in both calls; null if that call does not have it."""

    name: str
    data_type: str
    failed: str | None
    good: str | None
    same: bool


class CallsAnswer(BaseModel):
    """The two calls, with differing variables first."""

    process: str
    failed: ComparedCall
    good: ComparedCall | None = Field(description="The last successful call before it, or the first after it.")
    source_changed: bool = Field(description="Whether the function changed between them.")
    values: list[ComparedValue]


class TimesAnswer(BaseModel):
    """A function in two windows."""

    process: str
    first: Figures
    second: Figures


@router.get("/calls", summary="Compare a call with the last successful one")
def calls(
    reader: StoreReader,
    trace_id: Annotated[str, Query(max_length=32)],
    span_id: Annotated[str, Query(max_length=16)],
) -> CallsAnswer:
    """Compare the inputs of a call with those of a successful call."""
    pair = reader.read_pair(trace_id, span_id)
    failed, good = pair.failed, pair.good
    found = differences(failed, good) if good else []
    return CallsAnswer(
        process=failed.process,
        failed=ComparedCall.of(failed, pair.failed_caller),
        good=ComparedCall.of(good, pair.good_caller) if good else None,
        source_changed=good is not None and failed.code != good.code,
        values=[
            ComparedValue(name=each.name, data_type=each.data_type, failed=each.left, good=each.right, same=each.same)
            for each in found
        ],
    )


@router.get("/times", summary="Compare a function in two windows")
def times(
    reader: StoreReader,
    window: TimeWindow,
    process: Annotated[str, Query(max_length=2_000, description="Name of the function.")],
    against: Annotated[
        str | None, Query(description="Where the second window begins (ISO 8601, or Unix time in ns); just before.")
    ] = None,
    against_to: Annotated[str | None, Query(description="Where it ends; as long as the first.")] = None,
) -> TimesAnswer:
    """Compare counts, errors and percentiles of a function in two windows."""
    length = window.end_ns - window.start_ns
    start = instant_ns(against) if against else max(0, window.start_ns - length)
    end = instant_ns(against_to) if against_to else min(MAX_NS, start + length)
    if end <= start:
        raise InvalidQuery("The second window ends before it starts.")
    found = reader.read_times(process, window, Window(start, end))
    return TimesAnswer(process=process, first=Figures.of(found.first_sums), second=Figures.of(found.second_sums))
