"""A place in a list by time, newest first: what a page's cursor names."""

from __future__ import annotations

from typing import NamedTuple

from obsv.errors import InvalidQuery

_MOST = 1 << 63
_MOST_CHARS = 2 * len(str(_MOST)) + 1


class Cursor(NamedTuple):
    """The last row of a page.

    Args:
        time_ns: its Unix time.
        id: its row.
    """

    time_ns: int
    id: int

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return f"{self.time_ns}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read a cursor.

        Raises:
            InvalidQuery: it is none that a page gave.
        """
        time_ns, _, number = text.partition(".")
        is_one = time_ns.isdecimal() and number.isdecimal() and len(text) <= _MOST_CHARS
        found = cls(int(time_ns), int(number)) if is_one else None
        if found is None or max(found) >= _MOST:
            raise InvalidQuery(f"The cursor {text!r:.100} is none that this store gave; ask without one.")
        return found
