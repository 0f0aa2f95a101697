"""`/api/v1/deploys`: what happened to programs beside their calls; a deployment is told of here."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.api.depends import INSTANT, StoreReader, TimeWindow
from obsv.store.figures import Milestone
from obsv.times import instant_ns

router = APIRouter(tags=["changes"])


class MilestoneOut(BaseModel):
    """Something that may explain why calls go otherwise than before."""

    at_ns: int = Field(description="Unix time.")
    kind: Literal["deploy", "version"] = Field(description="version: its first call, as this store saw it.")
    name: str
    service: str = Field(description="Empty for all.")
    note: str = Field(description="Of a version what it is named by: version, commit or code.")


class MilestonesOut(BaseModel):
    """Milestones of a window, oldest first."""

    milestones: list[MilestoneOut]


class DeployIn(BaseModel):
    """A deployment, or a change of settings."""

    name: str = Field(min_length=1, max_length=200)
    service: str = Field(default="", max_length=200, description="Empty for all.")
    note: str = Field(default="", max_length=2_000)
    at: str | None = Field(default=None, max_length=40, description=f"{INSTANT}; now if absent.")


def milestone_out(each: Milestone) -> MilestoneOut:
    """A milestone as JSON."""
    return MilestoneOut(**each._asdict())


@router.get("/deploys", summary="Deployments and new versions")
def deploys(
    reader: StoreReader, window: TimeWindow, limit: Annotated[int, Query(ge=1, le=1_000)] = 200
) -> MilestonesOut:
    """The latest of a window."""
    return MilestonesOut(milestones=[milestone_out(each) for each in reader.read_milestones(window, limit)])


@router.post("/deploys", summary="Tell of a deployment", status_code=201)
def deploy(reader: StoreReader, told: DeployIn) -> MilestoneOut:
    """Mark an instant on all time charts; `changes` compares what was before with what is after it."""
    at_ns = time.time_ns() if told.at is None else instant_ns(told.at)
    reader.triage().deploy(told.name, at_ns, told.service, told.note)
    return MilestoneOut(at_ns=at_ns, kind="deploy", name=told.name, service=told.service, note=told.note)
