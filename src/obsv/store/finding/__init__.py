"""Search: conditions and filters turned into pages, traces and series."""

from obsv.store.finding.conditions import (
    EVENT,
    EVERY_SPAN,
    INSTRUMENTATION,
    INTRINSIC,
    KINDS,
    LINK,
    NO_SPAN,
    RESOURCE,
    SPAN,
    STATUSES,
    UNSCOPED,
    All,
    AnyOf,
    Compare,
    Condition,
    Field,
    Not,
    Present,
    fields_of,
)
from obsv.store.finding.explorer import MAX_PAGE, Page, Tail
from obsv.store.finding.filters import MAX_SEARCH_CHARS, Filters
from obsv.store.finding.group_by import Label
from obsv.store.finding.orders import MAX_ID, order_named
from obsv.store.finding.series import Series, Wanted

__all__ = [
    "EVENT",
    "EVERY_SPAN",
    "INSTRUMENTATION",
    "INTRINSIC",
    "KINDS",
    "LINK",
    "MAX_ID",
    "MAX_PAGE",
    "MAX_SEARCH_CHARS",
    "NO_SPAN",
    "RESOURCE",
    "SPAN",
    "STATUSES",
    "UNSCOPED",
    "All",
    "AnyOf",
    "Compare",
    "Condition",
    "Field",
    "Filters",
    "Label",
    "Not",
    "Page",
    "Present",
    "Series",
    "Tail",
    "Wanted",
    "fields_of",
    "order_named",
]
