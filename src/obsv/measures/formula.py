"""Formulas of metrics: read with Python's grammar, checked against a short list of what may stand in them.

    sum(trade_outcome.pnl, where=mode == "scalp") / count(trade_outcome)
    auc(outcome.pnl > 0, field(outcome.metrics, "probability"))
    win_rate * average_win - (1 - win_rate) * average_loss

Nothing of a formula is ever executed: what is not on the list is an error with its place.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from obsv.errors import ObsvError
from obsv.measures.functions import FUNCTIONS
from obsv.measures.tree import SCALARS, Apply, Figure, Metric, Node, Number
from obsv.store.figures import VIEWS
from obsv.store.ground import (
    AGGREGATES,
    MOST_ENTRIES,
    ROW_FUNCTIONS,
    ROWS,
    Constant,
    Operation,
    Selection,
    Term,
    ViewColumn,
    depth_of,
)

MOST_CHARS = 2_000
# Levels of a formula, with those of the metrics that it names: each takes up to three of Python's 1,000 frames.
MOST_LEVELS = 100
_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


class FormulaError(ObsvError):
    """A formula cannot be compiled.

    Args:
        message: what is wrong, and what to write instead.
        column: offset of the token in characters.
        token: the text that is wrong.
    """

    def __init__(self, message: str, column: int, token: str) -> None:
        super().__init__(message)
        self.column, self.token = column, token


def compile_formula(text: str) -> Node:
    """Return the tree of a formula.

    Raises:
        FormulaError: it has a name, function or operator that is not on the list, or is not Python's grammar.
    """
    if len(text) > MOST_CHARS:
        raise FormulaError(f"a formula has at most {MOST_CHARS:,} characters", MOST_CHARS, text[MOST_CHARS:][:20])
    try:
        parsed = ast.parse(text, mode="eval")
    except SyntaxError as error:
        at = max((error.offset or 1) - 1, 0)
        raise FormulaError(error.msg, at, text[at : at + 20].split(" ")[0] or "the end") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(str(error) or "it is nested too deeply", 0, text[:20]) from None
    try:
        return _Compiler(text).compiled(parsed.body)
    except RecursionError:
        raise FormulaError("it is nested too deeply", 0, text[:20]) from None


class _Compiler:
    """Turns Python's tree of one formula into ours."""

    def __init__(self, text: str) -> None:
        self._text = text

    def compiled(self, root: ast.expr) -> Node:
        """Return the tree of the formula, if it is not too deep."""
        waiting: list[tuple[ast.AST, int]] = [(root, 1)]
        while waiting:
            node, level = waiting.pop()
            if level > MOST_LEVELS:
                raise self._error(node, f"it is nested more than {MOST_LEVELS} levels deep; make metrics of its parts")
            waiting += [(each, level + isinstance(each, ast.expr)) for each in ast.iter_child_nodes(node)]
        return self.scalar(root)

    def scalar(self, node: ast.expr) -> Node:
        """Return what stands for one number."""
        if isinstance(node, ast.Constant):
            return Number(self._number(node))
        if isinstance(node, ast.Name):
            return Metric(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return Apply("negative", (self.scalar(node.operand),))
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return Apply(_BINARY[type(node.op)], (self.scalar(node.left), self.scalar(node.right)))
        if isinstance(node, ast.Call):
            name = self._name_of(node)
            is_of_numbers = name in SCALARS and (name not in AGGREGATES or len(node.args) > 1)
            return self._apply(name, node) if is_of_numbers else self._figure(name, node)
        if isinstance(node, ast.Attribute):
            raise self._error(node, "a column needs a function around it, such as mean(…)")
        raise self._error(node, f"{type(node).__name__} is not allowed here")

    def _apply(self, name: str, node: ast.Call) -> Node:
        if node.keywords:
            raise self._error(node.keywords[0].value, f"{name} of numbers takes no options")
        least, most = SCALARS[name]
        if not least <= len(node.args) <= most:
            raise self._error(node, f"{name} takes {least} to {most} numbers, not {len(node.args)}")
        return Apply(name, tuple(map(self.scalar, node.args)))

    def _figure(self, name: str, node: ast.Call) -> Figure:
        if name not in FUNCTIONS and name not in AGGREGATES:
            raise self._error(node.func, f"unknown function{_near(name, [*FUNCTIONS, *AGGREGATES, *SCALARS])}")
        view = self._view_of(name, node)
        where, options = None, {}
        for keyword in node.keywords:
            if keyword.arg == "where":
                where = self._row(keyword.value, view)
            else:
                options[str(keyword.arg)] = keyword
        if name in AGGREGATES:
            return Figure("", Selection(view, name, self._aggregated(name, node, view), where), ())
        function = FUNCTIONS[name]
        series, given = node.args[: function.series], node.args[function.series :]
        if len(series) < function.series or len(given) > len(function.options):
            raise self._error(
                node, f"{name} takes {function.series} series and then {list(function.options) or 'nothing'}"
            )
        chosen = dict(function.options)
        for option, value in zip(function.options, given, strict=False):
            chosen[option] = self._number(value)
        for option, keyword in options.items():
            if option not in function.options:
                raise self._error(
                    keyword.value, f"{name} has no option {option}{_near(option, function.options)}", option
                )
            chosen[option] = self._number(keyword.value)
        if None in chosen.values():
            raise self._error(node, f"{name} needs {', '.join(each for each in chosen if chosen[each] is None)}")
        values = tuple(self._row(each, view) for each in series)
        return Figure(name, Selection(view, ROWS, values, where), tuple(float(each or 0) for each in chosen.values()))

    def _aggregated(self, name: str, node: ast.Call, view: str) -> tuple[Term, ...]:
        extra = [keyword for keyword in node.keywords if keyword.arg != "where"]
        if extra:
            raise self._error(extra[0].value, f"{name} has no option {extra[0].arg}", str(extra[0].arg))
        if len(node.args) != 1:
            raise self._error(node, f"{name} takes one view or column")
        (argument,) = node.args
        if isinstance(argument, ast.Name) and argument.id in VIEWS:
            if name != "count":
                raise self._error(argument, f"{name} needs a column: {argument.id}.pnl")
            return ()
        return (self._row(argument, view),)

    def _view_of(self, name: str, node: ast.Call) -> str:
        """Return the view that the arguments name, which is one."""
        found: dict[str, ast.expr] = {}
        for argument in node.args:
            for each in ast.walk(argument):
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
                    found.setdefault(each.value.id, each.value)
                elif each is argument and isinstance(each, ast.Name):
                    found.setdefault(each.id, each)
        for view, place in found.items():
            if view not in VIEWS:
                raise self._error(place, f"unknown view{_near(view, VIEWS)}")
        if len(found) > 1:
            raise self._error(
                list(found.values())[1], f"{name} takes columns of one view, not of {' and '.join(found)}"
            )
        if not found:
            raise self._error(node, f"{name} needs a view: {name}(trade_outcome.pnl)")
        return next(iter(found))

    def _row(self, node: ast.expr, view: str) -> Term:
        """Return a whole value or condition of a row, if the database can take it."""
        found = self._term(node, view)
        if depth_of(found) > MOST_ENTRIES:
            raise self._error(node, "it is nested too deeply for the database, which takes about 20 levels; flatten it")
        return found

    def _term(self, node: ast.expr, view: str) -> Term:
        """Return a value or condition of a row."""
        if isinstance(node, ast.Constant):
            if node.value is None or isinstance(node.value, str | bool):
                return Constant(node.value)
            return Constant(self._number(node))
        if isinstance(node, ast.Name | ast.Attribute):
            return self._column(node, view)
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return Operation(_BINARY[type(node.op)], (self._term(node.left, view), self._term(node.right, view)))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
            return Operation("not" if isinstance(node.op, ast.Not) else "negative", (self._term(node.operand, view),))
        if isinstance(node, ast.BoolOp):
            name = "and" if isinstance(node.op, ast.And) else "or"
            return Operation(name, tuple(self._term(each, view) for each in node.values))
        if isinstance(node, ast.Compare):
            return self._compared(node, view)
        if isinstance(node, ast.Call):
            return self._row_function(node, view)
        raise self._error(node, f"{type(node).__name__} is not allowed here")

    def _column(self, node: ast.Name | ast.Attribute, view: str) -> ViewColumn:
        if isinstance(node, ast.Attribute):
            if not isinstance(node.value, ast.Name):
                raise self._error(node, "a column is VIEW.COLUMN")
            if node.value.id != view:
                raise self._error(node.value, f"the columns are those of {view} here")
            name = node.attr
        else:
            name = node.id
        if name not in VIEWS[view]:
            raise self._error(node, f"{view} has no column {name}{_near(name, VIEWS[view])}", name)
        return ViewColumn(name)

    def _compared(self, node: ast.Compare, view: str) -> Term:
        parts, left = [], node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            parts.append(self._comparison(left, operator, right, view))
            left = right
        return parts[0] if len(parts) == 1 else Operation("and", tuple(parts))

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr, view: str) -> Term:
        value = self._term(left, view)
        if isinstance(operator, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value is None):
                raise self._error(right, "is compares with None only")
            found: Term = Operation("is null", (value,))
            return found if isinstance(operator, ast.Is) else Operation("not", (found,))
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
                raise self._error(right, 'in takes a list, such as ["scalp", "swing"]')
            found = Operation("in", (value, *(self._term(each, view) for each in right.elts)))
            return found if isinstance(operator, ast.In) else Operation("not", (found,))
        return Operation(_COMPARE[type(operator)], (value, self._term(right, view)))

    def _row_function(self, node: ast.Call, view: str) -> Term:
        name = self._name_of(node)
        wanted = ROW_FUNCTIONS.get(name)
        if wanted is None:
            raise self._error(node.func, f"unknown function of a row{_near(name, ROW_FUNCTIONS)}")
        if len(node.args) != wanted or node.keywords:
            raise self._error(node, f"{name} takes {wanted} value{'s' * (wanted != 1)}")
        parts = tuple(self._term(each, view) for each in node.args)
        if name == "field":
            member = parts[1]
            if not isinstance(member, Constant) or not isinstance(member.value, str) or '"' in member.value:
                raise self._error(node.args[1], 'field takes the name of a member as text: field(outcome.metrics, "p")')
        return Operation(name, parts)

    def _name_of(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Name):
            raise self._error(node.func, "a function is called by its name")
        for each in [*node.args, *node.keywords]:
            if isinstance(each, ast.Starred) or (isinstance(each, ast.keyword) and each.arg is None):
                raise self._error(each.value, "* and ** are not allowed")
        return node.func.id

    def _number(self, node: ast.expr) -> float:
        value: Any = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        is_negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        if is_negative and isinstance(node.operand, ast.Constant):  # type: ignore[attr-defined]
            value = node.operand.value  # type: ignore[attr-defined]
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            raise self._error(node, "a number is needed here")
        return -value if is_negative else value

    def _error(self, node: ast.AST, message: str, token: str | None = None) -> FormulaError:
        line = self._text.splitlines()[getattr(node, "lineno", 1) - 1]
        # Python counts bytes of UTF-8.
        column = len(line.encode()[: getattr(node, "col_offset", 0)].decode("utf-8", "replace"))
        segment = ast.get_source_segment(self._text, node) or line
        shown = token or segment
        if token is not None:
            column += max(segment.rfind(token), 0)
        before = sum(len(each) + 1 for each in self._text.splitlines()[: getattr(node, "lineno", 1) - 1])
        return FormulaError(message, before + column, shown if len(shown) <= 60 else f"{shown[:60]}…")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _near(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), 1)
    return f"; did you mean {found[0]}?" if found else ""
