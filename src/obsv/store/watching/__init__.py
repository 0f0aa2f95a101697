"""Alerting in the store: the record of alerts, and readings for rules."""

from obsv.store.file import AuditRow
from obsv.store.watching.book import KEEP_RESOLVED_NS, Book, LeaseLost
from obsv.store.watching.changes import Changes
from obsv.store.watching.levels import BUCKET_NS, Counted, Level, LevelBucket, Spenders
from obsv.store.watching.looking import Delivery, Outbox
from obsv.store.watching.readings import Arrivals, CallFigures, FailedCall, Feed, Recorder, Repeating
from obsv.store.watching.rows import AlertRow, AttemptRow, EventRow, MessageRow, RuleRow, SilenceRow

__all__ = [
    "BUCKET_NS",
    "KEEP_RESOLVED_NS",
    "AlertRow",
    "Arrivals",
    "AttemptRow",
    "AuditRow",
    "Book",
    "CallFigures",
    "Changes",
    "Counted",
    "Delivery",
    "EventRow",
    "FailedCall",
    "Feed",
    "LeaseLost",
    "Level",
    "LevelBucket",
    "MessageRow",
    "Outbox",
    "Recorder",
    "Repeating",
    "RuleRow",
    "SilenceRow",
    "Spenders",
]
