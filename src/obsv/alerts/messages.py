"""Messages: their content, and which ones a look at an alert causes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from obsv.alerts.rules import AlertsConfig, Rule
from obsv.alerts.states import ACTIVE, RESOLVED
from obsv.store.watching import AlertRow, MessageRow

_NS = 1_000_000_000
# The event of a message that is a report, not an alert; its rule is the title.
REPORT = "report"


class Message(NamedTuple):
    """A message to a receiver: an alert as it was when the message was queued.

    Args:
        id: stays the same for each attempt, so that receivers can detect duplicates.
        event: `firing`, `repeat`, `resolved`, `test` or `report`.
        fingerprint: fingerprint of the alert, 16 hex digits.
        rule: name of the rule.
        labels: all labels, including those of the rule, `alertname` and `severity`.
        severity: severity of the rule.
        summary: one line of text.
        value: the measured value; None if there is none.
        starts_ns, ends_ns: when it began to fire, and ended; 0 for not yet.
        link: address of the subject; absolute if the file gives the app's address.
    """

    id: str
    event: str
    fingerprint: str
    rule: str
    labels: dict[str, str]
    severity: str
    summary: str
    value: float | None
    starts_ns: int
    ends_ns: int
    link: str

    @property
    def is_resolved(self) -> bool:
        """Return whether the message says that the alert is over."""
        return self.event == RESOLVED

    @property
    def title(self) -> str:
        """Return the state and the rule in a few words."""
        if self.event == REPORT:
            return self.rule
        head = {"resolved": "Resolved", "test": "Test"}.get(self.event, "Firing")
        return f"{head}: {self.rule}"

    @classmethod
    def of(cls, row: MessageRow) -> Message:
        """Return the message of a row in the outbox."""
        return cls(row.id, row.event, row.fingerprint, row.rule, **json.loads(row.body))


def labels_of(alert: AlertRow, rule: Rule | None = None) -> dict[str, str]:
    """Return all labels of an alert, as matched by silences and shown to receivers."""
    return {
        **(rule.labels if rule else {}), **dict(alert.labels), "alertname": alert.rule, "severity": alert.severity
    }  # fmt: skip


def due_messages(
    before: AlertRow,
    after: AlertRow,
    rule: Rule,
    config: AlertsConfig,
    now_ns: int,
    *,
    is_silenced: bool,
    told: Callable[[str], Sequence[str]] = lambda fingerprint: (),
) -> tuple[AlertRow, list[MessageRow]]:
    """Return the alert with the time of its last message, and the messages that are due.

    A silenced alert keeps its state; if it is still firing when the silence ends, the message is sent then. The end of
    an alert is sent once, immediately, to everyone who was notified of its start, silenced or not; otherwise an
    incident would stay open.

    Args:
        before, after: the alert before and after the look.
        rule: its rule.
        config: the receivers.
        now_ns: Unix time.
        is_silenced: whether a silence applies to it.
        told: returns the receivers that were told of an alert's start and not of its end; the rule may name others
            by now.
    """
    # A time in the future is of a clock that was set back: the wait begins again.
    after = after._replace(notified_ns=min(after.notified_ns, now_ns))
    event = _event(before, after, rule, now_ns, is_silenced)
    if not event:
        return after, []
    names = (told(after.fingerprint) if event == RESOLVED else ()) or rule.notify
    known = [config.notifiers[name] for name in names if name in config.notifiers]
    wanted = [each for each in known if event != RESOLVED or each.send_resolved]
    labels = labels_of(after, rule)
    rows = [message_row(after, labels, each.name, event, now_ns, config.url) for each in wanted]
    return after._replace(notified_ns=0 if event == RESOLVED else now_ns), rows


def _event(before: AlertRow, after: AlertRow, rule: Rule, now_ns: int, is_silenced: bool) -> str:
    if after.state == RESOLVED:
        return RESOLVED if before.state in ACTIVE and after.notified_ns else ""
    if after.state not in ACTIVE or is_silenced:
        return ""
    if not after.notified_ns:
        return "firing"
    is_due = rule.repeat_s > 0 and now_ns - after.notified_ns >= rule.repeat_s * _NS
    return "repeat" if is_due else ""


def message_row(
    alert: AlertRow, labels: Mapping[str, str], notifier: str, event: str, now_ns: int, url: str = ""
) -> MessageRow:
    """Return a message for the outbox."""
    number = f"{now_ns}" if event in ("repeat", "test") else ""
    key = f"{alert.fingerprint}/{alert.episode}/{alert.starts_ns}/{event}{number}/{notifier}"
    body: dict[str, Any] = {
        "labels": dict(labels),
        "severity": alert.severity,
        "summary": alert.summary,
        "value": alert.value,
        "starts_ns": alert.starts_ns,
        "ends_ns": alert.ends_ns,
        "link": f"{url}{alert.link}" if url and alert.link else alert.link,
    }
    return MessageRow(
        hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32], notifier, event, alert.fingerprint, alert.rule,
        json.dumps(body, ensure_ascii=False), now_ns, next_ns=now_ns,
    )  # fmt: skip
