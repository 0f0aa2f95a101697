"""Named functions of formulas: figures over series of numbers, in pure Python.

Each returns None where it is not defined: of nothing, or where it would divide by zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from obsv.measures import classification, returns, spread

Numbers = list[float]


class Function(NamedTuple):
    """A function of formulas.

    Attributes:
        compute: takes one list for each series, then the options.
        series: number of series.
        options: names and defaults; None for one that must be given.
    """

    compute: Callable[..., float | None]
    series: int = 1
    options: Mapping[str, float | None] = {}


_PERIODS = {"periods": 1.0}
_THRESHOLD = {"threshold": 0.5}
_BINS = {"bins": 10.0}

FUNCTIONS: dict[str, Function] = {
    "std": Function(spread.std),
    "variance": Function(spread.variance),
    "median": Function(spread.median),
    "quantile": Function(spread.quantile, options={"q": None}),
    "iqr": Function(spread.iqr),
    "mad": Function(spread.mad),
    "skew": Function(spread.skew),
    "kurtosis": Function(spread.kurtosis),
    "first": Function(spread.first),
    "last": Function(spread.last),
    "correlation": Function(spread.correlation, 2),
    "rank_correlation": Function(spread.rank_correlation, 2),
    "autocorrelation": Function(spread.autocorrelation),
    "mae": Function(spread.mae, 2),
    "rmse": Function(spread.rmse, 2),
    "bias": Function(spread.bias, 2),
    "r2": Function(spread.r2, 2),
    "win_rate": Function(returns.win_rate),
    "profit_factor": Function(returns.profit_factor),
    "payoff_ratio": Function(returns.payoff_ratio),
    "expectancy": Function(spread.mean),
    "kelly": Function(returns.kelly),
    "sharpe": Function(returns.sharpe, options=_PERIODS),
    "sortino": Function(returns.sortino, options=_PERIODS),
    "volatility": Function(returns.volatility, options=_PERIODS),
    "drawdown": Function(returns.drawdown),
    "drawdown_share": Function(returns.drawdown_share),
    "ulcer_index": Function(returns.ulcer_index),
    "recovery": Function(returns.recovery),
    "gain_to_pain": Function(returns.gain_to_pain),
    "tail_ratio": Function(returns.tail_ratio),
    "value_at_risk": Function(returns.value_at_risk, options={"q": 0.05}),
    "expected_shortfall": Function(returns.expected_shortfall, options={"q": 0.05}),
    "win_streak": Function(returns.win_streak),
    "loss_streak": Function(returns.loss_streak),
    "auc": Function(classification.auc, 2),
    "average_precision": Function(classification.average_precision, 2),
    "brier": Function(classification.brier, 2),
    "log_loss": Function(classification.log_loss, 2),
    "calibration_error": Function(classification.calibration_error, 2, _BINS),
    "max_calibration_error": Function(classification.max_calibration_error, 2, _BINS),
    "accuracy": Function(classification.accuracy, 2, _THRESHOLD),
    "balanced_accuracy": Function(classification.balanced_accuracy, 2, _THRESHOLD),
    "precision": Function(classification.precision, 2, _THRESHOLD),
    "recall": Function(classification.recall, 2, _THRESHOLD),
    "specificity": Function(classification.specificity, 2, _THRESHOLD),
    "f1": Function(classification.f1, 2, _THRESHOLD),
    "matthews": Function(classification.matthews, 2, _THRESHOLD),
}
