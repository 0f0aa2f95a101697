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
from obsv.store.finding.explorer import MAX_PAGE, read_new, read_page, read_pages
from obsv.store.finding.filters import MAX_SEARCH_CHARS, Filters
from obsv.store.finding.group_by import Label
from obsv.store.finding.keyset import MAX_ID, check_order
from obsv.store.finding.scope import Scope
from obsv.store.finding.series import count_series
from obsv.store.finding.series_form import Series, Wanted
from obsv.store.finding.summaries import Match, Summary, matches, summarize
from obsv.store.finding.tags import TagValue, tag_names, tag_values
from obsv.store.finding.ways import Range

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
    "Range",
    "Scope",
    "Series",
    "Summary",
    "TagValue",
    "Wanted",
    "check_order",
    "count_series",
    "fields_of",
    "find_traces",
    "matches",
    "read_new",
    "read_page",
    "read_pages",
    "summarize",
    "tag_names",
    "tag_values",
]
