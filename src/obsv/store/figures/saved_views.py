"""Saved views: addresses of the app that have a name."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import PageAddress

_HAS = "select 1 from sqlite_schema where type = 'table' and name = 'saved_view'"
_MOST = 1_000
_ALL = f"select id, name, path, query, saved_by, saved_ns from saved_view order by name, id limit {_MOST}"


class SavedView(NamedTuple):
    """A page with its filters and its range, under a name.

    Attributes:
        id: its number.
        name: text of a user.
        path: path and query, below the root of the app.
        saved_by, saved_ns: who saved it, and when, Unix time.
    """

    id: int
    name: str
    path: str
    saved_by: str
    saved_ns: int


def read_saved_views(reader: Readable) -> list[SavedView]:
    """Return the saved views by name; none of a file with an older schema version."""
    with reader.snapshot() as store:
        rows = store.query(_ALL) if store.one(_HAS) is not None else []
        return [
            SavedView(id, name, str(PageAddress.stored(path, query)), saved_by, saved_ns)
            for id, name, path, query, saved_by, saved_ns in rows
        ]
