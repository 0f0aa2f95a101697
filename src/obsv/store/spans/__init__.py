"""Complete recorded calls and traces."""

from obsv.store.spans.archived import ArchivedSpan
from obsv.store.spans.archived_decisions import ArchivedDecision, ArchivedOutcome
from obsv.store.spans.archived_logs import ArchivedLog
from obsv.store.spans.call import Call, Value, find_call, read_call, read_exact
from obsv.store.spans.detail import MOST_POINTS, Detail, Point, Relative, failing_line
from obsv.store.spans.listed_call import MOST_OF_TRACE, ListedCall, calls_of_trace, listed_calls
from obsv.store.spans.stored import StoredSpan
from obsv.store.spans.stored_trace import StoredTrace, read_spans
from obsv.store.spans.trace import TraceSpans
from obsv.store.spans.values import ValuedCall, ValuedCalls

__all__ = [
    "MOST_OF_TRACE",
    "MOST_POINTS",
    "ArchivedDecision",
    "ArchivedLog",
    "ArchivedOutcome",
    "ArchivedSpan",
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
    "calls_of_trace",
    "failing_line",
    "find_call",
    "listed_calls",
    "read_call",
    "read_exact",
    "read_spans",
]
