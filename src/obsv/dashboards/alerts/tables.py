"""The lists of the page: alerts, history, messages, silences, repeating variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from dash import html
from dash.development.base_component import Component

from obsv.alerts.levels import budget_left, budget_text, burn_rate, burns_of, summed
from obsv.alerts.messages import labels_of
from obsv.alerts.rules import AlertsConfig
from obsv.alerts.samples import numbered, shown
from obsv.alerts.silences import matchers_of, silencing
from obsv.dashboards.clock import ago, count, duration, when
from obsv.dashboards.components import Kind, badge, card, empty, link
from obsv.store.seam import Store
from obsv.store.watching import AlertRow, AuditRow, Delivery, EventRow, Repeating, SilenceRow
from obsv.web.senders import SenderCounts

STATE_KINDS: dict[str, Kind] = {"firing": "err", "recovering": "stale", "pending": "stale", "resolved": "ok"}
SENT_KINDS: dict[str, Kind] = {"sent": "ok", "waiting": "stale", "failed": "err"}
LISTED = 50
LITTLE_LEFT = 0.25
LEAST_REPEATS = 6
_DAY_NS = 86_400 * 1_000_000_000


def lists(store: Store, config: AlertsConfig, now_ns: int) -> list[Component]:
    """Return all lists.

    Args:
        store: the store to read.
        config: the rules.
        now_ns: Unix time.
    """
    silences = store.read_silences(now_ns - 7 * _DAY_NS)
    holding = [each for each in silences if each.starts_ns <= now_ns < each.ends_ns]
    alerts = store.read_alerts()
    live = [each for each in alerts if each.state != "resolved"]
    over = [each for each in alerts if each.state == "resolved"]
    return [
        _alerts("Firing and pending", live, config, holding, now_ns),
        _alerts("Resolved within the last day", over[:LISTED], config, holding, now_ns) if over else html.Div(),
        *_levels(store, config, now_ns),
        _silences(silences, now_ns),
        _repeating(store.read_repeating(LEAST_REPEATS, now_ns - _DAY_NS)[:LISTED], now_ns),
        _deliveries(store.read_deliveries(LISTED), now_ns),
        _history(store.read_alert_events(LISTED)),
        _audit(store.read_audit(LISTED)),
    ]


def _alerts(
    title: str, alerts: Sequence[AlertRow], config: AlertsConfig, holding: Sequence[SilenceRow], now_ns: int
) -> Component:
    if not alerts:
        return card(
            title, empty("No firing alerts", "No alerts are pending either." if config.rules else "There are no rules.")
        )
    rules = {rule.name: rule for rule in config.rules}
    rows = []
    for each in alerts:
        is_silenced = bool(silencing(holding, labels_of(each, rules.get(each.rule))))
        state = [badge(each.state, STATE_KINDS.get(each.state, "plain"), dot=True)]
        state += (
            [badge("silenced", title="No notifications are sent while the silence is active")] if is_silenced else []
        )
        rows.append(
            [state, each.rule, each.severity, shown(each.value), _linked(each), _labels(each.labels),
             html.Span(ago(each.since_ns, now_ns), title=f"{numbered(each.episode, 'time')} so far")]
        )  # fmt: skip
    return card(title, table(("State", "Rule", "Severity", "Value", "What", "Labels", "Since"), rows), flush=True)


def _linked(alert: AlertRow) -> Any:
    if not alert.link.startswith("/"):
        return alert.summary
    path, _, query = alert.link.partition("?")
    return link(alert.summary or alert.rule, path, dict(parse_qsl(query)))


def _labels(labels: Sequence[tuple[str, str]]) -> Component:
    return html.Span(", ".join(f"{name}={value}" for name, value in labels), className="muted")


def _levels(store: Store, config: AlertsConfig, now_ns: int) -> list[Component]:
    rows = []
    for slo in config.slos:
        buckets = store.read_level(slo.name, slo.version, now_ns - int(slo.period_s * 1e9))
        whole = summed(buckets, slo.period_s, now_ns)
        left = budget_left(whole, slo.objective)
        kind: Kind = "err" if left <= 0 else "stale" if left < LITTLE_LEFT else "ok"
        rates = [f"{burn_rate(summed(buckets, each.long_s, now_ns), slo.objective):.3g} ({each.long_s / 3_600:g} h)"
                 for each in burns_of(slo.period_s)]  # fmt: skip
        rows.append([link(slo.name, "/slo", {"name": slo.name}), f"{100 * slo.objective:g} %", slo.level.good,
                     badge(budget_text(whole, slo.objective), kind),
                     f"{count(whole.good)} of {count(whole.total)}", ", ".join(rates)])  # fmt: skip
    names = ("Name", "Objective", "Good", "Budget", "Good calls", "Burn rate")
    return [card("Service levels", table(names, rows), flush=True)] if rows else []


def _silences(silences: Sequence[SilenceRow], now_ns: int) -> Component:
    if not silences:
        return card("Silences", empty("No silence", "Use the form “Silence alerts” to silence some for a while."))
    rows = []
    for each in silences:
        state = "ended" if each.ends_ns <= now_ns else "holds" if each.starts_ns <= now_ns else "pending"
        end: Any = ""
        if state != "ended":
            end = html.Button("End", id={"type": "alerts-end", "id": each.id}, className="button", n_clicks=0)
        matchers = ", ".join(map(str, matchers_of(each.matchers)))
        rows.append([badge(state, "accent" if state == "holds" else "plain"), matchers, each.comment, each.created_by,
                     when(each.ends_ns, date=True), end])  # fmt: skip
    return card("Silences", table(("State", "Alerts", "Why", "Who", "Until", ""), rows), flush=True)


def _repeating(found: Sequence[Repeating], now_ns: int) -> Component:
    title = "Repeating variables"
    if not found:
        return card(
            title,
            empty("No repeating variables", f"No variable had the same value {LEAST_REPEATS + 1} times in a row."),
        )
    rows = [
        [link(each.process, "/code", {"process": each.process}), each.name, each.data_type, _cut(each.value),
         count(each.repeats), duration(max(0, each.last_ns - each.changed_ns)), ago(each.last_ns, now_ns)]
        for each in found
    ]  # fmt: skip
    names = ("Process", "Data", "Data Type", "Data Value", "Repeats", "Unchanged for", "Last")
    return card(title, table(names, rows), flush=True)


def _deliveries(found: Sequence[Delivery], now_ns: int) -> Component:
    if not found:
        return card("Messages", empty("No messages sent", "Messages to receivers are listed here with each attempt."))
    rows = []
    for message, attempts in found:
        last = attempts[-1] if attempts else None
        said = "" if last is None else " ".join(filter(None, [str(last.status or ""), last.answer]))
        state = badge(message.state, SENT_KINDS.get(message.state, "plain"))
        rows.append([state, message.notifier, message.event, message.rule, str(len(attempts)), said,
                     ago(message.created_ns, now_ns)])  # fmt: skip
    return card(
        "Messages", table(("State", "Receiver", "Event", "Rule", "Attempts", "Answer", "When"), rows), flush=True
    )


def _history(events: Sequence[EventRow]) -> Component:
    if not events:
        return card("History", empty("No alerts so far", "Each change of an alert's state is listed here."))
    rows = [
        [when(each.at_ns, date=True), each.rule, badge(each.state, STATE_KINDS.get(each.state, "plain")),
         shown(each.value), each.summary, _labels(each.labels)]
        for each in events
    ]  # fmt: skip
    return card("History", table(("When", "Rule", "Became", "Value", "What", "Labels"), rows), flush=True)


def _audit(found: Sequence[AuditRow]) -> Component:
    if not found:
        return card("Changes by users", empty("No changes", "Silences, rules and decisions are listed with authors."))
    rows = [
        [when(each.at_ns, date=True), each.actor, each.role, each.via, each.action, _cut(each.subject),
         _cut(each.detail)]
        for each in found
    ]  # fmt: skip
    return card(
        "Changes by users", table(("When", "Who", "Role", "By", "Action", "Subject", "Detail"), rows), flush=True
    )


def senders(found: Sequence[SenderCounts], now_ns: int) -> list[Component]:
    """Return the list of senders, with what was refused to each; empty for a server that received nothing."""
    rows = []
    for each in found:
        refused = ", ".join(f"{count(number)} {why}" for why, number in sorted(each.refused.items()))
        rows.append([each.name or "without a name", count(each.requests), count(each.spans), count(each.bytes),
                     badge(refused, "stale") if refused else "", ago(each.last_ns, now_ns), each.address])  # fmt: skip
    names = ("Sender", "Requests", "Spans", "Bytes", "Refused requests", "Last", "Address")
    return [card("Senders since the start of this server", table(names, rows), flush=True)] if rows else []


def _cell(name: str, content: Any) -> Component:
    named: dict[str, Any] = {"data-name": name}
    # An empty one would take a line of its own there, and say nothing.
    return html.Td(content, className="" if content not in ("", None) else "empty", **named)


def table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Component:
    """Return a table of texts and components; recorded text stays text. On a narrow screen each row is a list."""
    body = [html.Tr([_cell(name, cell) for name, cell in zip(names, row, strict=True)]) for row in rows]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    return html.Table([head, html.Tbody(body)], className="alerts-table")


def _cut(text: str | None) -> str:
    return "" if text is None else text if len(text) <= 100 else text[:99] + "…"
