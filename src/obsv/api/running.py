"""`GET /api/v1/running`: the calls that are running now."""

import time

from fastapi import APIRouter
from pydantic import BaseModel, Field

from obsv.api.depends import RecordedFile
from obsv.keeper.looking import RunningCall, RunningProcess, pending, running

router = APIRouter(tags=["status"])


class Argument(BaseModel):
    """An argument of a call."""

    name: str
    text: str


class Call(BaseModel):
    """A call that has begun and not ended."""

    process: str = Field(description="module.qualname")
    trace_id: str = Field(description="32 hex digits.")
    span_id: str = Field(description="16 hex digits.")
    start_ns: int = Field(description="Unix time.")
    age_ms: float
    thread: str
    depth: int = Field(description="0 for a root.")
    inputs: list[Argument]


class Process(BaseModel):
    """A process that records."""

    pid: int
    service: str
    is_alive: bool = Field(description="False for a process that has ended and is not completely stored yet.")
    calls: list[Call] = Field(description="Oldest first.")


class Running(BaseModel):
    """The calls that are running now."""

    now_ns: int = Field(description="Time of reading, Unix time.")
    pending: int = Field(description="Calls that have ended and are not stored yet; an estimate if there are many.")
    processes: list[Process]


@router.get("/running", summary="List running calls")
def running_calls(db: RecordedFile) -> Running:
    """List the running calls, from the files that recording processes write; they are not in the database yet."""
    now_ns = time.time_ns()
    processes = [_process(process, now_ns) for process in running(db)]
    return Running(now_ns=now_ns, pending=pending(db).calls, processes=processes)


def _process(process: RunningProcess, now_ns: int) -> Process:
    calls = [_call(call, now_ns) for call in process.calls]
    return Process(pid=process.pid, service=process.service, is_alive=process.is_alive, calls=calls)


def _call(call: RunningCall, now_ns: int) -> Call:
    inputs = [Argument(name=name, text=text) for name, text in call.inputs]
    age_ms = max(0, now_ns - call.start_ns) / 1e6
    return Call(**{**call._asdict(), "inputs": inputs}, age_ms=age_ms)
