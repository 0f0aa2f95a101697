"""The base of all senders."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from obsv.alerts.messages import Message
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig
from obsv.alerts.secret import Secret
from obsv.errors import ConfigurationError

ANSWER_CHARS = 200
_MASK = "***"
# Shorter parts of an address (`v2`, `hook`) are not secrets.
_TELLING_CHARS, _TRIVIAL_CHARS = 8, 3


class Notifier(Protocol):
    """A sender of messages to one receiver."""

    def send(self, message: Message) -> Answer:
        """Send a message within the receiver's timeout. May raise anything, which counts as a failed attempt."""


def option(config: NotifierConfig, name: str) -> Any:
    """Return a setting, with secrets resolved; None if it is not given.

    Raises:
        ConfigurationError: the secret is missing.
    """
    value = config.options.get(name)
    return value.read() if isinstance(value, Secret) else value


def shown(config: NotifierConfig, text: str) -> str:
    """Return a receiver's response, shortened, on one line, and without the secrets of its configuration."""
    for value in config.options.values():
        if isinstance(value, Secret):
            try:
                secret = value.read()
            except ConfigurationError:
                continue
            for form in _forms(secret):
                text = text.replace(form, _MASK)
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= ANSWER_CHARS else line[: ANSWER_CHARS - 1] + "…"


def _forms(secret: str) -> list[str]:
    """Return the forms in which a receiver may repeat a secret, longest first: whole, escaped, parts of an address."""
    address = secret.partition("://")[2]
    path = address.partition("/")[2]
    parts = [part for part in re.split(r"[/?&=@]", path) if len(part) >= _TELLING_CHARS]
    whole = {secret, repr(secret)[1:-1], address, path, *parts}
    return sorted((form for form in whole if len(form) > _TRIVIAL_CHARS), key=len, reverse=True)


def safely(send: Callable[[], Answer]) -> Answer:
    """Return the answer of an attempt; an exception counts as a failed attempt."""
    try:
        return send()
    except ConfigurationError as error:
        return Answer(False, text=str(error))
    except Exception as error:
        return Answer(False, text=f"{type(error).__name__}: {error}")


def cut(text: str, most: int) -> str:
    """Return text cut to at most `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def lines_of(message: Message) -> Sequence[tuple[str, str]]:
    """Return the names and values to display, in order."""
    rows = [(name, value) for name, value in message.labels.items() if name != "alertname"]
    return [*([("value", number(message.value))] if message.value is not None else []), *rows]


def number(value: float | None) -> str:
    """Format a number for people."""
    return "–" if value is None else f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
