"""`POST /api/v1/forget`: what `obsv forget` does, for an admin of the server."""

from __future__ import annotations

import threading

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from obsv.acting import require
from obsv.errors import InvalidQuery, StoreUnavailable
from obsv.forgetting import Asked, forget
from obsv.store.finding import MAX_SEARCH_CHARS
from obsv.store.ground import Range
from obsv.times import MAX_NS

router = APIRouter(tags=["privacy"])
_NOT_OURS = "A store in ClickHouse is only read here: delete the rows there."
_BUSY = "Another request to forget is being worked on; send this one again when it has ended."
_working = threading.Lock()


class ForgetIn(BaseModel):
    """Calls to forget, with all that is left of them."""

    query: str = Field(min_length=1, max_length=MAX_SEARCH_CHARS, description="As in the explorer: `customer=4711`.")
    first_ns: int = Field(default=0, ge=0, le=MAX_NS, description="Only calls that began since then, Unix time.")
    last_ns: int = Field(default=MAX_NS, ge=0, le=MAX_NS, description="Only calls that began until then, Unix time.")
    yes: bool = Field(default=False, description="Remove them; otherwise they are only counted.")


class ForgetOut(BaseModel):
    """Rows that were removed, or would be."""

    receipt: int | None = Field(description="Number of the receipt; null: nothing was removed.")
    until_ns: int = Field(description="Everything recorded until then was searched, Unix time.")
    counts: dict[str, int] = Field(description="Rows by place.")
    remarks: list[str] = Field(description="What may be left, and what to do about it.")


@router.post("/forget", summary="Forget calls on request")
def forget_calls(request: Request, asked: ForgetIn) -> ForgetOut:
    """Count what a query finds, or remove it from everything that obsv keeps. Needs the role admin; it is audited."""
    require("admin")
    settings = request.app.state.settings
    if settings.store is not None:
        raise InvalidQuery(_NOT_OURS)
    if not _working.acquire(blocking=False):
        raise StoreUnavailable(_BUSY)
    try:
        found = forget(settings.db, Asked(asked.query, Range(asked.first_ns, asked.last_ns)), is_dry=not asked.yes)
    finally:
        _working.release()
    return ForgetOut(**found._asdict())
