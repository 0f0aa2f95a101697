"""TraceQL as written by Grafana's query builder, and the metrics functions that Grafana's pages use."""

from obsv.api.traceql.ast import Metric, Query
from obsv.api.traceql.parser import parse

__all__ = ["Metric", "Query", "parse"]
