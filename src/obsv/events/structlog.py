"""A processor for structlog that records each event."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from obsv.events.emit import emit
from obsv.events.severity import of_level

_LEVELS = {
    "debug": 10,
    "info": 20,
    "warn": 30,
    "warning": 30,
    "error": 40,
    "exception": 40,
    "critical": 50,
    "fatal": 50,
}
_USUAL = frozenset(("event", "level", "logger", "timestamp"))


def structlog_processor(logger: Any, method: str, event_dict: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Record an event of structlog, and hand it on unchanged; to stand before what renders it.

        structlog.configure(processors=[..., structlog_processor, structlog.dev.ConsoleRenderer()])

    Args:
        logger: what structlog wraps.
        method: name of the method that was called, which is the level.
        event_dict: the event: its text is the body, the rest the attributes.
    """
    level = str(event_dict.get("level") or method)
    fields = [(str(name), value) for name, value in event_dict.items() if name not in _USUAL]
    name = str(event_dict.get("logger") or getattr(logger, "name", "") or "structlog")
    emit(name, of_level(_LEVELS.get(level.lower(), 20)), level, "", event_dict.get("event"), fields)
    return event_dict
