"""The record of alerts for pages and other programs. It is empty for a file with an older schema version."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable, Row
from obsv.store.watching.book import labels_of
from obsv.store.watching.rows import AlertRow, AttemptRow, EventRow, MessageRow, RuleRow, SilenceRow

_HAS_BOOK = "select 1 from sqlite_schema where type = 'table' and name = 'alert'"
_ALERTS = f"""
select {", ".join(AlertRow._fields)} from alert
order by case state when 'firing' then 0 when 'recovering' then 1 when 'pending' then 2 else 3 end, since_ns desc
limit :limit
"""
_EVENTS = f"select {', '.join(EventRow._fields)} from alert_event order by at_ns desc, id desc limit :limit"
_DELIVERIES = f"select {', '.join(MessageRow._fields)} from notification order by created_ns desc limit :limit"
_ATTEMPTS = """
select a.notification_id, a.at_ns, a.took_ns, a.status, a.answer from notification_attempt a
where a.notification_id in (select id from notification order by created_ns desc limit :limit) order by a.at_ns, a.id
"""
_SILENCES = f"select {', '.join(SilenceRow._fields)} from silence where ends_ns > :since order by ends_ns desc"
_RULES = f"select {', '.join(RuleRow._fields)} from alert_rule order by name"
_OUTBOX = """
select (select count(*) from notification where state = 'waiting') as waiting,
  (select coalesce(min(created_ns), 0) from notification where state = 'waiting') as oldest_ns,
  (select count(*) from notification where state = 'sent') as sent,
  (select count(*) from notification where state = 'failed') as failed,
  (select count(*) from notification_attempt) as attempts,
  (select coalesce(max(evaluated_ns), 0) from alert_rule) as evaluated_ns
"""


class Delivery(NamedTuple):
    """A message, with all attempts to send it, oldest first."""

    message: MessageRow
    attempts: tuple[AttemptRow, ...]


class Outbox(NamedTuple):
    """The state of the messages.

    Args:
        waiting, sent, failed: numbers of stored messages.
        oldest_ns: when the oldest waiting message was queued, Unix time; 0 if none is waiting.
        attempts: number of attempts.
        evaluated_ns: when rules were last evaluated; 0 for never.
    """

    waiting: int = 0
    oldest_ns: int = 0
    sent: int = 0
    failed: int = 0
    attempts: int = 0
    evaluated_ns: int = 0


def read_alerts(store: Readable, limit: int = 1_000) -> list[AlertRow]:
    """Return alerts, firing ones first."""
    rows = _rows(store, _ALERTS, limit=limit)
    return [AlertRow(*row)._replace(labels=labels_of(row["labels"])) for row in rows]


def read_alert_events(store: Readable, limit: int = 200) -> list[EventRow]:
    """Return changes of states, latest first."""
    rows = _rows(store, _EVENTS, limit=limit)
    return [EventRow(*row)._replace(labels=labels_of(row["labels"])) for row in rows]


def read_deliveries(store: Readable, limit: int = 100) -> list[Delivery]:
    """Return messages with their attempts, latest first."""
    attempts: dict[str, list[AttemptRow]] = {}
    for row in _rows(store, _ATTEMPTS, limit=limit):
        attempts.setdefault(row[0], []).append(AttemptRow(*row))
    messages = [MessageRow(*row) for row in _rows(store, _DELIVERIES, limit=limit)]
    return [Delivery(each, tuple(attempts.get(each.id, ()))) for each in messages]


def read_silences(store: Readable, since_ns: int) -> list[SilenceRow]:
    """Return silences that end, or ended, after a time."""
    return [SilenceRow(*row) for row in _rows(store, _SILENCES, since=since_ns)]


def read_rule_rows(store: Readable) -> list[RuleRow]:
    """Return the results of the last evaluations, by rule."""
    return [RuleRow(*row) for row in _rows(store, _RULES)]


def read_outbox(store: Readable) -> Outbox:
    """Return the state of the messages."""
    rows = _rows(store, _OUTBOX)
    return Outbox(*rows[0]) if rows else Outbox()


def _rows(store: Readable, sql: str, **bound: int) -> list[Row]:
    with store.snapshot() as snapshot:
        return snapshot.query(sql, bound) if snapshot.query(_HAS_BOOK) else []
