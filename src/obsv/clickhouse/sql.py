"""Statements for ClickHouse: text with named parameters, so that nothing from outside is part of the text."""

from __future__ import annotations

from collections.abc import Iterable


class Bound:
    """The parameters of one statement.

    Attributes:
        params: their values by name, in the form that ClickHouse's HTTP interface expects.
    """

    def __init__(self) -> None:
        self.params: dict[str, str] = {}

    def text(self, value: str) -> str:
        """Return SQL for a text."""
        return self._add("String", _escaped(value))

    def whole(self, value: int) -> str:
        """Return SQL for an integer of 64 bits."""
        return self._add("Int64", str(value))

    def number(self, value: float) -> str:
        """Return SQL for a floating-point number."""
        return self._add("Float64", repr(float(value)))

    def instant(self, ns: int) -> str:
        """Return SQL for an instant, given as Unix time in ns."""
        return f"fromUnixTimestamp64Nano({self.whole(ns)})"

    def texts(self, values: Iterable[str]) -> str:
        """Return SQL for an array of texts without quotes or control characters, such as IDs."""
        return self._add("Array(String)", "[" + ",".join(f"'{each}'" for each in values) + "]")

    def _add(self, kind: str, value: str) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{kind}}}"


# A parameter is read like a field of a tab-separated file.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


def _escaped(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_ESCAPES)
