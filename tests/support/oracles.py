"""The shipped metrics of a journal, once more: formulas of NumPy and pandas, written out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import numpy as np
import pandas as pd
from journals import Journal

Array = np.ndarray
Oracle = Callable[[Journal], float]


def pnl(compute: Callable[[Array], float]) -> Oracle:
    """Return a figure of profits and losses."""
    return lambda journal: compute(np.array(journal.pnl, float))


def scores(compute: Callable[[Array, Array], float]) -> Oracle:
    """Return a figure of labels and probabilities."""
    return lambda journal: compute(np.array(journal.label, float), np.array(journal.probability, float))


def forecasts(compute: Callable[[Array, Array], float]) -> Oracle:
    """Return a figure of actual values and forecasts."""
    return lambda journal: compute(np.array(journal.actual, float), np.array(journal.forecast, float))


def times(compute: Callable[[Array], float]) -> Oracle:
    """Return a figure of the times of decisions."""
    return lambda journal: compute(np.array(journal.duration_ms, float))


def _fall(x: Array) -> float:
    level = np.concatenate([[0], np.cumsum(x)])
    return float(np.max(np.maximum.accumulate(level) - level)) if len(x) else np.nan


def _falls(x: Array) -> Array:
    level = np.concatenate([[1], np.cumprod(1 + x)])
    return (1 - level / np.maximum.accumulate(level))[1:]


def _streak(x: Array) -> float:
    return float(max((len(list(run)) for won, run in groupby(x) if won), default=0)) if len(x) else np.nan


def _auc(y: Array, p: Array) -> float:
    above, below = p[y == 1][:, None], p[y == 0][None, :]
    return float(((above > below) + 0.5 * (above == below)).mean())


def _average_precision(y: Array, p: Array) -> float:
    found, recall = (0.0 if y.sum() else np.nan), 0.0
    for level in sorted(set(p), reverse=True):
        chosen = y[p >= level]
        found += (chosen.sum() / y.sum() - recall) * chosen.mean()
        recall = chosen.sum() / y.sum()
    return found


def _gaps(y: Array, p: Array) -> list[tuple[int, float]]:
    place = np.minimum(np.floor(p * 10), 9)
    return [((place == at).sum(), abs(y[place == at].mean() - p[place == at].mean())) for at in sorted(set(place))]


def _kelly(x: Array) -> float:
    share = (x > 0).sum() / (x != 0).sum()
    return share - (1 - share) * -x[x < 0].mean() / x[x > 0].mean()


def _sortino(x: Array) -> float:
    return x.mean() / np.sqrt((np.minimum(x, 0) ** 2).mean())


def _clipped(p: Array) -> Array:
    return np.clip(p, np.finfo(float).eps, 1 - np.finfo(float).eps)


def _precision(y: Array, p: Array) -> float:
    return y[p >= 0.5].mean()


def _recall(y: Array, p: Array) -> float:
    return (p[y == 1] >= 0.5).mean()


def _f1(y: Array, p: Array) -> float:
    hits, wrong = ((p >= 0.5) & (y == 1)).sum(), ((p >= 0.5) != (y == 1)).sum()
    return 2 * hits / (2 * hits + wrong)


ORACLES: dict[str, Oracle] = {
    "trades": pnl(len),
    "total_pnl": pnl(np.sum),
    "win_rate": pnl(lambda x: (x > 0).mean()),
    "average_win": pnl(lambda x: x[x > 0].mean()),
    "average_loss": pnl(lambda x: -x[x < 0].mean()),
    "largest_win": pnl(np.max),
    "largest_loss": pnl(lambda x: -np.min(x)),
    "expectancy": pnl(np.mean),
    "expectancy_check": pnl(lambda x: (x > 0).mean() * x[x > 0].mean() + (x < 0).mean() * x[x < 0].mean()),
    "share_of_losses": pnl(lambda x: (x < 0).mean()),
    "profit_factor": pnl(lambda x: x[x > 0].sum() / -x[x < 0].sum()),
    "payoff_ratio": pnl(lambda x: x[x > 0].mean() / -x[x < 0].mean()),
    "kelly": pnl(_kelly),
    "sharpe": pnl(lambda x: x.mean() / x.std(ddof=1)),
    "sharpe_yearly": pnl(lambda x: x.mean() / x.std(ddof=1) * np.sqrt(252)),
    "sortino": pnl(_sortino),
    "volatility": pnl(lambda x: x.std(ddof=1)),
    "drawdown": pnl(_fall),
    "drawdown_share": pnl(lambda x: _falls(x / 1000).max()),
    "ulcer_index": pnl(lambda x: np.sqrt((_falls(x / 1000) ** 2).sum() / (len(x) - 1)) if len(x) else np.nan),
    "recovery": pnl(lambda x: x.sum() / _fall(x)),
    "gain_to_pain": pnl(lambda x: x.sum() / -x[x < 0].sum()),
    "tail_ratio": pnl(lambda x: abs(np.quantile(x, 0.95) / np.quantile(x, 0.05))),
    "value_at_risk": pnl(lambda x: -np.quantile(x, 0.05)),
    "expected_shortfall": pnl(lambda x: -x[x <= np.quantile(x, 0.05)].mean()),
    "skew": pnl(lambda x: pd.Series(x).skew() if x.std() else np.nan),
    "kurtosis": pnl(lambda x: pd.Series(x).kurt() if x.std() else np.nan),
    "autocorrelation": pnl(lambda x: np.corrcoef(x[1:], x[:-1])[0, 1]),
    "win_streak": pnl(lambda x: _streak(x > 0)),
    "loss_streak": pnl(lambda x: _streak(x < 0)),
    "decisions": pnl(len),
    "pass_rate": pnl(lambda x: 1.0 if len(x) else np.nan),
    "decision_time_p50": times(np.median),
    "decision_time_p95": times(lambda x: np.quantile(x, 0.95)),
    "gates_evaluated": pnl(len),
    "gate_pass_rate": lambda journal: np.mean(journal.passed),
    "outcomes": pnl(len),
    "auc": scores(_auc),
    "average_precision": scores(_average_precision),
    "brier": scores(lambda y, p: ((y - p) ** 2).mean()),
    "log_loss": scores(lambda y, p: -np.log(np.where(y == 1, _clipped(p), 1 - _clipped(p))).mean()),
    "calibration_error": scores(lambda y, p: sum(size * gap for size, gap in _gaps(y, p)) / len(y)),
    "max_calibration_error": scores(lambda y, p: max(gap for _, gap in _gaps(y, p))),
    "accuracy": scores(lambda y, p: ((p >= 0.5) == y).mean()),
    "balanced_accuracy": scores(lambda y, p: ((p[y == 1] >= 0.5).mean() + (p[y == 0] < 0.5).mean()) / 2),
    "precision": scores(_precision),
    "recall": scores(_recall),
    "f1": scores(_f1),
    "matthews": scores(lambda y, p: np.corrcoef(y, p >= 0.5)[0, 1]),
    "forecast_mae": forecasts(lambda a, f: abs(a - f).mean()),
    "forecast_bias": forecasts(lambda a, f: (f - a).mean()),
    "forecast_r2": forecasts(lambda a, f: 1 - ((a - f) ** 2).sum() / ((a - a.mean()) ** 2).sum()),
    "rank_correlation": forecasts(lambda a, f: np.corrcoef(pd.Series(a).rank(), pd.Series(f).rank())[0, 1]),
}


def expected(name: str, journal: Journal) -> float | None:
    """Return a metric of a journal; None where it is not defined."""
    with np.errstate(all="ignore"):
        try:
            found = float(ORACLES[name](journal))
        except (ValueError, ZeroDivisionError, IndexError):
            return None
    return found if np.isfinite(found) else None


def is_close(found: float | None, wanted: float | None, scale: float = 1.0) -> bool:
    """Return whether two values are equal to 1e-9."""
    if found is None or wanted is None:
        return found is wanted
    return abs(found - wanted) <= 1e-9 * max(1.0, abs(wanted), scale)
