"""Figures and rows over the views of the journal, of calls and of log records: terms compiled to SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.file import Readable, Snapshot
from obsv.store.ground import Window
from obsv.store.ground.terms import (
    ARITHMETIC,
    COMPARISONS,
    EVERYTHING,
    ROWS,
    Constant,
    Operation,
    Scope,
    Selection,
    Term,
    ViewColumn,
)
from obsv.times import ts

# Rows of one series that are held in memory: 100 MB.
MOST_ROWS = 500_000

_DECISION = "ts decision_id kind subject mode"
# The columns that a formula may use; a test compares them with the file's.
VIEWS: dict[str, frozenset[str]] = {
    name: frozenset(columns.split())
    for name, columns in {
        "decision": f"{_DECISION} verdict action actor policy shadow refused_by duration_ms inputs attributes "
        "violations exception trace_id span_id service",
        "gate_result": f"{_DECISION} gate version position observed op threshold margin margin_share passed state "
        "latency_ns text",
        "outcome": f"{_DECISION} decision_ts verdict label_cutoff pnl pnl_bps metrics violations service",
        "counterfactual": f"{_DECISION} decision_ts refused_by method alternative judgement label_cutoff pnl pnl_bps "
        "metrics violations service",
        "trade": "ts decision_id symbol mode side quantity price action actor policy trace_id violations",
        "trade_outcome": "ts decision_id decision_ts symbol mode pnl pnl_bps won exit_price exit_reason label_cutoff "
        "metrics violations",
        "shadow_trade": "ts decision_id symbol mode gate shadow method pnl pnl_bps judgement label_cutoff metrics "
        "violations",
        "process_trace": "ts process status duration_ms exception process_group trace_id span_id parent_span_id depth "
        "thread_id service",
        "log": "ts severity_number severity_text event_name body attributes trace_id span_id process service logger "
        "thread",
    }.items()
}
_AGGREGATES = {
    "count": "count({})",
    "sum": "total({})",
    "mean": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "distinct": "count(distinct {})",
}
_SYMBOLS = {"==": "is", "!=": "is not", **{each: each for each in ("<", "<=", ">", ">=", *ARITHMETIC)}}
_IS_NUMBER = "typeof({}) in ('integer', 'real')"

Bind = Callable[[Any], str]


class _Bound:
    """Values that are bound to numbered parameters."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._numbers = count()

    def __call__(self, value: Any) -> str:
        name = f"v{next(self._numbers)}"
        self.values[name] = value
        return f":{name}"


class Series(NamedTuple):
    """The result of a selection: rows for `rows`, else one number; None where there is nothing to aggregate."""

    number: float | None
    rows: list[list[float]]


def as_sql(selection: Selection, window: Window, scope: Scope = EVERYTHING) -> str:
    """Return a statement that anyone can run, to see where a number comes from."""
    where = _where(selection, window, scope, _literal)
    if selection.how == ROWS:
        columns = ", ".join(_sql(each, _literal) for each in selection.values)
        return f"select {columns} from {selection.view} where {where} order by ts"
    return f"select {_aggregate(selection, _literal)} from {selection.view} where {where}"


def read_selections(
    reader: Readable, selections: Sequence[Selection], window: Window, scope: Scope = EVERYTHING
) -> dict[Selection, Series]:
    """Return the results of several selections from one state of the store; figures of a view share a statement.

    Raises:
        InvalidQuery: a series has more than 500,000 rows.
        QueryTimeout: a statement took too long.
    """
    found: dict[Selection, Series] = {}
    with reader.snapshot() as store:
        views = {row[0] for row in store.query("select name from sqlite_schema where type = 'view'")}
        for view, group in _by_view(selections):
            figures = [each for each in group if each.how != ROWS]
            if view not in views:  # the file is older than the view
                found |= {each: Series(_nothing(each), []) for each in group}
                continue
            for part in (figures[at : at + 100] for at in range(0, len(figures), 100)):
                found |= _figures(store, view, part, window, scope)
            for each in group:
                if each.how == ROWS:
                    found[each] = Series(None, _rows(store, each, window, scope))
    return found


def _by_view(selections: Sequence[Selection]) -> Iterator[tuple[str, list[Selection]]]:
    distinct = list(dict.fromkeys(selections))
    for view in dict.fromkeys(each.view for each in distinct):
        yield view, [each for each in distinct if each.view == view]


def _figures(
    store: Snapshot, view: str, selections: list[Selection], window: Window, scope: Scope
) -> dict[Selection, Series]:
    bound = _Bound()
    columns = []
    for each in selections:
        # What only some of the figures ask for is a filter of theirs.
        condition = _rows_meant(each, bound)
        columns.append(_aggregate(each, bound) + (f" filter (where {condition})" if condition else ""))
    where = _in_scope(view, window, scope, bound)
    row = store.one(f"select {', '.join(columns)} from {view} where {where}", bound.values)
    assert row is not None
    numbers = list(row)
    # The total of nothing is 0, as a count is.
    return {each: Series(_number(value), []) for each, value in zip(selections, numbers, strict=True)}


def _rows(store: Snapshot, selection: Selection, window: Window, scope: Scope) -> list[list[float]]:
    bound = _Bound()
    names = [f"c{at}" for at in range(len(selection.values))]
    columns = ", ".join(f"{_sql(each, bound)} as {name}" for each, name in zip(selection.values, names, strict=True))
    where = _where(selection, window, scope, bound)
    inner = f"select {columns} from {selection.view} where {where} order by ts limit {MOST_ROWS + 1}"
    # One row: the limit of rows is for pages.
    row = store.one(f"select json_group_array(json_array({', '.join(names)})) from ({inner})", bound.values)
    found: list[list[float]] = json.loads(row[0]) if row is not None else []
    if len(found) > MOST_ROWS:
        raise InvalidQuery(f"A series of {selection.view} has more than {MOST_ROWS:,} rows; narrow its time range.")
    return found


def _where(selection: Selection, window: Window, scope: Scope, bind: Bind) -> str:
    meant = _rows_meant(selection, bind)
    return _in_scope(selection.view, window, scope, bind) + (f" and {meant}" if meant else "")


def _rows_meant(selection: Selection, bind: Bind) -> str:
    parts = []
    if selection.where is not None:
        parts.append(f"({_sql(selection.where, bind)})")
    if "violations" in VIEWS[selection.view] and not _mentions(selection, "violations"):
        parts.append("violations = '[]'")
    if selection.how in (ROWS, "sum", "mean", "min", "max"):
        parts += [_IS_NUMBER.format(_sql(each, bind)) for each in selection.values]
    return " and ".join(parts)


def _in_scope(view: str, window: Window, scope: Scope, bind: Bind) -> str:
    parts = [f"ts >= {bind(ts(window.start_ns))}", f"ts < {bind(ts(window.end_ns))}"]
    columns = VIEWS[view]
    if scope.mode is not None and "mode" in columns:
        parts.append(f"mode = {bind(scope.mode)}")
    if scope.actor is not None:
        if "actor" in columns:
            parts.append(f"actor = {bind(scope.actor)}")
        elif "decision_id" in columns:
            parts.append(f"decision_id in (select decision_id from decision where actor = {bind(scope.actor)})")
    return " and ".join(parts)


def _aggregate(selection: Selection, bind: Bind) -> str:
    value = _sql(selection.values[0], bind) if selection.values else "*"
    return _AGGREGATES[selection.how].format(value)


def _sql(term: Term, bind: Bind) -> str:
    if isinstance(term, ViewColumn):
        return term.name
    if isinstance(term, Constant):
        return bind(int(term.value) if isinstance(term.value, bool) else term.value)
    parts = [_sql(each, bind) for each in term.parts]
    if term.name in ARITHMETIC or term.name in COMPARISONS:
        # Whole numbers divide as real ones do.
        left = f"1.0 * {parts[0]}" if term.name == "/" else parts[0]
        return f"({left} {_SYMBOLS[term.name]} {parts[1]})"
    if term.name in ("and", "or"):
        return f"({f' {term.name} '.join(parts)})"
    if term.name == "field":
        return f"iif(json_valid({parts[0]}), json_extract({parts[0]}, {_member(term, bind)}), null)"
    return {
        "not": "(not {0})",
        "negative": "(-{0})",
        "is null": "({0} is null)",
        "in": f"({{0}} in ({', '.join(parts[1:])}))",
        "abs": "abs({0})",
        "coalesce": "coalesce({0}, {1})",
        "lower": "lower({0})",
    }[term.name].format(*parts)


def _member(term: Operation, bind: Bind) -> str:
    name = term.parts[1]
    assert isinstance(name, Constant)
    return bind(f'$."{name.value}"')


def _mentions(selection: Selection, column: str) -> bool:
    waiting: list[Term] = [*selection.values, *([selection.where] if selection.where is not None else [])]
    while waiting:
        term = waiting.pop()
        if isinstance(term, ViewColumn) and term.name == column:
            return True
        if isinstance(term, Operation):
            waiting += term.parts
    return False


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


def _nothing(selection: Selection) -> float | None:
    return 0 if selection.how in ("count", "sum", "distinct") else None


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
