"""Alerts in the log of the process that evaluates them."""

import logging

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import lines_of
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig

logger = logging.getLogger("obsv.alerts")


class Log:
    """Writes a line a message.

    Args:
        config: `level`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._level = getattr(logging, str(config.options.get("level", "warning")).upper())

    def send(self, message: Message) -> Answer:
        """Write it; what is over is never worse than a piece of information."""
        pairs = ", ".join(f"{name}={value!r}" for name, value in lines_of(message))
        level = min(self._level, logging.INFO) if message.is_resolved else self._level
        logger.log(level, "%s: %s (%s)", message.title, message.summary, pairs)
        return Answer(True)
