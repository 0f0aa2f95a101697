"""`/api/v1/report`, `/api/v1/reports`: what was decided, how it turned out, what changed."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from obsv.api.depends import INSTANT, RecordedFile, StoreReader
from obsv.measures import file_beside, load
from obsv.reports import as_document, make_report
from obsv.times import instant_ns

router = APIRouter(tags=["reports"])
Until = Annotated[str | None, Query(max_length=40, description=f"End of the period: {INSTANT}; now if absent.")]


class FactOut(BaseModel):
    """A number or a name that texts refer to as `{{key}}`."""

    key: str
    title: str
    text: str = Field(description="As it is printed.")
    value: float | None = Field(description="Null for a name, and where a metric is not defined.")
    sql: list[str] = Field(description="Statements that give the number; empty for a name.")


class ReportSectionOut(BaseModel):
    """A heading and lines with references."""

    title: str
    lines: list[str]


class InsightOut(BaseModel):
    """Something that deserves a look."""

    kind: str
    is_bad: bool
    text: str


class ReportOut(BaseModel):
    """A report by the template; texts have references, and no digits of their own."""

    kind: str
    title: str
    start_ns: int
    end_ns: int
    summary: str
    sections: list[ReportSectionOut]
    insights: list[InsightOut]
    facts: dict[str, FactOut]
    phrased_by: str = Field(description="Empty: by the template.")
    text: str = Field(description="Summary and insights with their numbers.")


@router.get("/report", summary="Get a report")
def report(
    reader: StoreReader,
    file: RecordedFile,
    kind: Literal["daily", "weekly"] = "daily",
    until: Until = None,
) -> ReportOut:
    """Get what was decided, how it turned out, what changed and what deserves a look."""
    end_ns = time.time_ns() if until is None else instant_ns(until)
    return ReportOut(**as_document(make_report(reader, load(file_beside(file)), kind, end_ns)))


class ReportLineOut(BaseModel):
    """A report that was made on a schedule."""

    id: int
    kind: str
    start_ns: int = Field(description="Begin of the period, Unix time.")
    end_ns: int
    made_ns: int
    sent: list[str] = Field(description="Receivers that accepted it.")


class ReportsOut(BaseModel):
    """Kept reports, those of the latest periods first."""

    reports: list[ReportLineOut]


@router.get("/reports", summary="List kept reports")
def reports(reader: StoreReader, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> ReportsOut:
    """List the reports that were made on a schedule."""
    return ReportsOut(reports=[ReportLineOut(**each._asdict()) for each in reader.list_reports(limit)])


@router.get("/reports/{id}", summary="Get a kept report")
def kept_report(reader: StoreReader, id: Annotated[int, Path(ge=1, le=2**62)]) -> ReportOut:
    """Get a report as it was made; its numbers are those of that time."""
    return ReportOut(**reader.read_report(id)[1])
