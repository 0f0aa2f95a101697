"""Values of metrics in a window, with the statements that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from obsv.measures.metrics_file import Definition
from obsv.measures.tree import figures, metrics, value
from obsv.store.figures import Series, as_sql
from obsv.store.ground import EVERYTHING, NUMBERS, ROWS, Scope, Selection, Window
from obsv.store.seam import Store

State = Literal["", "good", "warn", "critical", "few"]


class Measured(NamedTuple):
    """A metric in a window.

    Attributes:
        definition: the metric.
        scope: the mode, and the artifact that decided.
        value: None where it is not defined: of nothing, or divided by zero.
        observations: number of rows of its first figure.
        target: of the mode; None without one.
        state: against its thresholds or its target; `few` below its least number of observations, empty without any.
    """

    definition: Definition
    scope: Scope
    value: float | None
    observations: int
    target: float | None
    state: State


def measure(
    store: Store,
    known: Mapping[str, Definition],
    names: Iterable[str],
    window: Window,
    scopes: Sequence[Scope] = (EVERYTHING,),
) -> list[Measured]:
    """Return the values of metrics, for each scope in turn, from one state of the store.

    Raises:
        QueryTimeout, InvalidQuery: there are too many rows; narrow the window.
    """
    wanted = list(names)
    return measure_each(store, known, [(name, scope) for scope in scopes for name in wanted], window)


def measure_each(
    store: Store, known: Mapping[str, Definition], asked: Sequence[tuple[str, Scope]], window: Window
) -> list[Measured]:
    """Return the values of metrics, each in its scope, from one state of the store.

    Raises:
        QueryTimeout, InvalidQuery: there are too many rows; narrow the window.
    """
    selections: dict[Scope, list[Selection]] = {}
    for name, scope in asked:
        for definition in _needed([known[name]], known):
            for each in figures(definition.tree):
                counted = [] if each.selection.how == ROWS else [_count(each.selection)]
                selections.setdefault(scope, []).extend([each.selection, *counted])
    read = store.read_selections(selections, window)
    return [_measured(known[name], known, read.get(scope, {}), scope) for name, scope in asked]


def statements(definition: Definition, known: Mapping[str, Definition], window: Window, scope: Scope) -> list[str]:
    """Return the SQL that anyone can run to get the figures of a metric's formula."""
    trees = [each.tree for each in _needed([definition], known)]
    return list(dict.fromkeys(as_sql(each.selection, window, scope) for tree in trees for each in figures(tree)))


def judged(definition: Definition, number: float | None, observations: int, target: float | None) -> State:
    """Return how good a value is."""
    if number is None or (definition.warn is None and definition.critical is None and target is None):
        return ""
    if observations < definition.least:
        return "few"
    sign = 1 if definition.better == "lower" else -1
    if definition.critical is not None and sign * (number - definition.critical) > 0:
        return "critical"
    if any(limit is not None and sign * (number - limit) > 0 for limit in (definition.warn, target)):
        return "warn"
    return "good"


def _measured(
    definition: Definition, known: Mapping[str, Definition], read: Mapping[Selection, Series], scope: Scope
) -> Measured:
    # Each metric once: formulas that name another twice would double the work at each level.
    found: dict[str, float | None] = {}

    def of(name: str) -> float | None:
        if name not in found:
            found[name] = value(known[name].tree, read, of)
        return found[name]

    number = value(definition.tree, read, of)
    observations = _observations(definition, known, read)
    target = definition.targets.get(scope.mode) if scope.mode is not None else None
    return Measured(definition, scope, number, observations, target, judged(definition, number, observations, target))


def _observations(definition: Definition, known: Mapping[str, Definition], read: Mapping[Selection, Series]) -> int:
    found = [0]
    for each in _needed([definition], known):
        for figure in figures(each.tree):
            selection = figure.selection
            found.append(
                len(read[selection].rows) if selection.how == ROWS else int(read[_count(selection)].number or 0)
            )
    return max(found)


def _count(selection: Selection) -> Selection:
    if selection.how in ("count", "distinct"):
        return Selection(selection.view, "count", (), selection.where)
    return Selection(selection.view, NUMBERS, selection.values, selection.where)


def _needed(wanted: Iterable[Definition], known: Mapping[str, Definition]) -> list[Definition]:
    found: dict[str, Definition] = {}
    waiting = list(wanted)
    while waiting:
        definition = waiting.pop()
        if definition.name not in found:
            found[definition.name] = definition
            waiting += [known[name] for name in metrics(definition.tree)]
    return list(found.values())
