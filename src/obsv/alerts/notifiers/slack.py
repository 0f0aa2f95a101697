"""Slack's incoming webhooks. Messages have no ID there, so the end of an alert is a new message."""

from __future__ import annotations

from typing import Any

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import cut, lines_of, option
from obsv.alerts.notifiers.http import post_json
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig

# https://api.slack.com/reference/block-kit/blocks
HEADER_CHARS, SECTION_CHARS, CONTEXT_CHARS = 150, 3_000, 2_000
COLOURS = {"resolved": "#2eb67d", "test": "#5a9df9", "report": "#5a9df9"}
_FIRING = "#e55353"


class Slack:
    """A sender that posts messages with blocks.

    Args:
        config: secret `url`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config

    def send(self, message: Message) -> Answer:
        """Post the message; success is 200 with the body `ok`."""
        answer = post_json(option(self._config, "url"), payload(message), self._config.timeout_s)
        if answer.ok and answer.text.strip() != "ok":
            return answer._replace(ok=False, text=f"expected the response ok, found {answer.text}")
        return answer


def payload(message: Message) -> dict[str, Any]:
    """Return the body. Recorded values are escaped: one could otherwise notify a whole channel."""
    rows = "\n".join(f"*{escaped(name)}*: {escaped(value)}" for name, value in lines_of(message))
    link = f"<{_address(message.link)}|Open in obsv>" if message.link.startswith("http") else ""
    text = "\n".join(part for part in (escaped(message.summary), rows) if part)
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(message.title, HEADER_CHARS)}},
        {"type": "section", "text": {"type": "mrkdwn", "text": _cut_escaped(text, SECTION_CHARS)}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(link or f"obsv, {message.severity}",
                                                                         CONTEXT_CHARS)}]},
    ]  # fmt: skip
    colour = COLOURS.get(message.event, _FIRING)
    fallback = _cut_escaped(f"{escaped(message.title)}: {escaped(message.summary)}", SECTION_CHARS)
    return {"text": fallback, "attachments": [{"color": colour, "blocks": blocks}]}


def escaped(text: str) -> str:
    """Return text without links, mentions or channels."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut_escaped(text: str, most: int) -> str:
    """Cut text, but not inside an entity."""
    short = cut(text, most)
    if short == text:
        return text
    head, at, tail = short[:-1].rpartition("&")
    return f"{head}…" if at and ";" not in tail else short


def _address(link: str) -> str:
    return link.replace("|", "%7C").replace(">", "%3E").replace("<", "%3C")
