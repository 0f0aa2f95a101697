"""`/api/v1/alerts`: alerts, their history, messages, and silences."""

from __future__ import annotations

import json
import time
from typing import Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.acting import actor
from obsv.alerts.desk import add_silence, end_silence
from obsv.alerts.silences import parse_matcher
from obsv.api.depends import StoreReader
from obsv.api.watch.alerting import Alerting, shown_alerts
from obsv.store.watching import SilenceRow

router = APIRouter(tags=["alerts"])
_HISTORY_NS = 30 * 86_400 * 1_000_000_000


class Alert(BaseModel):
    """An alert."""

    fingerprint: str
    rule: str
    labels: dict[str, str]
    state: str = Field(description="pending, firing, recovering or resolved.")
    since_ns: int = Field(description="Time of the change to this state, Unix time.")
    starts_ns: int = Field(description="Latest time it began to fire; 0 for never.")
    ends_ns: int = Field(description="Time it stopped firing; 0 for not yet.")
    value: float | None
    severity: str
    summary: str
    link: str = Field(description="Path in the app; empty if there is none.")
    silenced_by: list[str] = Field(description="IDs of silences.")


class Rules(BaseModel):
    """The rules in use."""

    file: str | None = Field(description="Where they are read; null where there is no file.")
    error: str = Field(description="Why the current file is invalid; empty if it is valid.")
    count: int


class Alerts(BaseModel):
    """All alerts."""

    rules: Rules
    alerts: list[Alert] = Field(description="Firing alerts first.")


class Change(BaseModel):
    """A change of an alert's state."""

    at_ns: int
    fingerprint: str
    rule: str
    labels: dict[str, str]
    state: str = Field(description="The new state.")
    value: float | None
    summary: str


class Attempt(BaseModel):
    """An attempt to send."""

    at_ns: int
    took_ns: int
    status: int | None = Field(description="Status code of HTTP or SMTP; null if there was no response.")
    answer: str


class Delivery(BaseModel):
    """A message to a receiver."""

    id: str
    notifier: str
    event: str
    fingerprint: str
    rule: str
    created_ns: int
    state: str = Field(description="waiting, sent or failed.")
    next_ns: int = Field(description="Time of the next attempt, if it is waiting.")
    attempts: list[Attempt]


class Silence(BaseModel):
    """Return a silence."""

    id: str
    matchers: list[dict[str, Any]]
    starts_ns: int
    ends_ns: int
    created_by: str
    comment: str


class NewSilence(BaseModel):
    """A silence to create."""

    matchers: list[str] = Field(description="Matchers such as process=shop.price, severity!=page or process=~'shop.*'.")
    seconds: float = Field(gt=0, description="Duration of the silence.")
    comment: str = Field(description="Why.")
    created_by: str = Field(default="", description="Who; by default, the user.")


@router.get("/alerts", summary="Alerts")
def alerts(store: StoreReader, watch: Alerting) -> Alerts:
    """List alerts that are pending or firing, and those that ended within a day."""
    found = [
        Alert(**{**each.alert._asdict(), "labels": each.labels}, silenced_by=each.silenced_by)
        for each in shown_alerts(store, watch, time.time_ns())
    ]
    path = watch.file.path
    rules = Rules(file=str(path) if path else None, error=watch.file.error, count=len(watch.config.rules))
    return Alerts(rules=rules, alerts=found)


@router.get("/alerts/history", summary="List changes of alerts")
def history(store: StoreReader, limit: int = Query(200, ge=1, le=10_000)) -> list[Change]:
    """List the changes of alerts, latest first."""
    return [Change(**{**each._asdict(), "labels": dict(each.labels)}) for each in store.read_alert_events(limit)]


@router.get("/alerts/deliveries", summary="List messages about alerts")
def deliveries(store: StoreReader, limit: int = Query(100, ge=1, le=1_000)) -> list[Delivery]:
    """List the messages, latest first, each with all attempts to send it."""
    found = []
    for message, attempts in store.read_deliveries(limit):
        tried = [Attempt(**each._asdict()) for each in attempts]
        found.append(Delivery(**{**message._asdict(), "attempts": tried}))
    return found


@router.get("/alerts/silences", summary="Silences")
def silences(store: StoreReader) -> list[Silence]:
    """List silences that are active or pending, and those that ended within a month."""
    return [_silence(each) for each in store.read_silences(time.time_ns() - _HISTORY_NS)]


@router.post("/alerts/silences", summary="Silence alerts")
def silence(new: NewSilence, watch: Alerting) -> Silence:
    """Suppress notifications for alerts that satisfy all matchers; their states continue."""
    now_ns = time.time_ns()
    matchers = [parse_matcher(each) for each in new.matchers]
    ends_ns = now_ns + int(min(new.seconds, 1e9) * 1e9)
    return _silence(
        add_silence(watch.book, matchers, now_ns, ends_ns, new.created_by or actor().name, new.comment, now_ns)
    )


@router.delete("/alerts/silences/{id}", summary="End a silence", status_code=204)
def end(id: str, watch: Alerting) -> None:
    """End a silence. Alerts that are still firing are then reported."""
    end_silence(watch.book, id, time.time_ns())


def _silence(row: SilenceRow) -> Silence:
    fields = row._asdict()
    del fields["updated_ns"]
    return Silence(**{**fields, "matchers": json.loads(row.matchers)})
