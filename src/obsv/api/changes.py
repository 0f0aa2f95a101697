"""`GET /api/v1/changes`: what is otherwise than before a deployment, a version or an instant."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.analysis.change_point import instant_of, sides
from obsv.analysis.changes import KINDS, findings
from obsv.api.depends import INSTANT, StoreReader
from obsv.api.deploys import MilestoneOut, milestone_out
from obsv.times import instant_ns

router = APIRouter(tags=["changes"])


class FindingOut(BaseModel):
    """Something that is otherwise than before."""

    kind: Literal[tuple(KINDS)]  # type: ignore[valid-type]
    subject: str = Field(description="Name of the function or feed; of an error what was raised.")
    service: str
    text: str = Field(description="What changed.")
    weight: float = Field(description="How much it says, for the order.")
    is_worse: bool | None = Field(description="null where it is neither for the worse nor the better.")
    group_id: int | None = Field(description="Of an error's group.")
    trace_id: str | None = Field(description="A call that shows it.")
    span_id: str | None
    diff: str | None = Field(description="Of a source: as `diff -u` has it.")


class ChangesOut(BaseModel):
    """Findings, the most telling first."""

    since_ns: int
    until_ns: int
    before_ns: int = Field(description="Where the time that is held against it begins; it ends at `since_ns`.")
    calls_before: int
    calls_after: int
    left_out: bool = Field(description="Whether the minute of `since_ns` has too many calls to be told apart.")
    milestones: list[MilestoneOut] = Field(description="Deployments and versions since, oldest first.")
    total: int = Field(description="How many findings there are.")
    findings: list[FindingOut]


@router.get("/changes", summary="What changed since")
def changes(
    reader: StoreReader,
    since: Annotated[
        str | None,
        Query(max_length=200, description=f"A deployment, a version, an age (30m), {INSTANT}; default: the latest."),
    ] = None,
    until: Annotated[str | None, Query(max_length=40, description=f"{INSTANT}; now if absent.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
) -> ChangesOut:
    """Compare what was before with what came: errors, durations, sources, values, functions and their calls."""
    now_ns = time.time_ns()
    with reader.view() as store:
        before, after = sides(instant_of(store, since, now_ns), instant_ns(until) if until else now_ns)
        read = store.read_changes(before, after)
    found = findings(read)
    return ChangesOut(
        since_ns=after.start_ns,
        until_ns=after.end_ns,
        before_ns=before.start_ns,
        calls_before=sum(each.before.calls for each in read.functions),
        calls_after=sum(each.after.calls for each in read.functions),
        left_out=read.left_out,
        milestones=[milestone_out(each) for each in read.milestones],
        total=len(found),
        findings=[FindingOut(**each._asdict()) for each in found[:limit]],
    )
