"""Another program's values, limited, masked and validated: OTLP JSON in, clean OTLP JSON out.

Never raises, for any JSON: a value that cannot be read becomes an empty one.
"""

import base64
import binascii
import functools
import json
from typing import Any, Protocol

from obsv.wire.anyvalue import AnyDict, double
from obsv.wire.limits import DEFAULT_LIMITS, INT64_MAX, Limits, clip, clip_name

# In SQLite's functions, and in C code, a text ends at a NUL.
NO_NUL = "\ufffd"
MASK = "***"
MASKED: AnyDict = {"stringValue": MASK}
TOO_DEEP: AnyDict = {"stringValue": "…"}
_SHORTEST_CARD = 10**13


class Secrets(Protocol):
    """The interface to secrets: `obsv.capture.Redactor`."""

    def is_sensitive(self, name: str) -> bool:
        """Return whether values under this name are masked."""
        ...

    def redact_text(self, text: str) -> str:
        """Return the text with `key=value` forms of secrets masked."""
        ...

    def redact_value(self, text: str) -> str:
        """Return the same for a text that most probably contains none."""
        ...

    def may_redact(self, text: str) -> bool:
        """Return whether `redact_value` may change a text that contains this one, or one of its lines."""
        ...


class Cleaner:
    """A cleaner that limits and masks values.

    Args:
        limits: limits of values.
        secrets: decides which names are masked; None masks nothing.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, secrets: Secrets | None = None) -> None:
        self.limits = limits
        self._secrets = secrets
        self.is_secret = functools.lru_cache(maxsize=8192)(self._is_secret)

    def _is_secret(self, key: str) -> bool:
        return self._secrets is not None and self._secrets.is_sensitive(key)

    def text(self, text: str) -> str:
        """Clean a free text: an exception, a status message."""
        clipped = clip(text, self.limits.value_chars).replace("\0", NO_NUL)
        return self._secrets.redact_text(clipped) if self._secrets else clipped

    def masked(self, value: Any) -> Any:
        """Return a stored value with secrets of a known shape, and values of sensitive names, masked."""
        if self._secrets is None:
            return value
        if isinstance(value, str):
            return self._secrets.redact_value(value)
        if isinstance(value, list):
            return [self.masked(item) for item in value]
        if isinstance(value, dict):
            return {key: self.masked(item) for key, item in value.items()}
        if type(value) is int and value > _SHORTEST_CARD:
            text = str(value)
            return value if (shown := self._secrets.redact_value(text)) == text else shown
        return value

    def may_mask(self, values: list[Any]) -> bool:
        """Return whether `masked` may change one of some values; all texts together take a fifth of their time."""
        if self._secrets is None:
            return False
        texts = []
        for value in values:
            kind = type(value)
            if kind is str:
                texts.append(value)
            elif kind is int:
                if value > _SHORTEST_CARD:
                    return True
            elif kind is not float and kind is not bool and value is not None:
                return True
        return bool(texts) and self._secrets.may_redact("\n".join(texts))

    def name(self, text: Any) -> str:
        """Clean a name."""
        return clip_name(text if isinstance(text, str) else "", self.limits.name_chars)

    def value(self, value: Any, depth: int = 0) -> AnyDict:
        """Clean an AnyValue."""
        if not isinstance(value, dict):
            return {}
        for kind, content in value.items():
            if content is None:
                continue
            if kind == "stringValue":
                return {kind: self.masked(clip(_text(content), self.limits.value_chars).replace("\0", NO_NUL))}
            if kind == "arrayValue":
                return self._array(content, depth)
            if kind == "kvlistValue":
                return self._map(content, depth)
            if kind in _SCALARS:
                return _SCALARS[kind](content, self.limits)
        return {}

    def _array(self, content: Any, depth: int) -> AnyDict:
        if depth >= self.limits.depth:
            return TOO_DEEP
        items = _list(content, "values")[: self.limits.items]
        return {"arrayValue": {"values": [self.value(item, depth + 1) for item in items]}}

    def _map(self, content: Any, depth: int) -> AnyDict:
        if depth >= self.limits.depth:
            return TOO_DEEP
        return {"kvlistValue": {"values": self.pairs(_list(content, "values")[: self.limits.items], depth + 1)}}

    def pairs(self, pairs: list[Any], depth: int = 0) -> list[AnyDict]:
        """Clean KeyValues, masking those under a sensitive key."""
        cleaned = []
        for pair in pairs:
            if isinstance(pair, dict):
                key = self.name(pair.get("key"))
                cleaned.append(
                    {"key": key, "value": MASKED if self.is_secret(key) else self.value(pair.get("value"), depth)}
                )
        return cleaned

    def attributes(self, owner: dict[str, Any]) -> dict[str, Any]:
        """Clean `attributes` and `droppedAttributesCount` of their owner; empty ones are omitted."""
        pairs = _list(owner, "attributes")
        kept = self.pairs(pairs[: self.limits.attributes])
        dropped = count(owner.get("droppedAttributesCount")) + len(pairs) - len(kept)
        return ({"attributes": kept} if kept else {}) | ({"droppedAttributesCount": dropped} if dropped else {})


def count(value: Any) -> int:
    """Return a uint32 counter; 0 if it cannot be read."""
    try:
        return min(max(int(value or 0), 0), 2**31)
    except (TypeError, ValueError, OverflowError):
        return 0


def _list(owner: Any, name: str) -> list[Any]:
    content = owner.get(name) if isinstance(owner, dict) else None
    return content if isinstance(content, list) else []


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content)


def _bool(content: Any, _: Limits) -> AnyDict:
    return {"boolValue": content is True or content == "true"}


def _int(content: Any, _: Limits) -> AnyDict:
    try:
        number = int(content)
        return {"intValue": str(number)} if -INT64_MAX - 1 <= number <= INT64_MAX else {}
    except (TypeError, ValueError, OverflowError):
        return {}


def _double(content: Any, _: Limits) -> AnyDict:
    try:
        return {"doubleValue": double(float(content))}
    except (TypeError, ValueError, OverflowError):
        return {}


# Decoders also accept base64's URL form, by protobuf's JSON mapping.
_STANDARD_ALPHABET = str.maketrans("-_", "+/")


def _bytes(content: Any, limits: Limits) -> AnyDict:
    try:
        raw = base64.b64decode(_text(content).translate(_STANDARD_ALPHABET) + "==")
    except (ValueError, binascii.Error):
        return {}
    # Three bytes are four characters.
    return {"bytesValue": base64.b64encode(raw[: limits.value_chars // 4 * 3]).decode()}


_SCALARS = {"boolValue": _bool, "intValue": _int, "doubleValue": _double, "bytesValue": _bytes}
