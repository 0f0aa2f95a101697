"""Log records and events: pages of them, and what is new."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from obsv.api.depends import StoreReader, TimeWindow
from obsv.errors import ConfigurationError, InvalidQuery
from obsv.events.severity import name_of, number_of
from obsv.store.figures import LogFilters, LogLine
from obsv.store.finding import MAX_ID, MAX_SEARCH_CHARS
from obsv.store.ground import read_shown

router = APIRouter(tags=["logs"])

_MAX_PAGE = 1_000
Name = Annotated[str | None, Query(max_length=1000)]


def _filters(
    severity: Annotated[
        str | None, Query(max_length=20, description="The least: WARN, or a number from 1 to 24.")
    ] = None,
    event: Name = None,
    process: Name = None,
    service: Name = None,
    trace_id: Annotated[str | None, Query(pattern="^[0-9a-fA-F]{32}$")] = None,
    span_id: Annotated[str | None, Query(pattern="^[0-9a-fA-F]{16}$")] = None,
    q: Annotated[
        str | None, Query(max_length=MAX_SEARCH_CHARS, description="Text in body, attributes or name.")
    ] = None,
) -> LogFilters:
    return LogFilters(least_severity(severity), event, process, service, trace_id, span_id, q)


def least_severity(text: str | None) -> int | None:
    """Return the SeverityNumber that a text names.

    Raises:
        InvalidQuery: it names none.
    """
    if not text:
        return None
    try:
        return number_of(text)
    except ConfigurationError as error:
        raise InvalidQuery(str(error)) from None


Filters = Annotated[LogFilters, Depends(_filters)]


class LogOut(BaseModel):
    """A log record."""

    id: int = Field(description="Row in the store, in order of arrival.")
    ts: str = Field(description="UTC, YYYY-MM-DD HH:MM:SS.ffffff.")
    time_ns: int = Field(description="Unix time.")
    severity: str = Field(
        description="TRACE, DEBUG, INFO, WARN, ERROR, FATAL, or these with 2 to 4; empty: none given."
    )
    severity_number: int = Field(description="OpenTelemetry's SeverityNumber, 0 to 24.")
    severity_text: str = Field(description="The sender's own word.")
    event_name: str = Field(description="Empty for a plain log record.")
    body: Any
    attributes: dict[str, Any]
    trace_id: str
    span_id: str
    process: str = Field(description="The recorded call in which it was made; empty outside any.")
    service: str
    logger: str
    thread: str


class LogsOut(BaseModel):
    """A page, newest first."""

    logs: list[LogOut]
    cursor: str | None = Field(description="Pass it to get the next page; null on the last.")


class NewLogsOut(BaseModel):
    """New records, in order of arrival."""

    logs: list[LogOut]
    last_id: int = Field(description="Pass it as `after` in the next request.")
    more: bool = Field(description="Whether there is more already.")


@router.get("/logs", summary="Log records by filter, a page by key")
def logs(
    reader: StoreReader,
    window: TimeWindow,
    filters: Filters,
    cursor: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 100,
) -> LogsOut:
    """Newest first. Events are log records with a name."""
    found = reader.read_logs(filters, window, cursor, limit)
    return LogsOut(logs=[log_out(line) for line in found.lines], cursor=found.cursor)


@router.get("/logs/tail", summary="Log records since a row")
def tail(
    reader: StoreReader,
    filters: Filters,
    after: Annotated[
        int, Query(ge=-1, le=MAX_ID, description="`last_id` of the last answer; -1 only asks where to begin.")
    ] = -1,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 200,
) -> NewLogsOut:
    """List the records that arrived after the row `after`, whatever their time."""
    found = reader.read_new_logs(filters, after, limit)
    return NewLogsOut(logs=[log_out(line) for line in found.lines], last_id=found.last_id, more=found.more)


def log_out(line: LogLine) -> LogOut:
    """A log record for an answer."""
    attributes = read_shown(line.attributes)
    parts = line._asdict() | {
        "severity": name_of(line.severity),
        "severity_number": line.severity,
        "body": read_shown(line.body),
        "attributes": attributes if isinstance(attributes, dict) else {},
    }
    return LogOut(**parts)
