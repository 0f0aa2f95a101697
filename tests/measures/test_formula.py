"""Formulas: what may stand in them, and where an error is."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from obsv.measures import FormulaError, compile_formula

WRONG = [
    ("sum(trade_outcome.pnll)", 18, "pnll", "did you mean pnl"),
    ("summ(trade_outcome.pnl)", 0, "summ", "did you mean sum"),
    ("mean(trades.pnl)", 5, "trades", "did you mean trade"),
    ("1 + mean(trade_outcome.pnl, where=mod == 1)", 34, "mod", "did you mean mode"),
    ("__import__('os').system('true')", 0, "__import__('os').system", "by its name"),
    ("().__class__", 0, "().__class__", "needs a function"),
    ("[x for x in y]", 0, "[x for x in y]", "not allowed"),
    ("2 ** 9", 0, "2 ** 9", "not allowed"),
    ("lambda: 1", 0, "lambda: 1", "not allowed"),
    ("mean(trade_outcome.pnl, periods=1)", 32, "periods", "no option"),
    ("sharpe(trade_outcome.pnl, period=1)", 33, "period", "did you mean periods"),
    ("quantile(trade_outcome.pnl)", 0, "quantile(trade_outcome.pnl)", "needs q"),
    ("auc(outcome.pnl, trade.price)", 17, "trade", "one view"),
    ("auc(outcome.pnl)", 0, "auc(outcome.pnl)", "2 series"),
    ("win_rate(1)", 0, "win_rate(1)", "needs a view"),
    ("sum(trade_outcome)", 4, "trade_outcome", "needs a column"),
    ("count(log, where=body is 1)", 25, "1", "None only"),
    ("count(log, where=body in 'abc')", 25, "'abc'", "takes a list"),
    ("count(log, where=eval('1'))", 17, "eval", "unknown function of a row"),
    ("sum(*x)", 5, "x", "not allowed"),
    ("1e999", 0, "1e999", "a number is needed"),
    ("1 +", 0, "1", "invalid syntax"),
    ("'é' + sum(trade_outcome.pnll)", 0, "'é'", "a number is needed"),
    ("abs(1) + sum(trade_outcome.é)", 27, "é", "no column"),
]


@pytest.mark.parametrize(("text", "column", "token", "said"), WRONG)
def test_error_names_its_token(text: str, column: int, token: str, said: str) -> None:
    """With its place, and what to write instead."""
    with pytest.raises(FormulaError, match=said) as caught:
        compile_formula(text)
    assert (caught.value.column, caught.value.token) == (column, token)


@pytest.mark.parametrize(
    "text",
    [
        "count(trade_outcome, where=pnl > 0 and mode in ['a', 'b'] and not (won is None)) / 2",
        "max(sum(trade_outcome.pnl), -1.5)",
        "min(trade_outcome.pnl) + min(1, 2)",
        "sharpe(trade_outcome.pnl / 100, 252)",
        "quantile(process_trace.duration_ms, q=0.99, where=0 < duration_ms < 5)",
        "mean(field(outcome.metrics, 'p') * 2 - abs(pnl))",
        "other_metric / (1 - another)",
    ],
)
def test_formulas_that_compile(text: str) -> None:
    """Conditions, options, functions of rows and of numbers, and other metrics."""
    assert compile_formula(text)


@given(st.text(st.sampled_from("abcdsum(trade_outcome.pnl)[]{}'\"\\+-*/=<>!,:. \n0123456789éλ\x00"), max_size=200))
@example("(" * 1_000 + ")" * 1_000)
@example("-" * 1_900 + "1")
@example("1" * 1_999)
@example("a." * 900 + "b")
def test_nothing_else_is_raised(text: str) -> None:
    """Whatever is written, it compiles or says what is wrong."""
    with contextlib.suppress(FormulaError):
        compile_formula(text)
