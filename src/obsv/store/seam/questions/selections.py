"""The questions of formulas: figures and rows of views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from obsv.store.figures import Series
from obsv.store.ground import Window
from obsv.store.ground.terms import EVERYTHING, Scope, Selection


class SelectionQuestions(Protocol):
    """The questions of formulas: figures and rows of views."""

    def read_selections(
        self, selections: Sequence[Selection], window: Window, scope: Scope = EVERYTHING
    ) -> dict[Selection, Series]:
        """The results of several selections from one state of the store."""
        ...
