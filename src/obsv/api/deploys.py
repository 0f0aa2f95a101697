"""`/api/v1/deploys`: events of programs beside their calls; deployments are reported here."""

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
    """An event that may explain a change in calls."""

    at_ns: int = Field(description="Unix time.")
    kind: Literal["deploy", "version"] = Field(description="version: its first call in this store.")
    name: str
    service: str = Field(description="Empty for all.")
    note: str = Field(description="For a version, its kind of name: version, commit or code.")


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
    """Return a milestone as JSON."""
    return MilestoneOut(**each._asdict())


@router.get("/deploys", summary="List deployments and new versions")
def deploys(
    reader: StoreReader, window: TimeWindow, limit: Annotated[int, Query(ge=1, le=1_000)] = 200
) -> MilestonesOut:
    """List the latest milestones in a window."""
    return MilestonesOut(milestones=[milestone_out(each) for each in reader.read_milestones(window, limit)])


@router.post("/deploys", summary="Report a deployment", status_code=201)
def deploy(reader: StoreReader, told: DeployIn) -> MilestoneOut:
    """Mark a point in time on all time charts; `changes` compares the calls before and after it."""
    at_ns = time.time_ns() if told.at is None else instant_ns(told.at)
    reader.triage().deploy(told.name, at_ns, told.service, told.note)
    return MilestoneOut(at_ns=at_ns, kind="deploy", name=told.name, service=told.service, note=told.note)
