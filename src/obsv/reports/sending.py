"""Reports to receivers of alerts.toml."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from obsv.alerts.messages import REPORT, Message
from obsv.alerts.notifiers import Notifier, notifier_of
from obsv.alerts.notifiers.base import safely, shown
from obsv.alerts.rules import AlertsConfig, NotifierConfig
from obsv.errors import NotFound

# Whose messages are read by people; others would take a report for an alert.
TYPES = ("slack", "telegram", "email", "log", "desktop", "apprise", "webhook")


class Sent(NamedTuple):
    """An attempt to send a report: the receiver, whether it accepted, and what it said."""

    receiver: str
    ok: bool
    text: str


def receivers(config: AlertsConfig, names: list[str]) -> list[NotifierConfig]:
    """Return the receivers that names or types stand for.

    Raises:
        NotFound: there is none.
    """
    found: dict[str, NotifierConfig] = {}
    for name in names:
        known = [each for each in config.notifiers.values() if name in (each.name, each.type) and each.type in TYPES]
        if not known:
            there = ", ".join(each.name for each in config.notifiers.values() if each.type in TYPES) or "none"
            raise NotFound(f"alerts.toml has no receiver {name!r:.100} that takes reports; there is {there}.")
        found |= {each.name: each for each in known}
    return list(found.values())


def send(
    title: str,
    text: str,
    to: list[NotifierConfig],
    made: Callable[[NotifierConfig], Notifier] = notifier_of,
) -> list[Sent]:
    """Send a report to receivers, each within its timeout.

    Args:
        title: of the report; the same one has the same ID, so that receivers can detect a duplicate.
        text: plain text.
        to: receivers.
        made: makes a sender.
    """
    number = hashlib.sha256(f"{title}\n{text}".encode("utf-8", "replace")).hexdigest()
    found = []
    for each in to:
        message = Message(number[:32], REPORT, number[:16], title, {}, "info", text, None, 0, 0, "")
        sender = made(each)
        answer = safely(lambda sender=sender, message=message: sender.send(message))  # type: ignore[misc]
        found.append(Sent(each.name, answer.ok, shown(each, answer.text)))
    return found
