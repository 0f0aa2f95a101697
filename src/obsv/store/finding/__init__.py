"""Search: conditions and filters turned into pages, traces and series."""

from obsv.store.finding.call_series import CallSeries
from obsv.store.finding.completion import Completion, Known, complete
from obsv.store.finding.conditions import (
    EVENT,
    EVERY_SPAN,
    GROUP,
    INSTRUMENTATION,
    INTRINSIC,
    KINDS,
    LINK,
    NO_SPAN,
    RESOURCE,
    SPAN,
    STATUSES,
    UNSCOPED,
    VARIABLE,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Field,
    Not,
    Present,
    fields_of,
)
from obsv.store.finding.explorer import MAX_PAGE, Page, Tail
from obsv.store.finding.filters import MAX_SEARCH_CHARS, ORIGINS, Filters
from obsv.store.finding.group_by import Label
from obsv.store.finding.matching import Found, Matcher, sought_texts
from obsv.store.finding.orders import MAX_ID, Key, Order, order_named
from obsv.store.finding.query_text import quoted
from obsv.store.finding.series import Series, Wanted, needs_spans

__all__ = [
    "EVENT",
    "EVERY_SPAN",
    "GROUP",
    "INSTRUMENTATION",
    "INTRINSIC",
    "KINDS",
    "LINK",
    "MAX_ID",
    "MAX_PAGE",
    "MAX_SEARCH_CHARS",
    "NO_SPAN",
    "ORIGINS",
    "RESOURCE",
    "SPAN",
    "STATUSES",
    "UNSCOPED",
    "VARIABLE",
    "All",
    "AnyOf",
    "CallSeries",
    "Compare",
    "Completion",
    "Condition",
    "Contains",
    "Field",
    "Filters",
    "Found",
    "Key",
    "Known",
    "Label",
    "Matcher",
    "Not",
    "Order",
    "Page",
    "Present",
    "Series",
    "Tail",
    "Wanted",
    "complete",
    "fields_of",
    "needs_spans",
    "order_named",
    "quoted",
    "sought_texts",
]
