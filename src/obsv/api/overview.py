"""`GET /api/v1/overview`: the state of the program."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from obsv.api.depends import StoreReader, TimeWindow

router = APIRouter(tags=["overview"])


class TotalsOut(BaseModel):
    """All calls of a period."""

    calls: int
    errors: int
    p95_ns: float | None
    seconds: float = Field(description="Length of the period.")
    unrecorded: int = Field(
        description="Of the calls those that are not stored: sampled ones stand for them, or they were only counted."
    )


class BinOut(BaseModel):
    """A part of the window."""

    start_ns: int
    totals: TotalsOut


class ErrorOut(BaseModel):
    """A failed call."""

    start_ns: int
    process: str
    process_group: str
    exception: str
    trace_id: str
    span_id: str


class GroupOut(BaseModel):
    """A process group."""

    name: str
    calls: int
    errors: int
    unrecorded: int = Field(
        description="Of the calls those that are not stored: sampled ones stand for them, or they were only counted."
    )


class FunctionOut(BaseModel):
    """A function."""

    name: str
    process_group: str
    calls: int
    errors: int
    mean_ns: float
    p95_ns: float | None
    mean_before_ns: float | None = Field(description="Mean of the previous period.")
    unrecorded: int = Field(
        description="Of the calls those that are not stored: sampled ones stand for them, or they were only counted."
    )


class OverviewOut(BaseModel):
    """The data of the overview."""

    now: TotalsOut
    before: TotalsOut = Field(description="The previous period of the same length.")
    bins: list[BinOut]
    errors: list[ErrorOut] = Field(description="The latest ten errors.")
    groups: list[GroupOut] = Field(description="By calls.")
    slowest: list[FunctionOut] = Field(description="By mean duration.")
    changed: list[FunctionOut] = Field(description="By change of the mean from the previous period.")


@router.get("/overview", summary="Get an overview")
def overview(reader: StoreReader, window: TimeWindow) -> OverviewOut:
    """Return totals compared with the previous period, latest errors, groups, functions.

    Rollups cover whole minutes.
    """
    found = reader.read_overview(window)
    return OverviewOut(
        now=TotalsOut(**found.now._asdict()),
        before=TotalsOut(**found.before._asdict()),
        bins=[BinOut(start_ns=each.start_ns, totals=TotalsOut(**each.totals._asdict())) for each in found.bins],
        errors=[ErrorOut(**each._asdict()) for each in found.errors],
        groups=[GroupOut(**each._asdict()) for each in found.groups],
        slowest=[FunctionOut(**each._asdict()) for each in found.slowest],
        changed=[FunctionOut(**each._asdict()) for each in found.changed],
    )
