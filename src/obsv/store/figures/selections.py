"""Figures and rows over the views of the journal, of calls and of log records: terms compiled to SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.file import Readable, Snapshot
from obsv.store.ground import Window
from obsv.store.ground.terms import (
    ARITHMETIC,
    COMPARISONS,
    EVERYTHING,
    NUMBERS,
    ROWS,
    Constant,
    Operation,
    Scope,
    Selection,
    Term,
    ViewColumn,
    is_chain,
)
from obsv.times import clamp_ns, ts

# Rows of one series that are held in memory: 100 MB.
MOST_ROWS = 500_000
# Selections in one statement, which has five seconds.
_AT_ONCE = 40
# Views that have the time as a number, which an index finds. Files before schema version 24 do not have it.
_TIMED = " as time_ns"

_DECISION = "ts time_ns decision_id kind subject mode"
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
        "trade": "ts time_ns decision_id symbol mode side quantity price action actor policy trace_id violations",
        "trade_outcome": "ts time_ns decision_id decision_ts symbol mode pnl pnl_bps won exit_price exit_reason "
        "label_cutoff metrics violations",
        "shadow_trade": "ts time_ns decision_id symbol mode gate shadow method pnl pnl_bps judgement label_cutoff "
        "metrics violations",
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
    "share": "avg({} <> 0)",
    NUMBERS: "count(*)",
    "min": "min({})",
    "max": "max({})",
    "distinct": "count(distinct {})",
}
_SYMBOLS = {"==": "is", "!=": "is not", **{each: each for each in ("<", "<=", ">", ">=", *ARITHMETIC)}}
_IS_NUMBER = "typeof({}) in ('integer', 'real')"

Bind = Callable[[Any], str]
Asked = tuple[Scope, Selection]


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
    view = selection.view
    if scope.actor is not None and "actor" not in VIEWS[view] and "decision_id" in VIEWS[view]:
        view = f"(select v.*, d.actor from {view} v join decision d using (decision_id))"
    where = f"{_in_window(window, _literal)} and {_where(selection, scope, _literal)}".removesuffix(" and true")
    if selection.how == ROWS:
        columns = ", ".join(_sql(each, _literal) for each in selection.values)
        return f"select {columns} from {view} where {where} order by ts"
    return f"select {_aggregate(selection, _literal)} from {view} where {where}"


def read_selections(
    reader: Readable, asked: Mapping[Scope, Sequence[Selection]], window: Window
) -> dict[Scope, dict[Selection, Series]]:
    """Return the results of selections, those of each scope, from one state of the store.

    Rows of a view are read once for 40 selections, and looked at once for all figures of them: on 100,000 decisions
    that is most of the time. Selections of one gate are read by themselves, along the index of its values.

    Raises:
        InvalidQuery: a series has more than 500,000 rows.
        QueryTimeout: a statement took too long.
    """
    found: dict[Scope, dict[Selection, Series]] = {scope: {} for scope in asked}
    pairs = [(scope, each) for scope, selections in asked.items() for each in dict.fromkeys(selections)]
    with reader.snapshot() as store:
        views = {row[0]: row[1] for row in store.query("select name, sql from sqlite_schema where type = 'view'")}
        for (view, *shared), group in _grouped(pairs).items():
            for at in range(0, len(group), _AT_ONCE):
                part = group[at : at + _AT_ONCE]
                # A file that is older than the view has nothing of it.
                results = {pair: _nothing(pair[1]) for pair in part}
                if view in views:
                    results = _read(store, view, shared, part, window, _TIMED in views[view])
                for (scope, each), result in results.items():
                    found[scope][each] = result
    return found


def _grouped(pairs: Sequence[Asked]) -> dict[tuple[str, ...], list[Asked]]:
    """Return what is read together: selections of a view, those of one gate with its name and mode."""
    found: dict[tuple[str, ...], list[Asked]] = {}
    for scope, each in pairs:
        gate = _equal(each.where, "gate") if "gate" in VIEWS[each.view] else None
        of_gate = () if gate is None else ("gate", gate)
        of_mode = () if gate is None or scope.mode is None else ("mode", scope.mode)
        found.setdefault((each.view, *of_gate, *of_mode), []).append((scope, each))
    return found


def _equal(where: Term | None, name: str) -> str | None:
    """Return the text that a condition demands of a column, if it is one of the parts that must all hold."""
    parts = where.parts if isinstance(where, Operation) and where.name == "and" else (where,)
    for each in parts:
        if isinstance(each, Operation) and each.name == "==" and each.parts[0] == ViewColumn(name):
            value = each.parts[1]
            if isinstance(value, Constant) and isinstance(value.value, str):
                return value.value
    return None


def _read(
    store: Snapshot, view: str, shared: Sequence[str], part: Sequence[Asked], window: Window, is_timed: bool
) -> dict[Asked, Series]:
    """Return the results of selections of one view.

    Args:
        shared: columns and the values that they have for all selections, in turn.
        is_timed: whether the view has the time as a number.
    """
    found: dict[Asked, Series] = {}
    figures = [pair for pair in part if pair[1].how != ROWS]
    series = [pair for pair in part if pair[1].how == ROWS]
    if figures:
        bound = _Bound()
        base = _base(view, shared, figures, window, bound, is_timed)
        terms = [f"{_aggregate(each, bound)} filter (where {_where(each, scope, bound)})" for scope, each in figures]
        row = store.one(f"with base as materialized ({base}) select {', '.join(terms)} from base", bound.values)
        assert row is not None
        found |= {pair: Series(_number(value), []) for pair, value in zip(figures, row, strict=True)}
    if series:
        bound = _Bound()
        base = _base(view, shared, series, window, bound, is_timed)
        parts = " union all ".join(_rows(at, *pair, bound) for at, pair in enumerate(series))
        rows = store.query(f"with base as materialized ({base}) {parts}", bound.values)
        found |= {series[row[0]]: _series(series[row[0]][1], row[1]) for row in rows}
    return found


def _rows(at: int, scope: Scope, each: Selection, bind: Bind) -> str:
    names = [f"c{number}" for number in range(len(each.values))]
    values = ", ".join(f"{_sql(v, bind)} as {name}" for v, name in zip(each.values, names, strict=True))
    rows = f"select {values} from base where {_where(each, scope, bind)} order by at limit {MOST_ROWS + 1}"
    # One row: the limit of rows is for pages.
    return f"select {at}, json_group_array(json_array({', '.join(names)})) from ({rows})"


def _base(view: str, shared: Sequence[str], part: Sequence[Asked], window: Window, bind: Bind, is_timed: bool) -> str:
    where = [f"{name} = {bind(value)}" for name, value in zip(shared[::2], shared[1::2], strict=True)]
    where.append(_in_times(window, bind) if is_timed else _in_window(window, bind))
    columns = _base_columns(view, part, "time_ns" if is_timed else "ts")
    return f"select {columns} from {view} v where {' and '.join(where)}"


def _base_columns(view: str, part: Sequence[Asked], at: str) -> str:
    """Return the columns that scopes and selections need; who decided, of views that do not have it."""
    has_actor = any(scope.actor is not None for scope, _ in part)
    columns = {name for _, each in part for name in _mentioned(each)}
    columns |= {"violations", "mode"} & VIEWS[view]
    if has_actor:
        columns |= {"actor"} & VIEWS[view]
    shown = [f"v.{at} as at", *(f"v.{name} as {name}" for name in sorted(columns))]
    if has_actor and "actor" not in VIEWS[view] and "decision_id" in VIEWS[view]:
        shown.append("(select m.actor from decision_made m where m.decision_id = v.decision_id) as actor")
    return ", ".join(shown)


def _series(selection: Selection, text: str) -> Series:
    found: list[list[float]] = json.loads(text)
    if len(found) > MOST_ROWS:
        raise InvalidQuery(f"A series of {selection.view} has more than {MOST_ROWS:,} rows; narrow its time range.")
    return Series(None, found)


def _where(selection: Selection, scope: Scope, bind: Bind) -> str:
    columns = VIEWS[selection.view]
    parts = []
    if scope.mode is not None and "mode" in columns:
        parts.append(f"mode = {bind(scope.mode)}")
    if scope.actor is not None and "decision_id" in columns:
        parts.append(f"actor = {bind(scope.actor)}")
    return " and ".join([*parts, *_rows_meant(selection, bind)]) or "true"


def _rows_meant(selection: Selection, bind: Bind) -> list[str]:
    parts = []
    if selection.where is not None:
        parts.append(f"({_sql(selection.where, bind)})")
    if "violations" in VIEWS[selection.view] and "violations" not in _mentioned(selection):
        parts.append("violations = '[]'")
    if selection.how not in ("count", "distinct"):
        parts += [_IS_NUMBER.format(_sql(each, bind)) for each in selection.values]
    return parts


def _in_window(window: Window, bind: Bind) -> str:
    return f"ts >= {bind(ts(window.start_ns))} and ts < {bind(ts(window.end_ns))}"


def _in_times(window: Window, bind: Bind) -> str:
    # To the microsecond, as the texts of `ts` are.
    start, end = (clamp_ns(at_ns) // 1_000 * 1_000 for at_ns in (window.start_ns, window.end_ns))
    return f"time_ns >= {bind(start)} and time_ns < {bind(end)}"


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
        # Whole numbers divide as real ones do. A long sum is no deep one: SQLite's parser takes a hundred levels.
        left = f"1.0 * {parts[0]}" if term.name == "/" else parts[0]
        if is_chain(term):
            left = left[1:-1]
        return f"({left} {_SYMBOLS[term.name]} {parts[1]})"
    if term.name in ("and", "or"):
        return f"({f' {term.name} '.join(parts)})"
    if term.name == "field":
        return f"iif(json_valid({parts[0]}), json_extract({parts[0]}, {_member(term, bind)}), null)"
    if term.name == "in":
        return f"({parts[0]} in ({', '.join(parts[1:])}))"
    return {
        "not": "(not {0})",
        "negative": "(-{0})",
        "is null": "({0} is null)",
        "abs": "abs({0})",
        "coalesce": "coalesce({0}, {1})",
        "lower": "lower({0})",
    }[term.name].format(*parts)


def _member(term: Operation, bind: Bind) -> str:
    name = term.parts[1]
    assert isinstance(name, Constant)
    return bind(f'$."{name.value}"')


def _mentioned(selection: Selection) -> set[str]:
    found = set()
    waiting: list[Term] = [*selection.values, *([selection.where] if selection.where is not None else [])]
    while waiting:
        term = waiting.pop()
        if isinstance(term, ViewColumn):
            found.add(term.name)
        elif isinstance(term, Operation):
            waiting += term.parts
    return found


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


def _nothing(selection: Selection) -> Series:
    return Series(0 if selection.how in ("count", "sum", "distinct") else None, [])


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
