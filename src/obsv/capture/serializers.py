"""Serializers other than "smart": a value's repr, JSON, or the result of a user's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from obsv.capture.frozen import INT_BITS, JSON, NOTE, Frozen, bounded_text
from obsv.capture.interrupts import is_from_signal
from obsv.capture.kinds import Kinds
from obsv.capture.limits import Limits
from obsv.capture.names import class_name
from obsv.capture.secrets.redact import Redactor
from obsv.errors import ConfigurationError

Snapshot: TypeAlias = Callable[[object], Frozen]
Serializer: TypeAlias = Literal["smart", "repr", "json"] | Callable[[Any], str]

# JSON is read by programs: it shows more items, and is limited by its length.
_JSON_ITEMS = 100
_JSON_DEPTH = 8


def repr_snapshot(limits: Limits, redactor: Redactor, smart: Snapshot) -> Snapshot:
    """Return a snapshot function for the `repr`, cut and redacted."""
    text_of = own_snapshot(repr, limits, redactor, smart)
    max_repr = limits.max_repr

    def snapshot(value: object) -> Frozen:
        kind = type(value)
        if (
            # By `is`: testing membership in a set would run the `__hash__` of a value's metaclass.
            kind is float
            or kind is bool
            or kind is complex
            or value is None
            or (kind is int and value.bit_length() <= INT_BITS)  # type: ignore[attr-defined]
            or ((kind is str or kind is bytes) and len(value) <= max_repr)  # type: ignore[arg-type]
        ):
            return value
        # The repr of a long str or int is that of its head, and takes no time.
        return smart(value) if kind is str or kind is bytes or kind is int else text_of(value)

    return snapshot


def json_snapshot(limits: Limits, redactor: Redactor) -> Snapshot:
    """Return a snapshot function for JSON text: records as objects, other values as their smart text."""
    wide = replace(limits, max_items=max(limits.max_items, _JSON_ITEMS), max_depth=max(limits.max_depth, _JSON_DEPTH))
    freeze = Kinds(wide, redactor).freeze
    return lambda value: (..., JSON, freeze(value, wide.max_depth, [limits.max_repr]))


def own_snapshot(serialize: Callable[[Any], str], limits: Limits, redactor: Redactor, smart: Snapshot) -> Snapshot:
    """Return a snapshot function for a user's serializer, cut and redacted; the smart text and a note if it fails."""
    if not callable(serialize):
        raise ConfigurationError(
            f'serializer must be "smart", "repr", "json" or a function that returns text, not {serialize!r}'
        )
    max_repr, redact = limits.max_repr, redactor.redact_text

    def snapshot(value: object) -> Frozen:
        try:
            text = serialize(value)
            if not issubclass(type(text), str):
                return (..., NOTE, smart(value), f"serializer returned {class_name(type(text))}")
            return _bounded(text)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if is_from_signal(error):
                raise
            return (..., NOTE, smart(value), f"serializer raised {class_name(type(error))}")

    def _bounded(text: str) -> Frozen:
        # Slightly more than is shown, so that a secret at the cut is seen completely.
        head, size = str.__getitem__(text, slice(0, 2 * max_repr)), str.__len__(text)
        shown = redact(head)
        if size <= len(head):
            return bounded_text(shown, max_repr)
        return (..., f"{shown[:max_repr]}… ({size:,} characters)")

    return snapshot
