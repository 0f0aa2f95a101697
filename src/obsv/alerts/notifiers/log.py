"""Alerts in the log of the evaluating process."""

import logging

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import lines_of
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig

logger = logging.getLogger("obsv.alerts")


class Log:
    """A sender that writes one line per message.

    Args:
        config: `level`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._level = getattr(logging, str(config.options.get("level", "warning")).upper())

    def send(self, message: Message) -> Answer:
        """Write the message; a resolved alert is logged at most at level INFO."""
        pairs = ", ".join(f"{name}={value!r}" for name, value in lines_of(message))
        level = min(self._level, logging.INFO) if message.is_resolved else self._level
        logger.log(level, "%s: %s (%s)", message.title, message.summary, pairs)
        return Answer(True)
