"""The answers of an SQLite file about what alert rules look at, and the book of alerts."""

from __future__ import annotations

from obsv.store.file import read_audit
from obsv.store.seam.answers.source import Source
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
from obsv.store.watching.levels import count_level, read_level, read_spenders
from obsv.store.watching.looking import (
    read_alert_events,
    read_alerts,
    read_deliveries,
    read_outbox,
    read_rule_rows,
    read_silences,
)
from obsv.store.watching.readings import (
    read_call_figures,
    read_failed,
    read_feeds,
    read_last_call,
    read_recorders,
    read_repeating,
    read_unarchived,
)


class AlertAnswers(Source):
    """The answers of an SQLite file about what alert rules look at, and the book of alerts."""

    def last_call(self, before_ns: int | None = None) -> int:
        return read_last_call(self._source, before_ns)

    def read_failed(self, after: int) -> Arrivals:
        return read_failed(self._source, after)

    def read_feeds(self) -> list[Feed]:
        return read_feeds(self._source)

    def read_repeating(self, least: int, since_ns: int) -> list[Repeating]:
        return read_repeating(self._source, least, since_ns)

    def read_recorders(self, since_ns: int) -> list[Recorder]:
        return read_recorders(self._source, since_ns)

    def read_unarchived(self) -> int | None:
        return read_unarchived(self._source)

    def read_call_figures(self, start_ns: int, end_ns: int) -> list[CallFigures]:
        return read_call_figures(self._source, start_ns, end_ns)

    def read_alerts(self, limit: int = 1_000) -> list[AlertRow]:
        return read_alerts(self._source, limit)

    def read_alert_events(self, limit: int = 200) -> list[EventRow]:
        return read_alert_events(self._source, limit)

    def read_deliveries(self, limit: int = 100) -> list[Delivery]:
        return read_deliveries(self._source, limit)

    def read_silences(self, since_ns: int) -> list[SilenceRow]:
        return read_silences(self._source, since_ns)

    def read_rule_rows(self) -> list[RuleRow]:
        return read_rule_rows(self._source)

    def count_level(self, level: Level, after: int) -> Counted:
        return count_level(self._source, self._path, level, after)

    def read_level(self, slo: str, version: str, since_ns: int) -> list[LevelBucket]:
        return read_level(self._source, slo, version, since_ns)

    def read_spenders(self, level: Level, since_ns: int, limit: int = 10) -> Spenders:
        return read_spenders(self._path, level, since_ns, limit)

    def read_audit(self, limit: int = 200, since_ns: int = 0) -> list[AuditRow]:
        return read_audit(self._source, limit, since_ns)

    def read_outbox(self) -> Outbox:
        return read_outbox(self._source)
