"""The answers of an SQLite file about saved views."""

from __future__ import annotations

from obsv.errors import StoreUnavailable
from obsv.store.figures import SavedView
from obsv.store.figures.saved_views import read_saved_views
from obsv.store.seam.answers.source import Source
from obsv.store.writing import SavedViewBook


class SavedViewAnswers(Source):
    """The answers of an SQLite file about saved views."""

    def read_saved_views(self) -> list[SavedView]:
        try:
            return read_saved_views(self._source)
        except StoreUnavailable:
            if self._path.exists():
                raise
            return []  # the menu opens before the first call, too

    def saved_view_book(self) -> SavedViewBook:
        return SavedViewBook(self._path)
