"""Manual actions: silence alerts, end a silence, send a test message."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from obsv.alerts.messages import message_row
from obsv.alerts.rules import AlertsConfig
from obsv.alerts.samples import clean
from obsv.alerts.silences import MAX_MATCHERS, Matcher, checked, matchers_of, matchers_text
from obsv.errors import InvalidQuery, NotFound
from obsv.store.watching import AlertRow, Book, MessageRow, SilenceRow

_NS = 1_000_000_000
MAX_COMMENT = 1_000
LONGEST_NS = 366 * 86_400 * _NS


def add_silence(
    book: Book,
    matchers: Sequence[Matcher],
    starts_ns: int,
    ends_ns: int,
    created_by: str,
    comment: str,
    now_ns: int,
    before: SilenceRow | None = None,
) -> SilenceRow:
    """Store a silence.

    As in Alertmanager, one that replaces an active silence keeps its ID unless it is about other alerts or starts at
    another time; then the former one is ended, so that the list shows what was silenced when.

    Args:
        book: where it is stored.
        matchers: an alert that satisfies all of them is silenced; at least one that does not match everything.
        starts_ns, ends_ns: start and end, Unix time.
        created_by, comment: author and reason.
        now_ns: Unix time.
        before: the silence to replace.

    Raises:
        InvalidQuery: the silence is invalid; the message says why.
    """
    if not matchers or len(matchers) > MAX_MATCHERS:
        raise InvalidQuery(f"A silence needs 1 to {MAX_MATCHERS} matchers, such as process=shop.price.")
    if all(checked(each).matches({}) for each in matchers):
        raise InvalidQuery("These matchers match alerts without any label: give at least one label value.")
    keeps = before is not None and _continues(before, matchers, starts_ns, now_ns)
    # One that is active keeps its start; any other has silenced nothing until now.
    starts_ns = starts_ns if keeps and before and before.starts_ns <= now_ns else max(starts_ns, now_ns)
    if not max(starts_ns, now_ns) < ends_ns <= now_ns + LONGEST_NS:
        raise InvalidQuery("A silence must end after its start and within a year.")
    if not comment.strip():
        raise InvalidQuery("The comment is empty: give a reason.")
    silence = SilenceRow(
        before.id if before and keeps else str(uuid.uuid4()), matchers_text(matchers), starts_ns, ends_ns,
        clean(created_by) or "unknown", comment.strip()[:MAX_COMMENT], now_ns,
    )  # fmt: skip
    book.put_silence(silence)
    if before is not None and not keeps and before.ends_ns > now_ns:
        book.end_silence(before.id, now_ns)
    return silence


def _continues(before: SilenceRow, matchers: Sequence[Matcher], starts_ns: int, now_ns: int) -> bool:
    """Return whether a silence can be changed in place: it starts later, or as before in the milliseconds of APIs."""
    is_same = before.ends_ns > now_ns and matchers_of(before.matchers) == list(matchers)
    return is_same and (before.starts_ns > now_ns or abs(starts_ns - before.starts_ns) < _NS // 1_000)


def end_silence(book: Book, id: str, now_ns: int) -> None:
    """End a silence now.

    Raises:
        NotFound: no silence has that ID.
    """
    if not book.end_silence(id, now_ns):
        raise NotFound(f"There is no silence {clean(id)!r}.")


def trial_message(config: AlertsConfig, notifier: str, now_ns: int) -> MessageRow:
    """Return a test message.

    Args:
        config: the receivers.
        notifier: name of the receiver.
        now_ns: Unix time.

    Raises:
        NotFound: no receiver has that name.
    """
    if notifier not in config.notifiers:
        raise NotFound(
            f"There is no receiver {notifier!r}: the rules file defines {', '.join(sorted(config.notifiers))}."
        )
    text = f"Test message for the receiver {notifier}: no action is needed"
    alert = AlertRow(f"{0:016x}", "obsv_test", (), "firing", now_ns, now_ns, severity="info", summary=text)
    labels = {"alertname": "obsv_test", "severity": "info"}
    return message_row(alert, labels, notifier, "test", now_ns, config.url)
