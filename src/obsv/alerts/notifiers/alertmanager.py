"""Push to an Alertmanager, which groups and notifies. It forgets an alert that is not posted again."""

from __future__ import annotations

from typing import Any

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import option
from obsv.alerts.notifiers.http import post_json
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig
from obsv.times import iso

AGAIN_S = 60.0
# Alertmanager may miss three posts before it resolves an alert itself.
HOLDS_S = 4 * AGAIN_S


class Alertmanager:
    """A sender that posts alerts to `/api/v2/alerts`.

    Args:
        config: secrets `url` (of the Alertmanager) and `token`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config

    def send(self, message: Message) -> Answer:
        """Post the message."""
        token = option(self._config, "token")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = f"{option(self._config, 'url').rstrip('/')}/api/v2/alerts"
        return post_json(address, [alert_of(message)], self._config.timeout_s, headers)


def alert_of(message: Message) -> dict[str, Any]:
    """Return an alert in Alertmanager's form; label names there contain only letters, digits and underscores."""
    labels = {_name(name): value for name, value in message.labels.items() if value}
    found: dict[str, Any] = {
        "labels": labels,
        "annotations": {"summary": message.summary},
        "startsAt": iso(message.starts_ns),
    }
    if message.ends_ns:
        found["endsAt"] = iso(message.ends_ns)
    if message.link.startswith("http"):
        found["generatorURL"] = message.link
    return found


def _name(text: str) -> str:
    name = "".join(each if each.isascii() and (each.isalnum() or each == "_") else "_" for each in text)
    return f"_{name}" if name[:1].isdigit() or not name else name
