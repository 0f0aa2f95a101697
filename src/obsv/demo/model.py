"""A small model: logistic regression in a few lines, registered with what it was made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import exp

import obsv
from obsv import monitor
from obsv.demo.market import FEATURES

Rows = Sequence[tuple[list[float], int]]
_STEPS, _RATE = 60, 0.3


class Model:
    """The probability that a price rises.

    Attributes:
        artifact: its ID in the registry.
    """

    def __init__(self, weights: list[float], artifact: str = "") -> None:
        self.weights, self.artifact = weights, artifact

    @monitor(process_group="model")
    def probability(self, x: list[float]) -> float:
        """Return the probability for some features."""
        return sigmoid(self.weights, x)


def sigmoid(weights: list[float], x: list[float]) -> float:
    """Return the logistic function of a weighted sum; the first weight is the constant."""
    level = weights[0] + sum(weight * each for weight, each in zip(weights[1:], x, strict=True))
    return 1 / (1 + exp(-max(min(level, 30.0), -30.0)))


@monitor(process_group="model")
def train(rows: Rows) -> list[float]:
    """Return weights that fit rows, by gradient descent."""
    weights = [0.0] * (len(FEATURES) + 1)
    for _ in range(_STEPS):
        slopes = [0.0] * len(weights)
        for x, label in rows:
            error = sigmoid(weights, x) - label
            for at, each in enumerate((1.0, *x)):
                slopes[at] += error * each / len(rows)
        weights = [weight - _RATE * slope for weight, slope in zip(weights, slopes, strict=True)]
    return weights


def trained(rows: Rows, settings: str, why: str, parents: Sequence[str] = ()) -> Model:
    """Train a model and register it, the data and what it descends from.

    Args:
        rows: features and labels.
        settings: ID of the configuration.
        why: the reason, for the audit.
        parents: further artifacts that it is made of.
    """
    text = "\n".join(",".join(map(repr, (*x, label))) for x, label in rows)
    data = obsv.register("data", text.encode(), {"rows": len(rows)}, name="prices", why=why)
    model = Model(train(rows))
    right = sum((sigmoid(model.weights, x) >= 0.5) == bool(label) for x, label in rows) / len(rows)
    weights = json.dumps(model.weights).encode()
    about = {"accuracy": round(right, 4), "features": list(FEATURES)}
    model.artifact = obsv.register("model", weights, about, [data, settings, *parents], name="direction", why=why)
    return model
