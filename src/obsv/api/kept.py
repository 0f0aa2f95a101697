"""`/api/v1/kept`: traces that are kept beyond retention."""

from __future__ import annotations

import time

from fastapi import APIRouter
from pydantic import BaseModel, Field

from obsv.analysis.lifetime import lifetime_since
from obsv.api.depends import StoreReader, TimeWindow
from obsv.api.traces import LifetimeOut, TraceId
from obsv.errors import InvalidQuery, NotFound
from obsv.store.figures import KeptTrace

router = APIRouter(tags=["traces"])
ID = r"^[0-9a-fA-F]{1,32}$"


class KeptOut(BaseModel):
    """A trace that is kept beyond retention."""

    trace_id: str
    note: str
    kept_by: str = Field(description="A user, or a program.")
    kept_ns: int = Field(description="Unix time.")
    process: str = Field(description="Its first call.")
    service: str
    start_ns: int = Field(description="Unix time.")
    duration_ns: int
    spans: int
    errors: int
    exception: str = Field(description="Type and message of its first failure; empty if there is none.")
    bytes: int = Field(description="Size in the database.")


class KeptListOut(BaseModel):
    """The kept traces, those kept last first, at most 1,000."""

    traces: list[KeptOut]
    total: int = Field(description="Number of all of them.")
    bytes: int = Field(description="Size of all of them in the database.")
    most_bytes: int = Field(description="Size that they may have.")


class KeepIn(BaseModel):
    """A trace to keep, or an error group whose call is kept."""

    trace_id: str | None = Field(default=None, pattern=ID, description="Up to 32 hex digits.")
    group_id: int | None = Field(default=None, ge=1, le=2**62, description="An error group, instead of a trace.")
    first: bool = Field(default=False, description="Of the group, the first call instead of the latest.")
    note: str = Field(default="", max_length=2_000)


def kept_out(each: KeptTrace) -> KeptOut:
    """Return a kept trace as JSON."""
    return KeptOut(**each._asdict())


@router.get("/kept", summary="List kept traces")
def kept(reader: StoreReader) -> KeptListOut:
    """List the traces that retention does not delete, with who kept them and why."""
    found = reader.read_kept()
    traces = list(map(kept_out, found.traces))
    return KeptListOut(traces=traces, total=found.total, bytes=found.bytes, most_bytes=found.most_bytes)


@router.post("/kept", summary="Keep a trace", status_code=201)
def keep(reader: StoreReader, wanted: KeepIn) -> KeptOut:
    """Copy a trace, as it is now, so that it can be read after retention has deleted its calls.

    A trace that is kept already is copied again if it has more calls by now; the note is replaced.
    """
    if (wanted.trace_id is None) == (wanted.group_id is None):
        raise InvalidQuery("Name either a trace_id or a group_id.")
    trace_id = wanted.trace_id or reader.sample_of_group(wanted.group_id or 0, first=wanted.first)
    return kept_out(reader.keep_trace(trace_id, wanted.note, time.time_ns()))


@router.get("/kept/{trace_id}", summary="Get a kept trace")
def one(reader: StoreReader, trace_id: TraceId) -> KeptOut:
    """Return who kept a trace, and why; its calls are at `/api/v1/traces/{trace_id}`."""
    found = reader.read_kept_trace(trace_id)
    if found is None:
        raise NotFound(f"Trace {trace_id} is not kept.")
    return kept_out(found)


@router.delete("/kept/{trace_id}", summary="Stop keeping a trace", status_code=204)
def remove(reader: StoreReader, trace_id: TraceId) -> None:
    """Delete the copy; calls that retention has not deleted yet stay until then."""
    reader.kept_book().remove(trace_id.lower().zfill(32))


@router.get("/lifetime", summary="Get how long calls can be read")
def lifetime(reader: StoreReader, window: TimeWindow) -> LifetimeOut:
    """Return when retention begins to delete the calls of a window."""
    found = lifetime_since(reader, window.start_ns, time.time_ns())
    return LifetimeOut(kept_by=None, deleted_ns=found.deleted_ns, text=found.text)
