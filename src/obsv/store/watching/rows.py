"""What the file keeps about alerts, a row each."""

from __future__ import annotations

from typing import NamedTuple


class AlertRow(NamedTuple):
    """An alert: a rule with one set of labels.

    Args:
        fingerprint: of rule and labels, 16 hex digits.
        rule: name of the rule.
        labels: names and values, sorted by name.
        state: `pending`, `firing`, `recovering` or `resolved`.
        since_ns: when it took this state, Unix time like all times here.
        starts_ns: when it last began to fire; 0 for never.
        ends_ns: when that was resolved; 0 for not yet.
        episode: how many times it has begun to fire.
        value: what was measured; None where nothing was.
        severity: of the rule.
        summary: one line for people.
        link: path in the app; empty for none.
        notified_ns: when a message of this episode was last queued; 0 for never.
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


class EventRow(NamedTuple):
    """A change of an alert's state."""

    at_ns: int
    fingerprint: str
    rule: str
    labels: tuple[tuple[str, str], ...]
    state: str
    value: float | None
    summary: str


class MessageRow(NamedTuple):
    """A message that waits to be sent.

    Args:
        id: the same at each attempt.
        notifier: name of the receiver.
        event: `firing`, `repeat`, `resolved` or `test`.
        fingerprint, rule: of the alert.
        body: JSON, the alert as it was.
        created_ns: when it was queued.
        state: `waiting`, `sent` or `failed`.
        attempts: how many there were.
        next_ns: when to try.
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
        message_id: of the message.
        at_ns, took_ns: when it began, and how long it took.
        status: of HTTP or SMTP; None where there was no answer.
        answer: its first 200 characters, or what went wrong.
    """

    message_id: str
    at_ns: int
    took_ns: int
    status: int | None
    answer: str


class SilenceRow(NamedTuple):
    """Alerts that nobody is told of for a while.

    Args:
        id: UUID.
        matchers: JSON array of `{"name", "value", "isRegex", "isEqual"}`, as Alertmanager has them.
        starts_ns, ends_ns: from when until when.
        created_by, comment: who and why.
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
    """How the last evaluation of a rule went.

    Args:
        name, kind: of the rule.
        evaluated_ns, took_ns: when, and how long it took.
        error: why it failed; empty where it did not.
        left_out: sets of labels beyond those that are watched.
    """

    name: str
    kind: str
    evaluated_ns: int
    took_ns: int
    error: str = ""
    left_out: int = 0
