"""Location, spread and agreement of series of numbers."""

from __future__ import annotations

from math import floor, fsum, sqrt

Numbers = list[float]


def mean(x: Numbers) -> float | None:
    """Return the arithmetic mean."""
    return fsum(x) / len(x) if x else None


def variance(x: Numbers) -> float | None:
    """Return the sample variance (n − 1)."""
    if len(x) < 2:
        return None
    middle = fsum(x) / len(x)
    return fsum((each - middle) ** 2 for each in x) / (len(x) - 1)


def std(x: Numbers) -> float | None:
    """Return the sample standard deviation (n − 1)."""
    found = variance(x)
    return None if found is None else sqrt(found)


def median(x: Numbers) -> float | None:
    """Return the median."""
    return quantile(x, 0.5)


def quantile(x: Numbers, q: float) -> float | None:
    """Return a quantile, interpolated linearly (type 7 of Hyndman and Fan)."""
    if not x or not 0 <= q <= 1:
        return None
    ordered = sorted(x)
    place = q * (len(ordered) - 1)
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def iqr(x: Numbers) -> float | None:
    """Return the distance between the quartiles."""
    low, high = quantile(x, 0.25), quantile(x, 0.75)
    return None if low is None or high is None else high - low


def mad(x: Numbers) -> float | None:
    """Return the median absolute deviation from the median, not scaled."""
    middle = median(x)
    return None if middle is None else median([abs(each - middle) for each in x])


def skew(x: Numbers) -> float | None:
    """Return the sample skewness G1 (adjusted Fisher-Pearson)."""
    n, spread = len(x), std(x)
    if n < 3 or not spread:
        return None
    middle = fsum(x) / n
    return n / ((n - 1) * (n - 2)) * fsum(((each - middle) / spread) ** 3 for each in x)


def kurtosis(x: Numbers) -> float | None:
    """Return the sample excess kurtosis G2."""
    n, spread = len(x), std(x)
    if n < 4 or not spread:
        return None
    middle = fsum(x) / n
    fourth = fsum(((each - middle) / spread) ** 4 for each in x)
    return n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * fourth - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))


def first(x: Numbers) -> float | None:
    """Return the earliest value."""
    return x[0] if x else None


def last(x: Numbers) -> float | None:
    """Return the latest value."""
    return x[-1] if x else None


def correlation(x: Numbers, y: Numbers) -> float | None:
    """Return Pearson's correlation."""
    if len(x) < 2:
        return None
    middle_x, middle_y = fsum(x) / len(x), fsum(y) / len(y)
    both = fsum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    scale = sqrt(fsum((a - middle_x) ** 2 for a in x)) * sqrt(fsum((b - middle_y) ** 2 for b in y))
    return both / scale if scale else None


def rank_correlation(x: Numbers, y: Numbers) -> float | None:
    """Return Spearman's correlation; equal values share a rank."""
    return correlation(ranks(x), ranks(y))


def autocorrelation(x: Numbers) -> float | None:
    """Return the correlation of each value with the one before."""
    return correlation(x[1:], x[:-1])


def mae(actual: Numbers, predicted: Numbers) -> float | None:
    """Return the mean absolute error."""
    return mean([abs(a - p) for a, p in zip(actual, predicted, strict=True)])


def rmse(actual: Numbers, predicted: Numbers) -> float | None:
    """Return the root of the mean squared error."""
    found = mean([(a - p) ** 2 for a, p in zip(actual, predicted, strict=True)])
    return None if found is None else sqrt(found)


def bias(actual: Numbers, predicted: Numbers) -> float | None:
    """Return by how much predictions are too high on average."""
    return mean([p - a for a, p in zip(actual, predicted, strict=True)])


def r2(actual: Numbers, predicted: Numbers) -> float | None:
    """Return the coefficient of determination."""
    if len(actual) < 2:
        return None
    middle = fsum(actual) / len(actual)
    whole = fsum((a - middle) ** 2 for a in actual)
    left = fsum((a - p) ** 2 for a, p in zip(actual, predicted, strict=True))
    return 1 - left / whole if whole else None


def ranks(x: Numbers) -> Numbers:
    """Return the rank of each value, from 1; equal values share the mean of theirs."""
    order = sorted(range(len(x)), key=x.__getitem__)
    found = [0.0] * len(x)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and x[order[end + 1]] == x[order[at]]:
            end += 1
        for each in order[at : end + 1]:
            found[each] = (at + end) / 2 + 1
        at = end + 1
    return found
