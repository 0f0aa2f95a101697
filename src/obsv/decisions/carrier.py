"""The way of decisions and outcomes into the ring: as log records in the lane that nothing is dropped from."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from obsv.capture import INT_BITS, MASKED, is_from_signal
from obsv.capture.names import class_name
from obsv.events.emit import Shown, current_shown, scope_of
from obsv.own_time import ticks
from obsv.trace.clock import clock
from obsv.trace.context import QUIET, SPAN_KEY, get_context
from obsv.trace.log_record import LogRecord
from obsv.trace.notices import Notices
from obsv.trace.recording import identity, recording

_INFO = 9
_SCOPE = "obsv.decisions"
_notices = Notices()
_new: Any = tuple.__new__
_ATOMS = frozenset((float, bool, type(None)))
# Compared as numbers, so kept as such: their texts would have no margin.
_NUMBERS = frozenset((Decimal, Fraction))
# More than the store keeps of any text of a decision.
_TEXT_CHARS = 5_000


def carry(event_name: str, attributes: tuple[tuple[str, Any], ...], time_ns: int, place: tuple[int, int]) -> None:
    """Record a carrier. Raises nothing but what a signal handler of the program raises meanwhile.

    Args:
        event_name: says what it carries.
        attributes: names and frozen values.
        time_ns: Unix time.
        place: trace and span, 0 outside any.
    """
    try:
        if recording.start is not None:
            recording.start()
        take = recording.on_log
        if take is None or recording.off or get_context().get(SPAN_KEY) is QUIET:
            return
        words = current_shown().words
        parts = (
            scope_of(_SCOPE),
            time_ns,
            _INFO,
            "INFO",
            event_name,
            None,
            attributes,
            *place,
            None,
            identity(),
            words,
            True,
        )
        take(_new(LogRecord, parts))
    except Exception as error:
        if is_from_signal(error):
            raise
        _notices.once("decision", logging.ERROR, "A decision could not be recorded.", exc_info=True)


def now_ns() -> int:
    """Return Unix time by the recorder's clock, which follows the machine's first: it may have slept, or been set."""
    clock.calibrate()
    now: int = ticks() + clock.offset
    return now


def frozen(name: str, value: Any, shown: Shown) -> Any:
    """Return a value bounded, and masked if its name says that it is secret."""
    kind = type(value)
    is_secret = shown.is_secret.get(name)
    if is_secret is None:
        is_secret = shown.secret(name)
    if is_secret:
        return MASKED
    if (
        kind in _ATOMS
        or (kind is int and value.bit_length() <= INT_BITS)
        or (kind is str and len(value) <= shown.max_repr)
    ):
        return value
    # By type: asking a value for its class runs its code.
    if kind in _NUMBERS:
        with suppress(ValueError, OverflowError):  # a signaling NaN, a fraction beyond any float
            return float(value)
    if issubclass(kind, float):
        return float.__float__(value)
    found = shown.snapshot(value)
    if type(found) is tuple and len(found) == 2 and found[0] is ...:
        with suppress(ValueError, TypeError):  # numpy's numbers are their texts in a snapshot
            return float(found[1])
    return found


def frozen_fields(fields: Mapping[str, Any], shown: Shown) -> dict[str, Any]:
    """Return values by name, likewise."""
    return {(text := plain_text(name)): frozen(text, value, shown) for name, value in fields.items()}


def plain_text(value: Any) -> str:
    """Return text of the type that `marshal` writes: of a subclass its characters, of a member of an enumeration its
    value. Raises nothing but what a signal handler of the program raises meanwhile.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if issubclass(kind, str):
        return str.__str__(value)
    try:
        if issubclass(kind, Enum) and issubclass(type(value.value), str):
            return str.__str__(value.value)
        return str.__str__(str(value))[:_TEXT_CHARS]
    except Exception as error:
        if is_from_signal(error):
            raise
        return class_name(kind)
