"""The parts of a parsed TraceQL query."""

from __future__ import annotations

from dataclasses import dataclass

from obsv.store.finding import Condition, Field


@dataclass(frozen=True, slots=True)
class Metric:
    """A metrics stage.

    Args:
        function: `rate`, `count_over_time`, `quantile_over_time` or `histogram_over_time`.
        field: the measured field; None to count calls.
        quantiles: quantiles of `quantile_over_time`, 0 to 1.
        by: the fields that split the series.
    """

    function: str
    field: Field | None = None
    quantiles: tuple[float, ...] = ()
    by: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """`{ condition } | select(…) | metric`.

    Args:
        condition: the condition that one span of a trace must satisfy.
        select: additional fields of the matching spans to return.
        metric: the metrics stage; None in a search.
    """

    condition: Condition
    select: tuple[Field, ...] = ()
    metric: Metric | None = None
