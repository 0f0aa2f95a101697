"""The questions about what alert rules look at, and the book of alerts."""

from __future__ import annotations

from typing import Protocol

from obsv.store.watching import (
    AlertRow,
    Arrivals,
    AuditRow,
    CallFigures,
    Counted,
    Delivery,
    EventRow,
    Feed,
    Level,
    LevelBucket,
    Outbox,
    Recorder,
    Repeating,
    RuleRow,
    SilenceRow,
    Spenders,
)


class AlertQuestions(Protocol):
    """The questions about what alert rules look at, and the book of alerts."""

    def last_call(self, before_ns: int | None = None) -> int:
        """Return the ID of the call that arrived last; of those that started before a time, if one is given."""
        ...

    def read_failed(self, after: int) -> Arrivals:
        """The failed calls that arrived after one."""
        ...

    def read_feeds(self) -> list[Feed]:
        """Feeds and their latest updates."""
        ...

    def read_repeating(self, least: int, since_ns: int) -> list[Repeating]:
        """Variables that repeat."""
        ...

    def read_recorders(self, since_ns: int) -> list[Recorder]:
        """Recording processes, as they last described themselves."""
        ...

    def read_unarchived(self) -> int | None:
        """Return when the first call that is not archived started; None if there is no archive or no such call."""
        ...

    def read_call_figures(self, start_ns: int, end_ns: int) -> list[CallFigures]:
        """Return the figures of calls over some minutes."""
        ...

    def read_alerts(self, limit: int = 1_000) -> list[AlertRow]:
        """Alerts, those that fire first."""
        ...

    def read_alert_events(self, limit: int = 200) -> list[EventRow]:
        """Changes of alerts' states, the latest first."""
        ...

    def read_deliveries(self, limit: int = 100) -> list[Delivery]:
        """Messages about alerts with their attempts, the latest first."""
        ...

    def read_silences(self, since_ns: int) -> list[SilenceRow]:
        """Silences that end after a time."""
        ...

    def read_rule_rows(self) -> list[RuleRow]:
        """Return the results of the last evaluations of rules."""
        ...

    def count_level(self, level: Level, after: int) -> Counted:
        """The calls of a service level that arrived after one."""
        ...

    def read_level(self, slo: str, version: str, since_ns: int) -> list[LevelBucket]:
        """The counts of a service level."""
        ...

    def read_spenders(self, level: Level, since_ns: int, limit: int = 10) -> Spenders:
        """Return the functions and error groups that made most calls of a service level bad."""
        ...

    def read_audit(self, limit: int = 200, since_ns: int = 0) -> list[AuditRow]:
        """Return changes and their authors, latest first."""
        ...

    def read_outbox(self) -> Outbox:
        """Return the state of the messages about alerts."""
        ...
