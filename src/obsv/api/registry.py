"""`/api/v1/artifacts`: registered models, configurations and data."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.api.depends import StoreReader
from obsv.registry import differences
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


def artifact_out(artifact: Artifact) -> ArtifactOut:
    """Return an artifact as JSON."""
    return ArtifactOut(**artifact._asdict())
