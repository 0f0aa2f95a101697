"""The functions of formulas against quantstats and scikit-learn, which are in a group of their own: 500 MB."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from journals import random_journal
from oracles import is_close

from obsv.measures.functions import FUNCTIONS

JOURNALS = [random_journal("m", seed, 60) for seed in range(40)]


def quiet(compute: Callable[..., Any], *arguments: Any) -> float | None:
    """Return a number of a library; None where it is not defined. What it warns of is its own affair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = float(compute(*arguments))
    return found if math.isfinite(found) else None


def test_returns_as_quantstats() -> None:
    """Figures of returns, in order of days."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stats: Any = pytest.importorskip("quantstats").stats
    pandas = pytest.importorskip("pandas")
    names: dict[str, Callable[[Any], Any]] = {
        "win_rate": lambda x: (x > 0).mean(),
        "sharpe": lambda x: stats.sharpe(x, periods=252),
        "sortino": lambda x: stats.sortino(x, periods=252),
        "volatility": lambda x: stats.volatility(x, periods=252),
        "profit_factor": stats.profit_factor,
        "payoff_ratio": stats.payoff_ratio,
        "kelly": stats.kelly_criterion,
        "drawdown_share": lambda x: -stats.max_drawdown(x),
        "ulcer_index": stats.ulcer_index,
        "tail_ratio": stats.tail_ratio,
        "gain_to_pain": stats.gain_to_pain_ratio,
        "skew": stats.skew,
        "kurtosis": stats.kurtosis,
        "win_streak": stats.consecutive_wins,
        "loss_streak": stats.consecutive_losses,
    }
    for journal in JOURNALS:
        x = [each / 100 for each in journal.pnl]
        if not any(each > 0 for each in x) or not any(each < 0 for each in x):
            continue  # quantstats says 0, or fails, where nothing is defined
        series = pandas.Series(x, pandas.date_range("2026-01-01", periods=len(x)))
        for name, oracle in names.items():
            function = FUNCTIONS[name]
            found = function.compute(x, *([252.0] if "periods" in function.options else []))
            assert is_close(found, quiet(oracle, series)), name


def test_scores_as_scikit_learn() -> None:
    """Figures of labels and probabilities, of actual values and forecasts."""
    metrics: Any = pytest.importorskip("sklearn.metrics")
    of_scores = {
        "auc": metrics.roc_auc_score,
        "average_precision": metrics.average_precision_score,
        "brier": metrics.brier_score_loss,
        "log_loss": metrics.log_loss,
    }
    of_classes = {
        "accuracy": metrics.accuracy_score,
        "balanced_accuracy": metrics.balanced_accuracy_score,
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
        "matthews": metrics.matthews_corrcoef,
    }
    of_forecasts = {
        "mae": metrics.mean_absolute_error,
        "rmse": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
    }
    for journal in JOURNALS:
        label, probability = [float(each) for each in journal.label], journal.probability
        for name, oracle in of_scores.items():
            assert is_close(FUNCTIONS[name].compute(label, probability), quiet(oracle, label, probability)), name
        classes = [float(each >= 0.5) for each in probability]
        for name, oracle in of_classes.items():
            assert is_close(FUNCTIONS[name].compute(label, probability, 0.5), quiet(oracle, label, classes)), name
        for name, oracle in of_forecasts.items():
            found = FUNCTIONS[name].compute(journal.actual, journal.forecast)
            assert is_close(found, quiet(oracle, journal.actual, journal.forecast)), name
