"""Search: conditions and filters turned into pages, traces and series."""

from obsv.store.finding.condition_search import find_traces
from obsv.store.finding.conditions import (
    EVENT,
    INSTRUMENTATION,
    INTRINSIC,
    INTRINSICS,
    KINDS,
    LINK,
    RESOURCE,
    SPAN,
    STATUSES,
    UNSCOPED,
    All,
    Always,
    AnyOf,
    Compare,
    Condition,
    Field,
    Not,
    Present,
    fields_of,
)
from obsv.store.finding.explorer import MAX_PAGE, has_calls, read_new, read_page, read_pages
from obsv.store.finding.filters import MAX_SEARCH_CHARS, Filters
from obsv.store.finding.group_by import Label
from obsv.store.finding.orders import MAX_ID, order_named
from obsv.store.finding.series import count_series
from obsv.store.finding.series_form import Series, Wanted
from obsv.store.finding.summaries import Match, Summary, matches, summarize
from obsv.store.finding.tags import TagValue, tag_names, tag_values

__all__ = [
    "EVENT",
    "INSTRUMENTATION",
    "INTRINSIC",
    "INTRINSICS",
    "KINDS",
    "LINK",
    "MAX_ID",
    "MAX_PAGE",
    "MAX_SEARCH_CHARS",
    "RESOURCE",
    "SPAN",
    "STATUSES",
    "UNSCOPED",
    "All",
    "Always",
    "AnyOf",
    "Compare",
    "Condition",
    "Field",
    "Filters",
    "Label",
    "Match",
    "Not",
    "Present",
    "Series",
    "Summary",
    "TagValue",
    "Wanted",
    "count_series",
    "fields_of",
    "find_traces",
    "has_calls",
    "matches",
    "order_named",
    "read_new",
    "read_page",
    "read_pages",
    "summarize",
    "tag_names",
    "tag_values",
]
