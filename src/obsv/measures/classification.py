"""Figures of scores against labels: 0, or anything else for true."""

from __future__ import annotations

from math import floor, fsum, log, sqrt

from obsv.measures.spread import Numbers, mean, ranks

# Scores of exactly 0 or 1 are moved by this much, so that a wrong one does not cost infinitely much.
_EPSILON = 2.220446049250313e-16


def auc(label: Numbers, score: Numbers) -> float | None:
    """Return the area under the ROC curve: the probability that a true case scores above a false one."""
    positive = sum(each != 0 for each in label)
    negative = len(label) - positive
    if not positive or not negative:
        return None
    above = fsum(rank for rank, each in zip(ranks(score), label, strict=True) if each != 0)
    return (above - positive * (positive + 1) / 2) / (positive * negative)


def average_precision(label: Numbers, score: Numbers) -> float | None:
    """Return the sum of precisions at each score, weighed with the growth of recall."""
    positive = sum(each != 0 for each in label)
    if not positive:
        return None
    order = sorted(zip(score, label, strict=True), key=lambda pair: -pair[0])
    total, hits, last = 0.0, 0, 0
    for at, (level, each) in enumerate(order):
        hits += each != 0
        if at + 1 == len(order) or order[at + 1][0] != level:
            total += (hits - last) / positive * hits / (at + 1)
            last = hits
    return total


def brier(label: Numbers, probability: Numbers) -> float | None:
    """Return the mean squared distance of probabilities from labels."""
    return mean([(p - (each != 0)) ** 2 for each, p in zip(label, probability, strict=True)])


def log_loss(label: Numbers, probability: Numbers) -> float | None:
    """Return the mean negative logarithm of the probability that was given to what happened."""
    losses = []
    for each, p in zip(label, probability, strict=True):
        p = min(max(p, _EPSILON), 1 - _EPSILON)
        losses.append(-log(p if each != 0 else 1 - p))
    return mean(losses)


def calibration_error(label: Numbers, probability: Numbers, bins: float = 10.0) -> float | None:
    """Return the expected calibration error: the mean distance of shares from probabilities in bins of equal width."""
    gaps = _gaps(label, probability, bins)
    return fsum(size * gap for size, gap in gaps) / len(label) if gaps else None


def max_calibration_error(label: Numbers, probability: Numbers, bins: float = 10.0) -> float | None:
    """Return the largest distance of a bin's share from its mean probability."""
    return max((gap for _, gap in _gaps(label, probability, bins)), default=None)


def _gaps(label: Numbers, probability: Numbers, bins: float) -> list[tuple[int, float]]:
    count = max(int(bins), 1)
    inside: dict[int, list[tuple[float, float]]] = {}
    for each, p in zip(label, probability, strict=True):
        place = min(max(floor(p * count), 0), count - 1)
        inside.setdefault(place, []).append((float(each != 0), p))
    return [
        (len(pairs), abs(fsum(each for each, _ in pairs) - fsum(p for _, p in pairs)) / len(pairs))
        for pairs in inside.values()
    ]


def accuracy(label: Numbers, score: Numbers, threshold: float = 0.5) -> float | None:
    """Return the share of right predictions."""
    hit, false, miss, right = _table(label, score, threshold)
    return _divided(hit + right, hit + false + miss + right)


def balanced_accuracy(label: Numbers, score: Numbers, threshold: float = 0.5) -> float | None:
    """Return the mean of recall and specificity."""
    found = recall(label, score, threshold), specificity(label, score, threshold)
    return None if None in found else (found[0] + found[1]) / 2  # type: ignore[operator]


def precision(label: Numbers, score: Numbers, threshold: float = 0.5) -> float | None:
    """Return the share of true cases among those predicted."""
    hit, false, _, _ = _table(label, score, threshold)
    return _divided(hit, hit + false)


def recall(label: Numbers, score: Numbers, threshold: float = 0.5) -> float | None:
    """Return the share of true cases that are predicted."""
    hit, _, miss, _ = _table(label, score, threshold)
    return _divided(hit, hit + miss)


def specificity(label: Numbers, score: Numbers, threshold: float = 0.5) -> float | None:
    """Return the share of false cases that are not predicted."""
    _, false, _, right = _table(label, score, threshold)
    return _divided(right, right + false)


def f1(label: Numbers, score: Numbers, threshold: float = 0.5) -> float | None:
    """Return the harmonic mean of precision and recall."""
    hit, false, miss, _ = _table(label, score, threshold)
    return _divided(2 * hit, 2 * hit + false + miss)


def matthews(label: Numbers, score: Numbers, threshold: float = 0.5) -> float | None:
    """Return Matthews' correlation coefficient."""
    hit, false, miss, right = _table(label, score, threshold)
    scale = sqrt((hit + false) * (hit + miss) * (right + false) * (right + miss))
    return (hit * right - false * miss) / scale if scale else None


def _table(label: Numbers, score: Numbers, threshold: float) -> tuple[int, int, int, int]:
    """Return true positives, false positives, false negatives and true negatives."""
    counts = [[0, 0], [0, 0]]
    for each, p in zip(label, score, strict=True):
        counts[p >= threshold][each != 0] += 1
    return counts[1][1], counts[1][0], counts[0][1], counts[0][0]


def _divided(part: float, whole: float) -> float | None:
    return part / whole if whole else None
