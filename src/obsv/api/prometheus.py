"""`/prometheus/api/v1`: rules and alerts in Prometheus's format, for Grafana's list of rules.

This is not a query engine: `query` evaluates only constants, as used by health checks.
"""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from obsv.alerts.rules import Rule
from obsv.api.depends import StoreReader
from obsv.api.watch.alerting import Alerting, Shown, shown_alerts
from obsv.semconv import VERSION
from obsv.store.watching import RuleRow
from obsv.times import iso

router = APIRouter(prefix="/prometheus/api/v1", tags=["Prometheus"], include_in_schema=False)
_STATES = {"firing": "firing", "recovering": "firing", "pending": "pending"}
_CONSTANT = re.compile(r"\s*(?:vector\()?\s*(\d{1,9})\s*(?:\+\s*(\d{1,9})\s*)?\)?\s*", re.ASCII)


@router.get("/rules")
def rules(store: StoreReader, watch: Alerting) -> Response:
    """Return one group: the rules file."""
    now_ns = time.time_ns()
    by_rule: dict[str, list[Shown]] = {}
    for each in shown_alerts(store, watch, now_ns):
        if each.alert.state in _STATES:
            by_rule.setdefault(each.alert.rule, []).append(each)
    health = {row.name: row for row in store.read_rule_rows()}
    found = [_rule(rule, by_rule.get(rule.name, []), health.get(rule.name)) for rule in watch.config.rules]
    latest = max((row.evaluated_ns for row in health.values()), default=0)
    group = {
        "name": "obsv",
        "file": str(watch.file.path or ""),
        "interval": watch.config.check_interval_s,
        "limit": 0,
        "evaluationTime": sum(row.took_ns for row in health.values()) / 1e9,
        "lastEvaluation": iso(latest),
        "rules": found,
    }
    return _success({"groups": [group] if found else []})


@router.get("/alerts")
def alerts(store: StoreReader, watch: Alerting) -> Response:
    """Return the alerts that are pending or firing."""
    found = shown_alerts(store, watch, time.time_ns())
    return _success({"alerts": [_alert(each) for each in found if each.alert.state in _STATES]})


@router.get("/status/buildinfo")
def buildinfo() -> Response:
    """Return the build information."""
    about = {"version": VERSION, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}
    return _success({**about, "application": "obsv"})


@router.api_route("/query", methods=["GET", "POST"])
async def query(request: Request) -> Response:
    """Return the value of a constant; refuse any other query."""
    asked = request.query_params.get("query")
    if asked is None and request.method == "POST":
        asked = parse_qs((await request.body())[:10_000].decode("utf-8", "replace")).get("query", [""])[0]
    found = _CONSTANT.fullmatch(asked or "")
    if not found:
        text = "obsv evaluates only constants, not PromQL: let Prometheus scrape /metrics and query it"
        return JSONResponse({"status": "error", "errorType": "bad_data", "error": text}, 400)
    value = str(int(found[1]) + int(found[2] or 0))
    now_s = time.time()
    if "vector" in (asked or ""):
        return _success({"resultType": "vector", "result": [{"metric": {}, "value": [now_s, value]}]})
    return _success({"resultType": "scalar", "result": [now_s, value]})


def _success(data: dict[str, Any]) -> Response:
    return JSONResponse({"status": "success", "data": data})


def _rule(rule: Rule, alerts: list[Shown], row: RuleRow | None) -> dict[str, Any]:
    states = {_STATES[each.alert.state] for each in alerts}
    state = next((each for each in ("firing", "pending") if each in states), "inactive")
    return {
        "type": "alerting",
        "name": rule.name,
        "state": state,
        "query": rule.details.get("query") or f"{rule.kind} {dict(rule.details)}",
        "duration": rule.for_s,
        "keepFiringFor": rule.keep_firing_s,
        "labels": {**rule.labels, "severity": rule.severity},
        "annotations": {"summary": rule.summary},
        "alerts": [_alert(each) for each in alerts],
        "health": "unknown" if row is None else "err" if row.error else "ok",
        "lastError": row.error if row else "",
        "evaluationTime": row.took_ns / 1e9 if row else 0.0,
        "lastEvaluation": iso(row.evaluated_ns if row else 0),
    }


def _alert(each: Shown) -> dict[str, Any]:
    value = each.alert.value
    return {
        "labels": each.labels,
        "annotations": {"summary": each.alert.summary},
        "state": _STATES[each.alert.state],
        "activeAt": iso(each.alert.starts_ns or each.alert.since_ns),
        "value": "NaN" if value is None else f"{value:e}",
    }
