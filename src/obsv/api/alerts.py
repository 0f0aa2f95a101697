"""`/api/v1/alerts`: alerts, their history, what was sent, and silences."""

from __future__ import annotations

import json
import time
from typing import Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from obsv.alerts.desk import add_silence, end_silence
from obsv.alerts.silences import parse_matcher
from obsv.api.alerting import Alerting, shown_alerts
from obsv.api.depends import StoreReader
from obsv.store.watching import SilenceRow

router = APIRouter(tags=["alerts"])
_HISTORY_NS = 30 * 86_400 * 1_000_000_000


class Alert(BaseModel):
    """An alert."""

    fingerprint: str
    rule: str
    labels: dict[str, str]
    state: str = Field(description="pending, firing, recovering or resolved.")
    since_ns: int = Field(description="When it took this state, Unix time.")
    starts_ns: int = Field(description="When it last began to fire; 0 for never.")
    ends_ns: int = Field(description="When that ended; 0 for not yet.")
    value: float | None
    severity: str
    summary: str
    link: str = Field(description="Path in the app; empty for none.")
    silenced_by: list[str] = Field(description="Ids of silences.")


class Rules(BaseModel):
    """The rules in use."""

    file: str | None = Field(description="Where they are read; null where there is no file.")
    error: str = Field(description="Why the file as it is now does not count; empty where it does.")
    count: int


class Alerts(BaseModel):
    """All alerts."""

    rules: Rules
    alerts: list[Alert] = Field(description="Those that fire first.")


class Change(BaseModel):
    """A change of an alert's state."""

    at_ns: int
    fingerprint: str
    rule: str
    labels: dict[str, str]
    state: str = Field(description="What it became.")
    value: float | None
    summary: str


class Attempt(BaseModel):
    """An attempt to send."""

    at_ns: int
    took_ns: int
    status: int | None = Field(description="Of HTTP or SMTP; null where there was no answer.")
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
    next_ns: int = Field(description="When it is tried next, where it waits.")
    attempts: list[Attempt]


class Silence(BaseModel):
    """A silence."""

    id: str
    matchers: list[dict[str, Any]]
    starts_ns: int
    ends_ns: int
    created_by: str
    comment: str


class NewSilence(BaseModel):
    """A silence to be made."""

    matchers: list[str] = Field(description="Such as process=shop.price, severity!=page or process=~'shop.*'.")
    seconds: float = Field(gt=0, description="How long it holds.")
    comment: str = Field(description="Why.")
    created_by: str = Field(default="api", description="Who.")


@router.get("/alerts", summary="Alerts")
def alerts(store: StoreReader, watch: Alerting) -> Alerts:
    """Those that are pending or fire, and those that ended within a day."""
    found = [
        Alert(**{**each.alert._asdict(), "labels": each.labels}, silenced_by=each.silenced_by)
        for each in shown_alerts(store, watch, time.time_ns())
    ]
    path = watch.file.path
    rules = Rules(file=str(path) if path else None, error=watch.file.error, count=len(watch.config.rules))
    return Alerts(rules=rules, alerts=found)


@router.get("/alerts/history", summary="Changes of alerts")
def history(store: StoreReader, limit: int = Query(200, ge=1, le=10_000)) -> list[Change]:
    """The latest first."""
    return [Change(**{**each._asdict(), "labels": dict(each.labels)}) for each in store.read_alert_events(limit)]


@router.get("/alerts/deliveries", summary="Messages about alerts")
def deliveries(store: StoreReader, limit: int = Query(100, ge=1, le=1_000)) -> list[Delivery]:
    """The latest first, each with all attempts to send it."""
    found = []
    for message, attempts in store.read_deliveries(limit):
        tried = [Attempt(**each._asdict()) for each in attempts]
        found.append(Delivery(**{**message._asdict(), "attempts": tried}))
    return found


@router.get("/alerts/silences", summary="Silences")
def silences(store: StoreReader) -> list[Silence]:
    """Those that hold or will, and those that ended within a month."""
    return [_silence(each) for each in store.read_silences(time.time_ns() - _HISTORY_NS)]


@router.post("/alerts/silences", summary="Silence alerts")
def silence(new: NewSilence, watch: Alerting) -> Silence:
    """Alerts that satisfy all matchers are told to nobody for a while; their states go on."""
    now_ns = time.time_ns()
    matchers = [parse_matcher(each) for each in new.matchers]
    ends_ns = now_ns + int(min(new.seconds, 1e9) * 1e9)
    return _silence(add_silence(watch.book, matchers, now_ns, ends_ns, new.created_by, new.comment, now_ns))


@router.delete("/alerts/silences/{id}", summary="End a silence", status_code=204)
def end(id: str, watch: Alerting) -> None:
    """Alerts that still fire are told of then."""
    end_silence(watch.book, id, time.time_ns())


def _silence(row: SilenceRow) -> Silence:
    fields = row._asdict()
    del fields["updated_ns"]
    return Silence(**{**fields, "matchers": json.loads(row.matchers)})
