"""Messages from a Telegram bot."""

from __future__ import annotations

import json

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import cut, lines_of, option
from obsv.alerts.notifiers.http import post_json
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig

# https://core.telegram.org/bots/api#sendmessage
TEXT_CHARS = 4_096


class Telegram:
    """A sender of plain text without markup.

    Args:
        config: `chat_id`, `url`, secret `token`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config

    def send(self, message: Message) -> Answer:
        """Send the message. The time to wait is in the response body, not in a header."""
        rows = "\n".join(f"{name}: {value}" for name, value in lines_of(message))
        text = cut("\n".join(part for part in (message.title, message.summary, rows, message.link) if part), TEXT_CHARS)
        document = {
            "chat_id": option(self._config, "chat_id"), "text": text, "link_preview_options": {"is_disabled": True}
        }  # fmt: skip
        address = f"{str(option(self._config, 'url')).rstrip('/')}/bot{option(self._config, 'token')}/sendMessage"
        answer = post_json(address, document, self._config.timeout_s)
        return answer if answer.ok else answer._replace(retry_after_s=_retry_after(answer))


def _retry_after(answer: Answer) -> float | None:
    try:
        return float(json.loads(answer.text)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return answer.retry_after_s
