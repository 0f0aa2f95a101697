"""Any service that Apprise supports (extra `apprise`)."""

from __future__ import annotations

import importlib
from typing import Any

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import lines_of, option
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig


class Apprise:
    """A sender that passes messages to the library `apprise`.

    Args:
        config: secret `url`, in Apprise's format.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config

    def send(self, message: Message) -> Answer:
        """Send the message; the library only reports whether that worked."""
        try:
            apprise: Any = importlib.import_module("apprise")
        except ImportError:
            return Answer(False, text="apprise is not installed: pip install 'obsv[apprise]'")
        sender = apprise.Apprise()
        if not sender.add(option(self._config, "url")):
            return Answer(False, text="Apprise does not support this kind of address", is_final=True)
        rows = "\n".join(f"{name}: {value}" for name, value in lines_of(message))
        kind = "success" if message.is_resolved else "failure"
        ok = sender.notify(title=message.title, body=f"{message.summary}\n{rows}\n{message.link}", notify_type=kind)
        return Answer(bool(ok), text="" if ok else "Apprise could not send the message")
