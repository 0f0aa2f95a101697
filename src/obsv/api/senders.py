"""`GET /api/v1/senders`: what each sender has sent to this server, and what was refused to it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from obsv.web.senders import SenderCounts, SenderLimits

router = APIRouter(tags=["status"])


class Sender(BaseModel):
    """A sender of spans, log records and metrics, since this server was started."""

    name: str = Field(description="From the users file; `OBSV_TOKEN`; `kafka TOPIC`; empty for all without a token.")
    requests: int = Field(description="Requests that were stored.")
    spans: int = Field(description="Spans, log records and data points in them.")
    bytes: int = Field(description="Bytes of requests as received.")
    rejected: int = Field(description="Spans that were refused because of their content.")
    refused: dict[str, int] = Field(
        description="Refused requests by reason: limits `spans`, `bytes`, `queue`; `memory`, `failed`, `gone`."
    )
    refused_ns: int = Field(description="Time of the latest refusal, Unix time; 0 if there was none.")
    waiting_bytes: int = Field(description="Bytes of requests that wait to be stored.")
    last_ns: int = Field(description="Time of the latest request, Unix time.")
    address: str = Field(description="Address from which that came.")
    spans_per_second: int | None = Field(description="Limit on spans, log records and data points; null: none.")
    bytes_per_second: int | None = Field(description="Limit on bytes; null: none.")
    queue_share: float | None = Field(description="Limit on its part of the memory for waiting requests; null: none.")


def _counts(request: Request) -> list[tuple[SenderCounts, SenderLimits]]:
    receiver = request.app.state.receiver
    return [(each, receiver.limits(each.name)) for each in receiver.senders]


ReceivedFrom = Annotated[list[tuple[SenderCounts, SenderLimits]], Depends(_counts)]


@router.get("/senders", summary="List senders")
def senders(found: ReceivedFrom) -> list[Sender]:
    """List the senders by name, with what was refused to each. Senders obey a refusal and send again."""
    return [Sender(**each._asdict(), **limits._asdict()) for each, limits in found]
