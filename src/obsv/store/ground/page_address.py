"""Addresses of pages of the app as they are saved: a path below the root, and the entries of a query."""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from obsv.errors import InvalidQuery
from obsv.store.ground.stored_json import read_shown

MOST_ADDRESS_CHARS = 4_000
_MOST_ENTRIES = 100
# Segments that a browser takes as they are: none is empty, which `//host` needs, nor `.` or `..`.
_PATH = re.compile(r"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")


class PageAddress(NamedTuple):
    """An address below the root of the app.

    Args:
        path: begins with one slash.
        entries: names and values of the query, decoded.
    """

    path: str
    entries: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> PageAddress:
        """Return the address that a text is.

        Raises:
            InvalidQuery: it has a scheme or a host, or is no path below the root.
        """
        path, _, query = text.partition("?")
        if len(text) > MOST_ADDRESS_CHARS or not text.isprintable() or not _PATH.fullmatch(path):
            raise InvalidQuery(
                "The address is not a page of this app: expected a path below its root and a query, like "
                f"/explorer?range=1h, up to {MOST_ADDRESS_CHARS:,} characters."
            )
        try:
            entries = parse_qsl(query.partition("#")[0], max_num_fields=_MOST_ENTRIES)
        except ValueError:
            raise InvalidQuery(f"The address has more than {_MOST_ENTRIES} entries in its query.") from None
        return cls(path, tuple(entries))

    @classmethod
    def stored(cls, path: str, query: str) -> PageAddress:
        """Return an address of a file, which may be damaged: its entries are then left out."""
        told = read_shown(query)
        pairs = told if isinstance(told, list) else []
        entries = [tuple(map(str, each)) for each in pairs if isinstance(each, list) and len(each) == 2]
        return cls(path, tuple((name, value) for name, value in entries))

    @property
    def query(self) -> str:
        """Return the entries as JSON, for the file."""
        return json.dumps(self.entries, ensure_ascii=False)

    def __str__(self) -> str:
        query = urlencode(self.entries, errors="replace")
        return quote(self.path, safe="/~", errors="replace") + (f"?{query}" if query else "")
