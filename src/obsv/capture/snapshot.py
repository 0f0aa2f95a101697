"""Conversion of a value to its snapshot; runs at call time, on the user's thread."""

from __future__ import annotations

from functools import lru_cache

from obsv.capture.frozen import INT_BITS, Frozen
from obsv.capture.interrupts import is_from_signal
from obsv.capture.kinds import Kinds, unreadable
from obsv.capture.limits import Limits
from obsv.capture.secrets.redact import Redactor
from obsv.capture.serializers import Serializer, Snapshot, json_snapshot, own_snapshot, repr_snapshot


def make_snapshot(
    limits: Limits | None = None, redactor: Redactor | None = None, serializer: Serializer = "smart"
) -> Snapshot:
    """Return the function that takes snapshots of values; created once and used for every call.

    Args:
        limits: limits of the snapshot.
        redactor: decides which keys and attributes are masked.
        serializer: "smart" formats each kind of value in its own way and runs no code of the value's class; "repr" uses
            `repr`; "json" is JSON text; a function returns the text itself. If one of the last three fails, the smart
            text is
            used with a note.

    Returns:
        A function that accepts any value and raises no Exception. With "smart" and "repr", a caller can skip the call
        for
        values that are kept unchanged: `v if type(v) is float or v is None or (type(v) is str and len(v) <= max_repr)
            or
        (type(v) is int and v.bit_length() <= INT_BITS) else snapshot(v)`.

    Raises:
        ConfigurationError: there is no such serializer.
    """
    limits, redactor = limits or Limits(), redactor or _default_redactor()
    smart = _smart_snapshot(limits, redactor)
    if serializer == "smart":
        return smart
    if serializer == "repr":
        return repr_snapshot(limits, redactor, smart)
    if serializer == "json":
        return json_snapshot(limits, redactor)
    return own_snapshot(serializer, limits, redactor, smart)


# Functions with equal settings share what was learned about types.
@lru_cache(maxsize=64)
def kinds_of(limits: Limits, redactor: Redactor) -> Kinds:
    """Return the freezers that the "smart" snapshots of these settings use."""
    return Kinds(limits, redactor)


@lru_cache(maxsize=64)
def _smart_snapshot(limits: Limits, redactor: Redactor) -> Snapshot:
    kinds, max_repr, depth = kinds_of(limits, redactor), limits.max_repr, limits.max_depth
    known, learn = kinds.known, kinds.learn
    freeze_dict, freeze_list = known[id(dict)], known[id(list)]

    def snapshot(value: object) -> Frozen:
        kind = type(value)
        try:
            if kind is str:
                if len(value) <= max_repr:  # type: ignore[arg-type]
                    return value
            elif kind is int:
                if value.bit_length() <= INT_BITS:  # type: ignore[attr-defined]
                    return value
            elif kind is float:
                return value
            elif kind is dict:
                return freeze_dict(value, depth, [max_repr])
            elif kind is list:
                return freeze_list(value, depth, [max_repr])
            elif kind is bool or value is None:
                return value
            freezer = known.get(id(kind)) or learn(kind)
            return freezer(value, depth, [max_repr])
        except Exception as error:
            if is_from_signal(error):
                raise
            return unreadable(value)

    return snapshot


@lru_cache(maxsize=1)
def _default_redactor() -> Redactor:
    return Redactor()


snapshot: Snapshot = make_snapshot()
"""Take a snapshot of a value under the default limits and sensitive names."""
