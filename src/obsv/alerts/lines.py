"""Line numbers of keys in a TOML file, which the standard library's parser does not report."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*(?:\.[^=]*)?=(.*)""")
_FENCES = ('"""', "'''")


class Lines:
    """A finder for the lines of tables and keys.

    Args:
        text: text of the file.
    """

    def __init__(self, text: str) -> None:
        self._tables: dict[tuple[str, int], int] = {}
        self._keys: dict[tuple[str, int, str], int] = {}
        counts: dict[str, int] = {}
        table, at, fence = "", 0, ""
        for line_number, line in enumerate(text.splitlines(), 1):
            if fence:
                fence = "" if fence in line else fence
                continue
            header = _HEADER.match(line)
            if header:
                table = ".".join(part.strip().strip("\"'") for part in header[2].split("."))
                at = counts.get(table, 0) if header[1] else 0
                counts[table] = at + 1
                self._tables.setdefault((table, at), line_number)
            elif key := _KEY.match(line):
                self._keys.setdefault((table, at, key[1] or key[2] or key[3]), line_number)
                fence = next((each for each in _FENCES if key[4].count(each) % 2), "")

    def table(self, name: str, at: int = 0) -> int:
        """Return the line of a table's header, counted from 1; 0 if unknown.

        Args:
            name: dotted name.
            at: index in an array of tables.
        """
        return self._tables.get((name, at), 0)

    def key(self, table: str, at: int, key: str) -> int:
        """Return the line of a key, or else that of its table."""
        return self._keys.get((table, at, key)) or self.table(f"{table}.{key}") or self.table(table, at)

    def below(self, name: str) -> int:
        """Return the line of the first table with that name, or below it."""
        return min((line for (table, _), line in self._tables.items() if table.split(".")[0] == name), default=0)
