"""`obsv.event`: a structured event, within the trace and beside the call in which it happens."""

from __future__ import annotations

import sys
from typing import Any

from obsv.errors import ConfigurationError
from obsv.events.emit import emit
from obsv.events.severity import INFO, name_of, number_of


def event(event_name: str, /, severity: int | str = INFO, body: Any = None, **fields: Any) -> None:
    """Record an event: an OpenTelemetry log record with a name (OpenTelemetry 1.x, Logs Data Model, EventName).

    It is stored as a row of the view `log`, with the trace and the recorded call in which it happened. Values are
    bounded and secrets masked, as those of recorded calls. An event of ERROR or above is never dropped.

        obsv.event("order.rejected", severity="WARN", order_id=7, reason="no stock")

    Args:
        event_name: identifies the kind of event, and so which fields it has: `"order.rejected"`.
        severity: TRACE, DEBUG, INFO, WARN, ERROR or FATAL, in any case; or OpenTelemetry's SeverityNumber, 1 to 24.
        body: what there is to say beyond the fields, any value.
        fields: the event's attributes, any values.

    Raises:
        ConfigurationError: the name is no text or empty, or there is no such severity.
    """
    if not isinstance(event_name, str) or not event_name:
        raise ConfigurationError(f"event takes the name of the event first, a text, not {event_name!r:.100}.")
    number = severity if type(severity) is int and 1 <= severity <= 24 else number_of(severity)
    frame = sys._getframe(1)
    emit(frame.f_globals.get("__name__", ""), number, _NAMES[number], event_name, body, fields.items())


_NAMES = ("", *(name_of(number) for number in range(1, 25)))
