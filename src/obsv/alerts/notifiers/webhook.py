"""Any HTTP receiver: Alertmanager's webhook body, version 4, signed as in Standard Webhooks if there is a secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import option
from obsv.alerts.notifiers.http import post
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig
from obsv.times import iso

_PREFIX = "whsec_"
_NEVER = "0001-01-01T00:00:00Z"


class Webhook:
    """A sender that posts the body with a `webhook-id` that stays the same for each attempt.

    Args:
        config: secrets `url` and `secret`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config

    def send(self, message: Message) -> Answer:
        """Post the message; any 2xx is success."""
        data = json.dumps(body(message, self._config.name), ensure_ascii=False).encode("utf-8", "replace")
        sent_s = int(time.time())
        headers = {
            "Content-Type": "application/json", "webhook-id": message.id, "webhook-timestamp": str(sent_s)
        }  # fmt: skip
        secret = option(self._config, "secret")
        if secret:
            headers["webhook-signature"] = signature(secret, message.id, sent_s, data)
        return post(option(self._config, "url"), data, headers, self._config.timeout_s)


def signature(secret: str, id: str, at_s: int, data: bytes) -> str:
    """Return the signature of a message, version 1 of Standard Webhooks.

    Args:
        secret: base64 after `whsec_`, or any text.
        id: ID of the message.
        at_s: time of sending, Unix time.
        data: the body.
    """
    signed = f"{id}.{at_s}.".encode() + data
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def body(message: Message, receiver: str) -> dict[str, Any]:
    """Return Alertmanager's webhook body for one alert."""
    status = "resolved" if message.is_resolved else "firing"
    annotations = {"summary": message.summary}
    if message.value is not None:
        annotations["value"] = repr(message.value)
    if message.event == "test":
        annotations["test"] = "true"
    alert = {
        "status": status,
        "labels": message.labels,
        "annotations": annotations,
        "startsAt": iso(message.starts_ns),
        "endsAt": iso(message.ends_ns) if message.ends_ns else _NEVER,
        "generatorURL": message.link,
        "fingerprint": message.fingerprint,
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{message.rule}", fingerprint="{message.fingerprint}"}}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": receiver,
        "groupLabels": {"alertname": message.rule},
        "commonLabels": message.labels,
        "commonAnnotations": annotations,
        "externalURL": message.link,
        "alerts": [alert],
    }
