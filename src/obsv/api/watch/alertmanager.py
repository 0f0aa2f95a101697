"""`/alertmanager/api/v2`: the part of Alertmanager's API with which `amtool` and Grafana manage alerts and silences.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from obsv.alerts.desk import add_silence, end_silence
from obsv.alerts.silences import Matcher, checked, matchers_of, parse_matcher
from obsv.api.depends import StoreReader
from obsv.api.problems import faults_of, status_of
from obsv.api.watch.alerting import Alerting, Shown, shown_alerts
from obsv.errors import InvalidQuery, NotFound, ObsvError
from obsv.semconv import VERSION
from obsv.store.watching import SilenceRow
from obsv.times import iso, iso_ns


class _Route(APIRoute):
    """A route whose errors are JSON strings, as Alertmanager's: amtool shows no others."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except ObsvError as error:
                return JSONResponse(str(error), status_of(error))
            except RequestValidationError as error:
                return JSONResponse(faults_of(error), 400)

        return answered


router = APIRouter(prefix="/alertmanager/api/v2", tags=["Alertmanager"], include_in_schema=False, route_class=_Route)
_ACTIVE = ("firing", "recovering")
_HISTORY_NS = 5 * 86_400 * 1_000_000_000
Filter = Annotated[list[str] | None, Query(alias="filter")]


def _found(
    store: StoreReader,
    watch: Alerting,
    filter: Filter = None,
    active: bool = True,
    silenced: bool = True,
    receiver: str = ".*",
) -> list[Shown]:
    wanted = [parse_matcher(text) for text in filter or ()]
    told = checked(Matcher("receiver", receiver or ".*", is_regex=True))
    return [
        each
        for each in shown_alerts(store, watch, time.time_ns())
        if each.alert.state in _ACTIVE
        and (silenced if each.silenced_by else active)
        and all(matcher.matches(each.labels) for matcher in wanted)
        and any(told.matches({"receiver": name}) for name in each.receivers or ("",))
    ]


Found = Annotated[list[Shown], Depends(_found)]


class PostedMatcher(BaseModel):
    """A matcher."""

    name: str
    value: str
    isRegex: bool = False
    isEqual: bool = True


class PostedSilence(BaseModel):
    """A silence to store."""

    id: str = Field(default="", max_length=100)
    matchers: list[PostedMatcher]
    startsAt: str
    endsAt: str
    createdBy: str = ""
    comment: str = ""


@router.get("/status")
def status(watch: Alerting) -> dict[str, Any]:
    """Return the server's status. The configuration has names only: the file may contain secrets."""
    version = {"version": VERSION, "branch": "", "buildDate": "", "buildUser": "obsv", "goVersion": "", "revision": ""}
    return {
        "cluster": {"status": "disabled", "peers": []},
        "config": {"original": _configuration(watch)},
        "uptime": iso(watch.started_ns),
        "versionInfo": version,
    }


@router.get("/receivers")
def receivers(watch: Alerting) -> list[dict[str, str]]:
    """Return the names of receivers."""
    return [{"name": name} for name in sorted(watch.config.notifiers)]


@router.get("/alerts")
def alerts(found: Found, watch: Alerting) -> list[dict[str, Any]]:
    """Return the firing alerts."""
    return [_alert(each, watch.config.url) for each in found]


@router.post("/alerts")
def post_alerts() -> None:
    """Refuse alerts of others: obsv makes its own from its rules."""
    raise InvalidQuery("obsv takes no alerts: it makes them from its rules. Add a rule to its rules file.")


@router.get("/alerts/groups")
def groups(found: Found, watch: Alerting) -> list[dict[str, Any]]:
    """Return the firing alerts, by rule and receiver."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in found:
        for receiver in each.receivers or ("",):
            grouped.setdefault((each.alert.rule, receiver), []).append(_alert(each, watch.config.url))
    return [
        {"labels": {"alertname": rule}, "receiver": {"name": receiver}, "alerts": members}
        for (rule, receiver), members in grouped.items()
    ]


@router.get("/silences")
def silences(store: StoreReader, filter: Filter = None) -> list[dict[str, Any]]:
    """Return silences that are active or pending, or that ended within five days."""
    now_ns = time.time_ns()
    wanted = [parse_matcher(text) for text in filter or ()]
    return [
        _silence(row, now_ns) for row in store.read_silences(now_ns - _HISTORY_NS) if _has(row, wanted)
    ]  # fmt: skip


@router.get("/silence/{id}")
def silence(id: str, store: StoreReader) -> dict[str, Any]:
    """Return a silence."""
    now_ns = time.time_ns()
    for row in store.read_silences(0):
        if row.id == id:
            return _silence(row, now_ns)
    raise NotFound("No silence has that ID.")


@router.post("/silences")
def post_silence(posted: PostedSilence, store: StoreReader, watch: Alerting) -> dict[str, str]:
    """Store a silence, or change the one that is named."""
    now_ns = time.time_ns()
    before = next((row for row in store.read_silences(0) if row.id == posted.id), None) if posted.id else None
    if posted.id and before is None:
        raise NotFound("No silence has that ID.")
    try:
        starts_ns, ends_ns = iso_ns(posted.startsAt), iso_ns(posted.endsAt)
    except ValueError as error:
        raise InvalidQuery("startsAt and endsAt must be times such as 2026-01-31T12:00:00Z.") from error
    matchers = [Matcher(each.name, each.value, each.isRegex, each.isEqual) for each in posted.matchers]
    row = add_silence(watch.book, matchers, starts_ns, ends_ns, posted.createdBy, posted.comment, now_ns, before)
    return {"silenceID": row.id}


@router.delete("/silence/{id}")
def delete_silence(id: str, watch: Alerting) -> dict[str, str]:
    """End a silence."""
    end_silence(watch.book, id, time.time_ns())
    return {}


def _configuration(watch: Alerting) -> str:
    """Return the receivers and which rules name them, in Alertmanager's form; JSON is YAML, too."""
    routes = [
        {"receiver": name, "matchers": [str(Matcher("alertname", rule.name))], "continue": at + 1 < len(rule.notify)}
        for rule in watch.config.rules
        for at, name in enumerate(rule.notify)
    ]
    names = sorted({"log", *watch.config.notifiers})
    document = {"route": {"receiver": "log", "routes": routes}, "receivers": [{"name": name} for name in names]}
    return f"# obsv reads its rules from {watch.file.path}\n{json.dumps(document, ensure_ascii=False, indent=2)}\n"


def _alert(each: Shown, app: str) -> dict[str, Any]:
    alert = each.alert
    state = "suppressed" if each.silenced_by else "active"
    return {
        "annotations": {"summary": alert.summary},
        # Alertmanager reports here until when it considers an alert active without another post.
        "endsAt": iso(time.time_ns() + 300 * 1_000_000_000),
        "fingerprint": alert.fingerprint,
        "receivers": [{"name": name} for name in each.receivers],
        "startsAt": iso(alert.starts_ns),
        "status": {"inhibitedBy": [], "silencedBy": each.silenced_by, "state": state},
        "updatedAt": iso(alert.since_ns),
        "generatorURL": f"{app}{alert.link}",
        "labels": each.labels,
    }


def _has(row: SilenceRow, wanted: list[Matcher]) -> bool:
    """Return whether a silence's own matchers satisfy the given ones, as if they were labels."""
    own = {each.name: each.value for each in matchers_of(row.matchers)}
    return all(each.matches(own) for each in wanted)


def _silence(row: SilenceRow, now_ns: int) -> dict[str, Any]:
    state = "expired" if row.ends_ns <= now_ns else "pending" if row.starts_ns > now_ns else "active"
    return {
        "id": row.id,
        "status": {"state": state},
        "matchers": json.loads(row.matchers),
        "startsAt": iso(row.starts_ns),
        "endsAt": iso(row.ends_ns),
        "updatedAt": iso(row.updated_ns),
        "createdBy": row.created_by,
        "comment": row.comment,
    }
