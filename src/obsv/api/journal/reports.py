"""`/api/v1/report`: what was decided, how it turned out, what changed."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query
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
