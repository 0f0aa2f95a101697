"""The questions about saved views."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import SavedView
from obsv.store.writing import SavedViewBook


class SavedViewQuestions(Protocol):
    """The questions about saved views."""

    def read_saved_views(self) -> list[SavedView]:
        """The saved views, by name."""
        ...

    def saved_view_book(self) -> SavedViewBook:
        """Saves, renames and removes them."""
        ...
