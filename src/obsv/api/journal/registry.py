"""`/api/v1/artifacts`: registered models, configurations and data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.api.depends import RecordedFile, StoreReader, TimeWindow
from obsv.measures import file_beside, load
from obsv.registry import MOST_ASKED, differences, verify
from obsv.reports import compare_artifacts
from obsv.store.figures import Artifact

router = APIRouter(tags=["artifacts"])
Named = Annotated[
    str, Query(min_length=1, max_length=200, description="An ID, the beginning of one, or a name: its latest artifact.")
]


class ArtifactOut(BaseModel):
    """An artifact, as one registration describes it."""

    artifact_id: str = Field(description="SHA-256 of the bytes, 64 hex digits.")
    at_ns: int = Field(description="Time of the registration, Unix time.")
    kind: str = Field(description="model, config, data or another word.")
    name: str
    size: int = Field(description="Bytes.")
    location: str = Field(description="Empty if the bytes were given.")
    form: str = Field(description="bytes, file, directory or json.")
    meta: dict[str, Any]
    content: Any = Field(description="A parsed configuration, secrets masked; null for other kinds.")
    who: str
    host: str
    service: str
    why: str
    git_commit: str = Field(description="Empty if unknown.")
    git_dirty: bool | None = Field(description="Whether tracked files were modified; null if unknown.")
    parents: list[str]


class ArtifactsOut(BaseModel):
    """Artifacts, the latest registered first."""

    artifacts: list[ArtifactOut]


class EdgeOut(BaseModel):
    """`child` was made of `parent`; either may not be registered in this store."""

    child: str
    parent: str


class LineageOut(BaseModel):
    """A graph of artifacts."""

    artifacts: list[ArtifactOut]
    edges: list[EdgeOut]
    is_cut: bool = Field(description="Whether there are more edges than are shown.")


class DifferenceOut(BaseModel):
    """A value that two artifacts do not share."""

    part: Literal["artifact", "meta", "parents", "config"]
    path: str
    before: Any
    after: Any
    change: Literal["added", "removed", "changed"]


class DifferencesOut(BaseModel):
    """Two artifacts and their differences."""

    before: ArtifactOut
    after: ArtifactOut
    differences: list[DifferenceOut]


@router.get("/artifacts", summary="List artifacts")
def artifacts(
    reader: StoreReader,
    kind: Annotated[str | None, Query(max_length=200)] = None,
    name: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> ArtifactsOut:
    """List artifacts by their latest registration, newest first."""
    return ArtifactsOut(artifacts=[artifact_out(each) for each in reader.list_artifacts(kind, name, limit)])


@router.get("/artifacts/registrations", summary="List the registrations of an artifact")
def registrations(reader: StoreReader, artifact: Named) -> ArtifactsOut:
    """List who registered an artifact, when and why, latest first."""
    return ArtifactsOut(artifacts=[artifact_out(each) for each in reader.read_registrations(artifact)])


class VerificationOut(BaseModel):
    """An artifact's file compared with its SHA-256."""

    artifact_id: str
    location: str
    state: Literal["same", "changed", "missing", "elsewhere", "unkept", "large"] = Field(
        description="elsewhere: on another host; unkept: bytes were given; large: above 1 GB, which is not read here."
    )


@router.get("/artifacts/verification", summary="Read an artifact's file again")
def verification(reader: StoreReader, artifact: Named) -> VerificationOut:
    """Compare an artifact's file on this host with its SHA-256."""
    found = verify(reader.read_registrations(artifact, 1)[0], MOST_ASKED)
    return VerificationOut(artifact_id=found.artifact.artifact_id, location=found.artifact.location, state=found.state)


@router.get("/artifacts/lineage", summary="Get the lineage of an artifact")
def lineage(reader: StoreReader, artifact: Named) -> LineageOut:
    """Get the ancestors and descendants of an artifact."""
    found = reader.read_lineage(artifact)
    edges = [EdgeOut(child=child, parent=parent) for child, parent in found.edges]
    return LineageOut(
        artifacts=[artifact_out(each) for each in found.artifacts.values()], edges=edges, is_cut=found.is_cut
    )


@router.get("/artifacts/differences", summary="Compare two artifacts")
def artifact_differences(reader: StoreReader, before: Named, after: Named) -> DifferencesOut:
    """Compare two artifacts; configurations value by value."""
    with reader.view() as store:
        old, new = (store.read_registrations(each, 1)[0] for each in (before, after))
    found = [DifferenceOut(**each._asdict()) for each in differences(old, new)]
    return DifferencesOut(before=artifact_out(old), after=artifact_out(new), differences=found)


class ComparedMetricOut(BaseModel):
    """A metric of the decisions of two artifacts."""

    name: str
    title: str
    unit: str
    better: str = Field(description="higher, lower, or empty if neither is better.")
    before: float | None
    after: float | None


class DisagreementOut(BaseModel):
    """Two decisions about the same with different verdicts."""

    before_id: str
    after_id: str
    time_ns: int = Field(description="Of the first decision, Unix time.")
    kind: str
    subject: str
    mode: str
    before_verdict: str
    after_verdict: str
    before_pnl: float | None = Field(description="The latest result, also of a counterfactual; null if unknown.")
    after_pnl: float | None


class ComparisonOut(BaseModel):
    """Two artifacts by their decisions."""

    before: str
    after: str
    differences: list[DifferenceOut] = Field(description="Of the artifacts; empty if one is not registered.")
    metrics: list[ComparedMetricOut]
    pairs: int = Field(description="Decisions of both about the same kind, subject and mode, near in time.")
    different: int
    disagreements: list[DisagreementOut] = Field(description="The latest 100.")


@router.get("/artifacts/comparison", summary="Compare the decisions of two artifacts")
def comparison(
    reader: StoreReader,
    file: RecordedFile,
    window: TimeWindow,
    before: Named,
    after: Named,
    within_s: Annotated[float, Query(ge=0, le=86_400, description="Distance in time of a pair, seconds.")] = 60.0,
) -> ComparisonOut:
    """Compare two artifacts that decide: metrics of both, and where they decided differently."""
    found = compare_artifacts(reader, load(file_beside(file)), before, after, window, within_s)
    metrics = [
        ComparedMetricOut(
            **{name: getattr(old.definition, name) for name in ("name", "title", "unit", "better")},
            before=old.value,
            after=new.value,
        )
        for old, new in found.metrics
    ]
    return ComparisonOut(
        before=found.before,
        after=found.after,
        differences=[DifferenceOut(**each._asdict()) for each in found.differences],
        metrics=metrics,
        pairs=found.paired.pairs,
        different=found.paired.different,
        disagreements=[DisagreementOut(**each._asdict()) for each in found.paired.disagreements],
    )


def artifact_out(artifact: Artifact) -> ArtifactOut:
    """Return an artifact as JSON."""
    return ArtifactOut(**artifact._asdict())
