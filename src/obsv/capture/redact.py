"""Which names are secret, and how secrets are taken out of text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from obsv.capture.frozen import MASK

DEFAULT_SENSITIVE_FIELDS: tuple[str, ...] = (
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "authorization",
    "auth",
)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Redactor:
    """Knows which names are secret.

    Args:
        sensitive_fields: words, or words joined as in `api_key`.
    """

    def __init__(self, sensitive_fields: Iterable[str] = DEFAULT_SENSITIVE_FIELDS) -> None:
        self._entries = ["_".join(_WORDS.findall(field)).lower() for field in sensitive_fields]

    def is_sensitive(self, name: str) -> bool:
        """Whether a name holds a sensitive word."""
        words = "_" + "_".join(_WORDS.findall(name)).lower() + "_"
        return any(f"_{entry}_" in words for entry in self._entries)

    def redact_text(self, text: str) -> str:
        """The text with secrets masked."""
        names = "|".join(re.escape(entry) for entry in self._entries)
        return re.sub(rf"(?i)\b({names})(\s*[=:]\s*)\S+", rf"\1\2{MASK}", text)
