"""`GET /api/v1/differences`: differences between failing or slow calls and others, or between two windows."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.analysis.separation import separate
from obsv.api.calls import CallFilters
from obsv.api.depends import INSTANT, StoreReader, TimeWindow
from obsv.errors import InvalidQuery
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import Store
from obsv.store.surveying import Sample
from obsv.times import instant_ns

router = APIRouter(tags=["differences"])

# This many calls per side give shares within three per cent, and take a tenth of a second, with one million calls or
# ten.
SAMPLE = 1_000


class FactOut(BaseModel):
    """A property that is more frequent in one set of calls than in the other."""

    subject: str = Field(description="Name of the value, or caller, thread, service, version.")
    what: str = Field(description="`is None`, `= 'EUR'`, `is empty`, `> 250`, …")
    kind: str = Field(description="value or origin.")
    first: int = Field(description="Number of calls in the first set that have it.")
    of_first: int
    second: int
    of_second: int
    text: str | None = Field(description="Text to search for; null if there is none.")


class DifferencesOut(BaseModel):
    """The differences between two sets of calls, best first."""

    facts: list[FactOut]
    first: int = Field(description="Number of calls compared in the first set.")
    second: int
    first_is_all: bool = Field(description="Whether all calls were compared; if not, a sample spread over the window.")
    second_is_all: bool


@router.get("/differences", summary="Find differences in failing calls")
def differences(
    reader: StoreReader,
    window: TimeWindow,
    filters: CallFilters,
    by: Annotated[
        Literal["failing", "slow", "window"],
        Query(
            description="failing: failed calls against the others; slow: calls of at least `min_ms` against "
            "the others; window: calls in the window against those from `against` on."
        ),
    ] = "failing",
    error: Annotated[int | None, Query(ge=1, lt=2**63, description="An error group, instead of filters.")] = None,
    against: Annotated[str | None, Query(max_length=40, description=f"Start of the other window: {INSTANT}.")] = None,
) -> DifferencesOut:
    """Compare values, callers, threads, services and versions of two sets of calls."""
    first, second = two_sets(reader, window, filters, by, error, against)
    facts = separate(first.calls, second.calls)
    return DifferencesOut(
        facts=[FactOut(**fact._asdict()) for fact in facts],
        first=len(first.calls),
        second=len(second.calls),
        first_is_all=first.is_all,
        second_is_all=second.is_all,
    )


def two_sets(
    reader: Store, window: Window, filters: Filters, by: str, error: int | None = None, against: str | None = None
) -> tuple[Sample, Sample]:
    """Return the two sets of calls to compare."""
    if error is not None:
        group = reader.read_error_group(error, window).group
        good = Filters(process=group.process, status="OK")
        return reader.sample_group(error, window, SAMPLE), reader.sample_calls(good, window, SAMPLE)
    if by == "failing":
        one, two = filters._replace(status="ERR"), filters._replace(status="OK")
        return reader.sample_calls(one, window, SAMPLE), reader.sample_calls(two, window, SAMPLE)
    if by == "slow":
        if not filters.min_ns:
            raise InvalidQuery("From which duration on is a call slow? Give min_ms.")
        quick = filters._replace(min_ns=None, max_ns=filters.min_ns - 1)
        return reader.sample_calls(filters, window, SAMPLE), reader.sample_calls(quick, window, SAMPLE)
    if against is None:
        raise InvalidQuery("The second window is missing: give its start as `against`.")
    start_ns = instant_ns(against)
    other = Window(start_ns, start_ns + window.end_ns - window.start_ns)
    return reader.sample_calls(filters, window, SAMPLE), reader.sample_calls(filters, other, SAMPLE)
