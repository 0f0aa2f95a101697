"""Recorded calls and traces, read whole."""

from obsv.store.spans.call import Call, Value, find_call, read_call, read_exact
from obsv.store.spans.detail import MOST_POINTS, Detail, Point, Relative, failing_line, read_detail
from obsv.store.spans.listed_call import ListedCall, listed_calls
from obsv.store.spans.stored import StoredSpan, spans_of_trace, spans_since
from obsv.store.spans.stored_trace import StoredTrace, read_spans, read_trace, read_traces
from obsv.store.spans.trace import TraceSpans, known_trace, read_trace_columns
from obsv.store.spans.trace_search import search_trace
from obsv.store.spans.values import ValuedCall, ValuedCalls, valued_calls

__all__ = [
    "MOST_POINTS",
    "Call",
    "Detail",
    "ListedCall",
    "Point",
    "Relative",
    "StoredSpan",
    "StoredTrace",
    "TraceSpans",
    "Value",
    "ValuedCall",
    "ValuedCalls",
    "failing_line",
    "find_call",
    "known_trace",
    "listed_calls",
    "read_call",
    "read_detail",
    "read_exact",
    "read_spans",
    "read_trace",
    "read_trace_columns",
    "read_traces",
    "search_trace",
    "spans_of_trace",
    "spans_since",
    "valued_calls",
]
