"""Facts of a report: numbers and names, each with the statement that it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from obsv.measures import Definition, Measured, measure_each, shown, statements
from obsv.store.ground import EVERYTHING, Scope, Window
from obsv.store.seam import Store

NAME = "name"


class Fact(NamedTuple):
    """A number or a name that a report may refer to.

    Attributes:
        key: how texts refer to it: `{{key}}`.
        title: for people.
        text: as it is printed.
        value: the number; None for a name, and where a metric is not defined.
        sql: statements that give it; none for a name.
    """

    key: str
    title: str
    text: str
    value: float | None = None
    sql: tuple[str, ...] = ()


class Asked(NamedTuple):
    """A metric to be measured.

    Attributes:
        key: of its fact.
        name: of the metric.
        scope: mode and artifact.
        is_before: whether the period before is meant.
    """

    key: str
    name: str
    scope: Scope = EVERYTHING
    is_before: bool = False


class Facts:
    """The facts of a report, by key; measured when it is made, and again when it is verified.

    Args:
        store: what was decided and recorded.
        known: metrics.
        window: the period.
    """

    def __init__(self, store: Store, known: Mapping[str, Definition], window: Window) -> None:
        length = window.end_ns - window.start_ns
        self.window, self.before = window, Window(window.start_ns - length, window.start_ns)
        self._store, self.known = store, dict(known)
        self._asked: dict[str, Asked] = {}
        self._measured: dict[str, Measured] = {}
        self.by_key: dict[str, Fact] = {}

    def define(self, definition: Definition) -> None:
        """Add a metric of this report only: of one gate."""
        self.known[definition.name] = definition

    def ask(self, asked: Iterable[Asked]) -> None:
        """Measure metrics; each becomes a fact."""
        fresh = [each for each in asked if each.key not in self.by_key]
        for each, measured in zip(fresh, self._read(fresh), strict=True):
            self._asked[each.key], self._measured[each.key] = each, measured
            window = self.before if each.is_before else self.window
            definition = measured.definition
            sql = tuple(statements(definition, self.known, window, each.scope))
            title = self._title(each, definition)
            self.by_key[each.key] = Fact(each.key, title, shown(measured.value, definition.unit), measured.value, sql)

    def name(self, key: str, title: str, text: str) -> str:
        """Add a name that was recorded; return its reference."""
        self.by_key[key] = Fact(key, title, text)
        return f"{{{{{key}}}}}"

    def measured(self, key: str) -> Measured:
        """Return what was measured for a key."""
        return self._measured[key]

    def value(self, key: str) -> float | None:
        """Return the number of a fact; None if there is none."""
        fact = self.by_key.get(key)
        return None if fact is None else fact.value

    def changed(self, keys: Iterable[str]) -> list[str]:
        """Measure facts again and return the keys whose text is different now."""
        asked = [self._asked[key] for key in dict.fromkeys(keys) if key in self._asked]
        return [
            each.key
            for each, measured in zip(asked, self._read(asked), strict=True)
            if shown(measured.value, measured.definition.unit) != self.by_key[each.key].text
        ]

    def _read(self, asked: list[Asked]) -> list[Measured]:
        found: dict[Asked, Measured] = {}
        for is_before, window in ((False, self.window), (True, self.before)):
            part = [each for each in asked if each.is_before == is_before]
            pairs = [(each.name, each.scope) for each in part]
            found |= zip(part, measure_each(self._store, self.known, pairs, window), strict=True)
        return [found[each] for each in asked]

    @staticmethod
    def _title(asked: Asked, definition: Definition) -> str:
        scope = f", {asked.scope.mode}" if asked.scope.mode else ""
        actor = f", by {asked.scope.actor[:12]}" if asked.scope.actor else ""
        return f"{definition.title}{scope}{actor}{', the period before' if asked.is_before else ''}"
