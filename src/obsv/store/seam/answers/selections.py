"""The answers of an SQLite file to the questions of formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from obsv.store.figures import Series
from obsv.store.figures.selections import read_selections
from obsv.store.ground import Window
from obsv.store.ground.terms import Scope, Selection
from obsv.store.seam.answers.source import Source


class SelectionAnswers(Source):
    """The answers of an SQLite file to the questions of formulas."""

    def read_selections(
        self, asked: Mapping[Scope, Sequence[Selection]], window: Window
    ) -> dict[Scope, dict[Selection, Series]]:
        return read_selections(self._source, asked, window)
