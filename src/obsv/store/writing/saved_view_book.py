"""Changes of saved views; each is one short transaction."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.acting import actor
from obsv.errors import InvalidQuery, NotFound, StoreUnavailable
from obsv.store.file import note_change
from obsv.store.ground import PageAddress
from obsv.store.writing.short_transaction import short_transaction

MOST_VIEWS = 200
MOST_NAME_CHARS = 80
_SAVE = "insert into saved_view(name, path, query, saved_by, saved_ns) values (?, ?, ?, ?, ?)"
_NAME = "select name from saved_view where id = ?"
# Joiners that some scripts need; other characters without a shape could make two names look the same.
_JOINERS = {ord(each): None for each in "\u200c\u200d"}


class SavedViewBook:
    """The writer of saved views to an existing store.

    Args:
        path: the database file.

    All methods raise `Forbidden`, `InvalidQuery`, `StoreUnavailable`, `ForeignFile` and `NewerSchema`.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def save(self, name: str, address: PageAddress, now_ns: int) -> int:
        """Save an address under a name that no other view has; return the number of the view."""
        name = _clean(name)
        with self._file("save view", name, address.path) as file:
            if file.execute("select count(*) from saved_view").fetchone()[0] >= MOST_VIEWS:
                raise InvalidQuery(f"{MOST_VIEWS} views are saved, which is the limit: remove some.")
            with _unique(name):
                values = (name, address.path, address.query, actor().name, now_ns)
                return file.execute(_SAVE, values).lastrowid or 0

    def rename(self, view_id: int, name: str) -> None:
        """Give a view another name.

        Raises:
            NotFound: there is no such view.
        """
        name = _clean(name)
        with self._file("rename view", view_id, name) as file, _unique(name):
            if not file.execute("update saved_view set name = ? where id = ?", (name, view_id)).rowcount:
                raise _not_there(view_id)

    def remove(self, view_id: int) -> None:
        """Remove a view.

        Raises:
            NotFound: there is no such view.
        """
        with self._file("remove view", view_id) as file:
            if not file.execute("delete from saved_view where id = ?", (view_id,)).rowcount:
                raise _not_there(view_id)

    @contextmanager
    def _file(self, action: str, subject: str | int, detail: str = "") -> Iterator[sqlite3.Connection]:
        """Open the file for a change of a view, named by its name or its number."""
        if not self._path.exists():
            raise StoreUnavailable(f"There is no database at {self._path}; record something first, or set OBSV_DB.")
        with short_transaction(self._path) as file:
            known = file.execute(_NAME, (subject,)).fetchone() if isinstance(subject, int) else None
            note_change(file, "editor", action, known[0] if known else subject, detail)
            yield file


@contextmanager
def _unique(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise InvalidQuery(f"There is a view {name!r} already: choose another name, or remove that view.") from None


def _clean(name: str) -> str:
    """Return a name in one form: composed, with single spaces."""
    found = unicodedata.normalize("NFC", " ".join(name.split()))
    shown = found.translate(_JOINERS)
    if not shown or len(found) > MOST_NAME_CHARS or not shown.isprintable():
        raise InvalidQuery(
            f"The name of a view has 1 to {MOST_NAME_CHARS} characters, all of which can be seen: choose another one."
        )
    return found


def _not_there(view_id: int) -> NotFound:
    return NotFound(f"There is no saved view {view_id}: it may have been removed meanwhile.")
