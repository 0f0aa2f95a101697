"""What a TraceQL query says."""

from __future__ import annotations

from dataclasses import dataclass

from obsv.store.finding import Condition, Field


@dataclass(frozen=True, slots=True)
class Metric:
    """A metrics stage.

    Args:
        function: `rate`, `count_over_time`, `quantile_over_time` or `histogram_over_time`.
        field: what is measured; None where calls are counted.
        quantiles: of `quantile_over_time`, 0 to 1.
        by: what the series are split by.
    """

    function: str
    field: Field | None = None
    quantiles: tuple[float, ...] = ()
    by: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """`{ condition } | select(…) | metric`.

    Args:
        condition: what one span of a trace must satisfy.
        select: the fields of the matching spans to return as well.
        metric: the metrics stage; None in a search.
    """

    condition: Condition
    select: tuple[Field, ...] = ()
    metric: Metric | None = None
