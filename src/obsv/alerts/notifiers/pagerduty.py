"""PagerDuty's Events API v2: an alert is an incident under one key, and its end resolves the incident."""

from __future__ import annotations

from typing import Any

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import cut, option
from obsv.alerts.notifiers.http import post_json
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig
from obsv.times import iso

SUMMARY_CHARS, VALUE_CHARS = 1_024, 2_000
SEVERITIES = {"critical": "critical", "page": "critical", "error": "error", "warning": "warning", "ticket": "warning"}


class PagerDuty:
    """A sender that triggers and resolves incidents.

    Args:
        config: secret `routing_key`, `url`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config

    def send(self, message: Message) -> Answer:
        """Post the event; 202 is success."""
        body = event(message, option(self._config, "routing_key"))
        return post_json(str(option(self._config, "url")), body, self._config.timeout_s)


def event(message: Message, routing_key: str) -> dict[str, Any]:
    """Return the event. The incident key is the alert's fingerprint, so a repeat does not open a second incident."""
    key = f"obsv-{message.fingerprint}" + ("-test" if message.event == "test" else "")
    if message.is_resolved:
        return {"routing_key": routing_key, "event_action": "resolve", "dedup_key": key}
    labels = message.labels
    payload: dict[str, Any] = {
        "summary": cut(f"{message.rule}: {message.summary}", SUMMARY_CHARS),
        "source": cut(labels.get("host") or labels.get("service") or "obsv", 255),
        "severity": SEVERITIES.get(message.severity, "info"),
        "timestamp": iso(message.starts_ns),
        "component": cut(labels.get("process") or labels.get("feed") or message.rule, 255),
        "group": cut(labels.get("group") or labels.get("service") or "obsv", 255),
        "class": cut(labels.get("exception") or message.rule, 255),
        "custom_details": {"value": message.value, **{name: cut(text, VALUE_CHARS) for name, text in labels.items()}},
    }
    found: dict[str, Any] = {
        "routing_key": routing_key, "event_action": "trigger", "dedup_key": key, "payload": payload, "client": "obsv"
    }  # fmt: skip
    if message.link.startswith("http"):
        found |= {"client_url": message.link, "links": [{"href": message.link, "text": "Open in obsv"}]}
    return found
