"""`/api/v1/measures`: the metrics of metrics.yaml, computed in a window."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.api.depends import RecordedFile, StoreReader, TimeWindow
from obsv.errors import NotFound
from obsv.measures import file_beside, load, measure, statements
from obsv.store.ground import Scope

router = APIRouter(tags=["measures"])
_FIELDS = ("name", "title", "group", "formula", "unit", "better")


class MeasureOut(BaseModel):
    """A metric in a window."""

    name: str
    title: str
    group: str
    formula: str
    unit: str
    better: str = Field(description="higher, lower, or empty if neither is better.")
    value: float | None = Field(description="Null where it is not defined: of nothing, or divided by zero.")
    observations: int = Field(description="Rows that the metric was computed from.")
    target: float | None = Field(description="Of the mode; null without one.")
    state: str = Field(description="good, warn, critical, few (too few observations), or empty without thresholds.")
    sql: list[str] = Field(description="Statements that give the figures of the formula.")


class MeasuresOut(BaseModel):
    """Metrics in a window, for one mode and one artifact, or for all."""

    mode: str | None
    actor: str | None
    measures: list[MeasureOut]


@router.get("/measures", summary="Compute metrics")
def measures(
    reader: StoreReader,
    file: RecordedFile,
    window: TimeWindow,
    name: Annotated[list[str] | None, Query(max_length=200, description="Metrics or groups; all if absent.")] = None,
    mode: Annotated[str | None, Query(max_length=200)] = None,
    actor: Annotated[str | None, Query(max_length=200, description="ID of the artifact that decided.")] = None,
) -> MeasuresOut:
    """Compute metrics of decisions, outcomes and calls."""
    known = load(file_beside(file))
    names = [each.name for each in known.values() if not name or each.name in name or each.group in name]
    if not names:
        raise NotFound("There is no such metric or group; `obsv metrics list` shows them.")
    scope = Scope(mode, actor)
    found = [
        MeasureOut(
            **{
                field: getattr(each.definition, field)
                for field in ("name", "title", "group", "formula", "unit", "better")
            },
            value=each.value,
            observations=each.observations,
            target=each.target,
            state=each.state,
            sql=statements(each.definition, known, window, scope),
        )
        for each in measure(reader, known, names, window, [scope])
    ]
    return MeasuresOut(mode=mode, actor=actor, measures=found)
