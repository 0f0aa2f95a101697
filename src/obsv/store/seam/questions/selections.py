"""The questions of formulas: figures and rows of views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from obsv.store.figures import Series
from obsv.store.ground import Window
from obsv.store.ground.terms import Scope, Selection


class SelectionQuestions(Protocol):
    """The questions of formulas: figures and rows of views."""

    def read_selections(
        self, asked: Mapping[Scope, Sequence[Selection]], window: Window
    ) -> dict[Scope, dict[Selection, Series]]:
        """The results of selections, those of each scope, from one state of the store."""
        ...
