"""`GET /api/v1/status`: the state of the recording processes."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from obsv.api.depends import RecordingPulse

router = APIRouter(tags=["status"])


class Recorder(BaseModel):
    """A recording process."""

    service: str
    pid: int
    host: str
    state: str = Field(description="OK, DELAYED or CIRCUIT OPEN.")
    queue_depth: int = Field(description="Calls waiting to be written.")
    write_lag_ms: float = Field(description="Waiting time of the oldest call in the last batch.")
    updated_ns: int = Field(description="Time of the report, Unix time.")
    running: int = Field(description="Number of running calls; `/api/v1/running` lists them.")
    gone: bool = Field(description="Silent for more than five seconds.")


class Feed(BaseModel):
    """A feed of data."""

    name: str
    last_ns: int = Field(description="Latest update, Unix time.")
    interval_ns: int | None = Field(description="Usual interval between updates.")
    stale: bool = Field(description="The latest update is older than twice the usual interval.")


class Status(BaseModel):
    """The state of recording."""

    now_ns: int = Field(description="Time of reading, Unix time.")
    empty: bool = Field(description="Whether nothing has been recorded.")
    recorders: list[Recorder]
    feeds: list[Feed]


@router.get("/status", summary="Get the state of recording")
def status(pulse: RecordingPulse) -> Status:
    """Return one entry per recording process and feed, as shown in the ribbon."""
    beat = pulse.beat()
    return Status(
        now_ns=beat.now_ns,
        empty=beat.last_id == 0,
        recorders=[Recorder(**one._asdict(), gone=one.gone(beat.now_ns)) for one in beat.recorders],
        feeds=[Feed(**one._asdict(), stale=one.stale(beat.now_ns)) for one in beat.feeds],
    )
