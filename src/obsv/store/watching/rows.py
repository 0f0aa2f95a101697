"""Rows of the alerting tables."""

from __future__ import annotations

from typing import NamedTuple


class AlertRow(NamedTuple):
    """An alert: a rule with one label set.

    Args:
        fingerprint: digest of rule and labels, 16 hex digits.
        rule: name of the rule.
        labels: names and values, sorted by name.
        state: `pending`, `firing`, `recovering` or `resolved`.
        since_ns: time of the change to this state; all times here are Unix time.
        starts_ns: when it last began to fire; 0 for never.
        ends_ns: when that was resolved; 0 for not yet.
        episode: number of times it has begun to fire.
        value: the measured value; None if there is none.
        severity: severity of the rule.
        summary: one line of text.
        link: path in the app; empty if there is none.
        notified_ns: when a message of this episode was last queued; 0 for never.
        kind: kind of the rule when this was written, which decides who may read it.
    """

    fingerprint: str
    rule: str
    labels: tuple[tuple[str, str], ...]
    state: str
    since_ns: int
    starts_ns: int = 0
    ends_ns: int = 0
    episode: int = 0
    value: float | None = None
    severity: str = "error"
    summary: str = ""
    link: str = ""
    notified_ns: int = 0
    kind: str = "sql"


class EventRow(NamedTuple):
    """A change of an alert's state; `kind` is that of the rule then."""

    at_ns: int
    fingerprint: str
    rule: str
    labels: tuple[tuple[str, str], ...]
    state: str
    value: float | None
    summary: str
    kind: str = "sql"


class MessageRow(NamedTuple):
    """A queued message.

    Args:
        id: the same for each attempt.
        notifier: name of the receiver.
        event: `firing`, `repeat`, `resolved` or `test`.
        fingerprint, rule: those of the alert.
        body: JSON, the alert at that time.
        created_ns: when it was queued.
        state: `waiting`, `sent` or `failed`.
        attempts: number of attempts.
        next_ns: time of the next attempt.
        done_ns: when it was sent or given up; 0 for not yet.
    """

    id: str
    notifier: str
    event: str
    fingerprint: str
    rule: str
    body: str
    created_ns: int
    state: str = "waiting"
    attempts: int = 0
    next_ns: int = 0
    done_ns: int = 0


class AttemptRow(NamedTuple):
    """An attempt to send a message.

    Args:
        message_id: ID of the message.
        at_ns, took_ns: start and duration.
        status: status code of HTTP or SMTP; None if there was no response.
        answer: the first 200 characters of the response, or what went wrong.
    """

    message_id: str
    at_ns: int
    took_ns: int
    status: int | None
    answer: str


class SilenceRow(NamedTuple):
    """Alerts without notifications for a while.

    Args:
        id: UUID.
        matchers: JSON array of `{"name", "value", "isRegex", "isEqual"}`, as in Alertmanager.
        starts_ns, ends_ns: start and end.
        created_by, comment: author and reason.
        updated_ns: when it was last changed.
    """

    id: str
    matchers: str
    starts_ns: int
    ends_ns: int
    created_by: str
    comment: str
    updated_ns: int


class RuleRow(NamedTuple):
    """The result of a rule's last evaluation.

    Args:
        name, kind: those of the rule.
        evaluated_ns, took_ns: time and duration.
        error: why it failed; empty if it did not.
        left_out: number of label sets beyond the limit.
    """

    name: str
    kind: str
    evaluated_ns: int
    took_ns: int
    error: str = ""
    left_out: int = 0
