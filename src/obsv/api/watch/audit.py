"""`GET /api/v1/audit`: changes and their authors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.acting import actor
from obsv.api.depends import StoreReader

router = APIRouter(tags=["access"])


class ChangeOut(BaseModel):
    """A change by a user."""

    at_ns: int = Field(description="Unix time.")
    actor: str = Field(description="Name of the user, or of the program.")
    role: str = Field(description="viewer, editor or admin.")
    via: str = Field(description="app, api, command or program.")
    action: str
    subject: str
    detail: str


class Me(BaseModel):
    """The user who asks."""

    name: str
    role: str = Field(description="viewer, editor or admin.")
    sees_values: bool = Field(description="False if recorded values are masked for this user.")


@router.get("/audit", summary="List changes and their authors")
def audit(reader: StoreReader, limit: Annotated[int, Query(ge=1, le=10_000)] = 200) -> list[ChangeOut]:
    """List changes of silences, rules, error groups, deployments and limits, latest first."""
    return [ChangeOut(**each._asdict()) for each in reader.read_audit(limit)]


@router.get("/me", summary="Get the user who asks")
def me() -> Me:
    """Return name and role of whom the token or the proxy names."""
    found = actor()
    return Me(name=found.name, role=found.role, sees_values=found.sees_values)
