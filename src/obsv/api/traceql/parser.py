"""TraceQL text to `Query`, by recursive descent.

It supports what Grafana's query builder writes, and select, rate, count_over_time, quantile_over_time,
histogram_over_time:

    query      = spanset ("|" stage)*
    spanset    = "{" [or] "}"
    or         = and ("||" and)*
    and        = unary ("&&" unary)*
    unary      = "!" unary | "(" or ")" | comparison
    stage      = "select" "(" fields ")"
               | ("rate" | "count_over_time") "(" ")" [by]
               | "quantile_over_time" "(" field ("," number)+ ")" [by]
               | "histogram_over_time" "(" field ")" [by]
    by         = "by" "(" fields ")"
"""

from __future__ import annotations

from obsv.api.traceql.ast import Metric, Query
from obsv.api.traceql.comparison import OPERATORS, read_comparison, read_field
from obsv.api.traceql.cursor import Cursor
from obsv.api.traceql.lexer import END, NAME, NUMBER, tokens
from obsv.api.traceql.names import type_of
from obsv.errors import InvalidQuery
from obsv.store.finding import EVERY_SPAN, All, AnyOf, Condition, Field, Not

# SQLite's parser allows twice this nesting; the query builder writes one level.
DEEPEST = 6
MOST_PARTS = 200
_BETWEEN = ("&&", "||", ">", ">>", "<", "<<", "~", "!>", "!>>", "!<", "!<<", "!~", "&>", "&>>", "&<", "&<<", "&~")


def parse(text: str) -> Query:
    """Parse a query.

    Args:
        text: TraceQL.

    Returns:
        The parsed query.

    Raises:
        InvalidQuery: it cannot be parsed, or is not supported; `position` says where.
    """
    return _Parser(Cursor(tokens(text))).query()


class _Parser:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._comparisons = 0

    def query(self) -> Query:
        condition = self._spanset()
        select: list[Field] = []
        metric: Metric | None = None
        while self._cursor.accept("|"):
            if metric is not None:
                self._cursor.fail(f"nothing can follow {metric.function}")
            stage = self._stage()
            if isinstance(stage, Metric):
                metric = stage
            else:
                select += stage
        if self._cursor.token.kind != END:
            self._refuse_rest()
        return Query(condition, tuple(dict.fromkeys(select)), metric)

    def _refuse_rest(self) -> None:
        cursor = self._cursor
        if cursor.at(*_BETWEEN):
            raise InvalidQuery(
                f"{cursor.token.text} between {{…}} is not supported: put all conditions on one span into one {{…}}",
                cursor.token.position,
            )
        cursor.fail("expected | or the end of the query")

    def _spanset(self) -> Condition:
        cursor = self._cursor
        cursor.expect("{", "to begin the conditions")
        if cursor.accept("}"):
            return EVERY_SPAN
        condition = self._or(0)
        cursor.expect("}", "or && or || after a condition")
        return condition

    def _or(self, depth: int) -> Condition:
        parts = [self._and(depth)]
        while self._cursor.accept("||"):
            parts.append(self._and(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _and(self, depth: int) -> Condition:
        parts = [self._unary(depth)]
        while self._cursor.accept("&&"):
            parts.append(self._unary(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _unary(self, depth: int) -> Condition:
        cursor = self._cursor
        if depth > DEEPEST:
            raise InvalidQuery(f"more than {DEEPEST} nested brackets", cursor.token.position)
        if cursor.accept("!"):
            if not cursor.at("(", "!"):
                cursor.fail("expected ( after !: write !(condition)")
            return Not(self._unary(depth + (not cursor.at("("))))
        if not cursor.accept("("):
            return self._comparison()
        inner = self._or(depth + 1)
        cursor.expect(")", "to close the bracket")
        return inner

    def _comparison(self) -> Condition:
        self._comparisons += 1
        if self._comparisons > MOST_PARTS:
            raise InvalidQuery(f"more than {MOST_PARTS} comparisons", self._cursor.token.position)
        condition = read_comparison(self._cursor)
        if self._cursor.at(*OPERATORS, "+", "-", "*", "/", "%", "^"):
            self._cursor.fail("expected && or || or }; only a field and a value can be compared")
        return condition

    def _stage(self) -> Metric | tuple[Field, ...]:
        cursor = self._cursor
        token = cursor.take()
        if token.kind != NAME or token.text not in _STAGES:
            cursor.fail(f"expected {', '.join(_STAGES[:-1])} or {_STAGES[-1]}", token)
        cursor.expect("(", f"after {token.text}")
        if token.text == "select":
            return cursor.many(self._field)
        return self._metric(token.text)

    def _metric(self, function: str) -> Metric:
        cursor = self._cursor
        field: Field | None = None
        quantiles: tuple[float, ...] = ()
        if function in ("quantile_over_time", "histogram_over_time"):
            field = self._measured()
        if function == "quantile_over_time":
            cursor.expect(",", "and a quantile such as 0.9")
            quantiles = cursor.many(self._quantile)
        else:
            cursor.expect(")", f"to close {function}(")
        return Metric(function, field, quantiles, self._by())

    def _measured(self) -> Field:
        token = self._cursor.token
        field = self._field()
        if type_of(field) not in ("any", "duration"):
            raise InvalidQuery(f"{field} is not a number: use duration or a numeric attribute", token.position)
        return field

    def _quantile(self) -> float:
        token = self._cursor.take()
        if token.kind != NUMBER or not 0 <= float(token.text) <= 1:
            self._cursor.fail("expected a quantile between 0 and 1", token)
        return float(token.text)

    def _by(self) -> tuple[Field, ...]:
        cursor = self._cursor
        if cursor.token.kind != NAME or cursor.token.text != "by":
            return ()
        cursor.take()
        cursor.expect("(", "after by")
        return cursor.many(self._field)

    def _field(self) -> Field:
        return read_field(self._cursor)


_STAGES = ("select", "rate", "count_over_time", "quantile_over_time", "histogram_over_time")
