"""TraceQL as Grafana's query builder writes it, and the metrics functions that Grafana's pages use."""

from obsv.api.traceql.ast import Metric, Query
from obsv.api.traceql.parser import parse

__all__ = ["Metric", "Query", "parse"]
