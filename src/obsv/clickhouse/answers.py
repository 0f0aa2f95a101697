"""The questions of `Store`: what each needs of ClickHouse is brought into the mirror, over which it is answered."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from obsv.clickhouse.finding import HOUR_NS, Finder
from obsv.clickhouse.mirror import Mirror
from obsv.errors import QueryTimeout
from obsv.store.figures import (
    Busy,
    Changes,
    Dependency,
    ErrorCall,
    ErrorDetail,
    ErrorGroups,
    Failure,
    Flow,
    FunctionReport,
    Operation,
    Overview,
    Pair,
    ProcessStats,
    Times,
    Totals,
)
from obsv.store.finding import (
    EVERY_SPAN,
    CallSeries,
    Condition,
    Field,
    Filters,
    Order,
    Page,
    Series,
    Tail,
    Wanted,
    needs_spans,
    order_named,
)
from obsv.store.ground import MINUTE_NS, Range, Window
from obsv.store.seam import SQLiteStore
from obsv.store.spans import Call, Detail, ListedCall, StoredSpan, StoredTrace, TraceSpans, ValuedCalls
from obsv.store.surveying import Errors, Match, Sample, Summary, TagValue
from obsv.times import MAX_NS, NS

_EVER = Window(0, MAX_NS)
# Calls of a function beside one of them, and those among which a good one is looked for; spans of which tags are told.
_NEIGHBOURS, _GOOD, _TAGGED, _VALUED = 500, 20, 1_000, 3_000
_HALF_HOUR_NS = HOUR_NS // 2
# A search that a span alone does not decide looks at no more candidates than this.
_FIRST, _GROWTH, _MOST_CANDIDATES = 50, 4, 20_000
SAMPLE_PARTS = 8


C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])


def held(cls: C) -> C:
    """Keep what a question has brought until it is answered: wrap each question of a class."""
    for name, found in list(vars(cls).items()):
        if inspect.isfunction(found) and not name.startswith("_") and not inspect.isgeneratorfunction(found):
            setattr(cls, name, _held(found))
    return cls


def _held(question: F) -> F:
    @functools.wraps(question)
    def answer(self: Answers, *args: Any, **options: Any) -> Any:
        with self._mirror.reading():
            return question(self, *args, **options)

    return cast("F", answer)


def _is_within(order: Order, call: ListedCall, reached: int) -> bool:
    """Return whether a call is among those that were brought, up to a key."""
    value = call.start_ns // 1_000 if order.by_time else call.duration_ns
    return value >= reached if order.down else value <= reached


@held
class Answers(SQLiteStore):
    """The answers that need spans or sums of ClickHouse.

    Args:
        mirror: holds what was brought.
        finder: brings it.
    """

    def __init__(self, mirror: Mirror, finder: Finder) -> None:
        super().__init__(Path(mirror.path))
        self._mirror, self._finder = mirror, finder

    def _sums(self, *windows: Window, edges: bool = False) -> None:
        for window in windows or (_EVER,):
            part = self._finder.within(window.range)
            self._mirror.add_sums(part)
            if edges:
                self._mirror.add_sums(part, edges=True)

    def _failed(self, window: Window) -> None:
        self._finder.failed(self._finder.within(window.range))

    # -- pages of calls, and calls in full ----------------------------------------------------------------------------

    def read_page(
        self, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
    ) -> Page:
        by = order_named(order)
        key = by.key(cursor) if cursor else None
        part = self._finder.within(window.range)
        window = Window(part.first_ns, part.last_ns + 1)
        self._mirror.add_sums(part)
        count = limit + 1
        while True:
            reached = self._finder.page(filters.condition, by.rest(part, key), by, key, count)
            page = super().read_page(filters, window, order, cursor, limit)
            # Repeats, and spans that only seemed to match, take places of others.
            if reached is None or (len(page.calls) >= limit and _is_within(by, page.calls[-1], reached)):
                return page
            if count >= _MOST_CANDIDATES:
                raise QueryTimeout("too few of the spans that were looked at match; narrow the time range or filters")
            count *= _GROWTH

    def read_new(self, filters: Filters, after: int, start_ns: int, limit: int = 200, oldest: bool = False) -> Tail:
        part = self._finder.within(Range(max(1, start_ns), MAX_NS))
        self._mirror.add_sums(part)
        self._finder.page(filters.condition, part, order_named("-ts"), None, limit + 1)
        return super().read_new(filters, after, start_ns, limit, oldest)

    def has_calls(self, filters: Filters) -> bool:
        self._sums()
        return super().has_calls(filters)

    def read_call(self, trace_id: str, span_id: str) -> Call:
        self._finder.traces([trace_id])
        return super().read_call(trace_id, span_id)

    def find_call(self, span_id: str) -> Call:
        self._finder.span(span_id.lower())
        return super().find_call(span_id)

    def read_detail(self, trace_id: str, span_id: str) -> Detail:
        self._finder.traces([trace_id.lower()])
        found = super().read_detail(trace_id, span_id).call
        part = Range(found.start_ns - _HALF_HOUR_NS, found.start_ns)
        self._mirror.add_sums(part)
        self._finder.of_function(found.process, part, _NEIGHBOURS)
        return super().read_detail(trace_id, span_id)

    def valued_calls(self, window: Window, trace_id: str | None = None) -> ValuedCalls:
        if trace_id:
            self._finder.traces([trace_id.lower()])
        else:
            part = self._finder.within(window.range)
            self._finder.latest(part, _VALUED)
        return super().valued_calls(window, trace_id)

    def read_pair(self, trace_id: str, span_id: str, other: tuple[str, str] | None = None) -> Pair:
        if other is not None:
            self.read_call(*other)
            self.read_call(trace_id, span_id)
            return super().read_pair(trace_id, span_id, other)
        call = self.read_call(trace_id, span_id)
        before = Range(max(0, call.start_ns - 24 * HOUR_NS), call.start_ns)
        self._finder.of_function(call.process, before, _GOOD, failed=False)
        after = Range(call.start_ns, call.start_ns + HOUR_NS)
        self._finder.of_function(call.process, after, _GOOD, failed=False, down=False)
        pair = super().read_pair(trace_id, span_id)
        if pair.good is not None:
            self._finder.traces([pair.good.trace_id])
        return super().read_pair(trace_id, span_id)

    # -- traces -------------------------------------------------------------------------------------------------------

    def known_trace(self, trace_id: str) -> str:
        self._finder.traces([trace_id.lower().rjust(32, "0")])
        return super().known_trace(trace_id)

    def read_trace_columns(self, trace_id: str, around: str | None = None) -> TraceSpans:
        self._finder.traces([trace_id.lower().rjust(32, "0")])
        return super().read_trace_columns(trace_id, around)

    def read_trace(self, trace_id: str) -> StoredTrace | None:
        self._finder.traces([trace_id.lower().rjust(32, "0")])
        return super().read_trace(trace_id)

    def read_traces(self, trace_ids: Sequence[str]) -> list[StoredTrace]:
        self._finder.traces([each.lower().rjust(32, "0") for each in trace_ids])
        return super().read_traces(trace_ids)

    def search_trace(self, trace_id: str, text: str) -> list[str]:
        self._finder.traces([trace_id.lower().rjust(32, "0")])
        return super().search_trace(trace_id, text)

    def spans_of_trace(self, trace_id: str) -> list[StoredSpan]:
        self._finder.traces([trace_id.lower().rjust(32, "0")])
        return super().spans_of_trace(trace_id)

    def calls_of_trace(self, trace_id: str, span_ids: Sequence[str]) -> list[ListedCall]:
        self._finder.traces([trace_id.lower().rjust(32, "0")])
        return super().calls_of_trace(trace_id, span_ids)

    def find_traces(self, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20) -> list[str]:
        part = self._finder.within(Range(start_ns, end_ns))
        self._mirror.add_sums(part)
        count = max(limit, _FIRST)
        while True:
            ids = self._finder.trace_ids(condition, part, count)
            self._finder.traces(ids)
            found = super().find_traces(condition, part.first_ns, part.last_ns, limit)
            if len(found) >= limit or len(ids) < count or count >= _MOST_CANDIDATES:
                return found
            count = min(count * _GROWTH, _MOST_CANDIDATES)

    def summarize(self, trace_ids: Sequence[str]) -> list[Summary]:
        self._finder.traces(trace_ids)
        return super().summarize(trace_ids)

    def matches(self, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
        self._finder.traces(trace_ids)
        return super().matches(condition, trace_ids, most)

    # -- failed calls -------------------------------------------------------------------------------------------------

    def read_errors(self, filters: Filters, window: Window, limit: int) -> Errors:
        self._failed(window)
        return super().read_errors(filters, window, limit)

    def latest_errors(self, window: Window, limit: int) -> list[ErrorCall]:
        self._failed(window)
        return super().latest_errors(window, limit)

    def read_error_groups(
        self,
        window: Window,
        status: str | None = None,
        text: str = "",
        order: str = "last",
        limit: int = 100,
        process: str | None = None,
    ) -> ErrorGroups:
        self._failed(window)
        return super().read_error_groups(window, status, text, order, limit, process)

    def read_error_group(self, group_id: int, window: Window, limit: int = 100) -> ErrorDetail:
        self._failed(window)
        return super().read_error_group(group_id, window, limit)

    def sample_calls(self, filters: Filters, window: Window, most: int) -> Sample:
        part = self._finder.within(window.range)
        self._mirror.add_sums(part)
        length = (part.last_ns - part.first_ns) // SAMPLE_PARTS + 1
        for first in range(part.first_ns, part.last_ns, length):
            some = Range(first, min(first + length, part.last_ns))
            self._finder.page(filters.condition, some, order_named("-ts"), None, 2 * most // SAMPLE_PARTS + 1)
        # With their traces, for their callers.
        self._finder.traces(each.call.trace_id for each in super().sample_calls(filters, window, most).calls)
        return super().sample_calls(filters, window, most)

    def sample_group(self, group_id: int, window: Window, most: int) -> Sample:
        self._failed(window)
        return super().sample_group(group_id, window, most)

    def failures(self, name: str) -> list[Failure]:
        self._sums()
        self._finder.of_function(name, self._finder.within(_EVER.range), 100, failed=True)
        return super().failures(name)

    # -- figures ------------------------------------------------------------------------------------------------------

    def read_totals(self, recorders_since_ns: int) -> Totals:
        self._sums()
        return super().read_totals(recorders_since_ns)

    def read_overview(self, window: Window) -> Overview:
        self._sums(window, window.before())
        self._failed(window)
        self._finder.oldest(self._finder.within(window.before().range))
        return super().read_overview(window)

    def read_changes(self, before: Window, after: Window) -> Changes:
        self._sums(before, after, edges=True)
        self._failed(before)
        self._failed(after)
        return super().read_changes(before, after)

    def read_busiest(self, window: Window, part: str = "", limit: int = 100) -> list[Busy]:
        self._sums(window)
        return super().read_busiest(window, part, limit)

    def read_function(self, name: str, window: Window) -> FunctionReport:
        self._sums(window, edges=True)
        within = self._finder.within(_EVER.range)
        self._mirror.add_variables(name, within)
        self._finder.of_function(name, within, 1)
        self._finder.of_function(name, within, 20, failed=True)
        return super().read_function(name, window)

    def process_stats(self, since_ns: int | None = None) -> list[ProcessStats]:
        self._sums(Window(since_ns or 0, MAX_NS))
        return super().process_stats(since_ns)

    def read_flow(self, window: Window) -> Flow:
        self._sums(window, edges=True)
        return super().read_flow(window)

    def read_dependencies(self, start_ns: int, end_ns: int) -> list[Dependency]:
        self._sums(Window(start_ns, end_ns), edges=True)
        return super().read_dependencies(start_ns, end_ns)

    def count_series(self, wanted: Wanted) -> list[Series]:
        part = self._finder.within(wanted.within)
        if needs_spans(wanted):
            self._finder.matching(wanted.condition, part, "A series")
        self._mirror.add_sums(part)
        return super().count_series(wanted)

    def read_call_series(self, filters: Filters, window: Window) -> CallSeries:
        part = self._finder.within(window.range)
        by_minutes = Wanted(filters.condition, (), Range(0, MINUTE_NS - 1), MINUTE_NS)
        if window.seconds < HOUR_NS / NS or needs_spans(by_minutes):
            self._finder.matching(filters.condition, part, "A series")
        self._mirror.add_sums(part)
        return super().read_call_series(filters, window)

    def read_times(self, name: str, first: Window, second: Window) -> Times:
        self._sums(first, second)
        return super().read_times(name, first, second)

    # -- names --------------------------------------------------------------------------------------------------------

    def read_groups(self, part: str = "", limit: int = 50) -> list[str]:
        self._sums()
        return super().read_groups(part, limit)

    def read_processes(self, part: str = "", group: str | None = None, limit: int = 50) -> list[str]:
        self._sums()
        return super().read_processes(part, group, limit)

    def read_variables(self, part: str = "", process: str | None = None, limit: int = 50) -> list[str]:
        self._sums()
        return super().read_variables(part, process, limit)

    def read_services(self) -> list[str]:
        self._sums()
        return super().read_services()

    def read_operations(self, service: str) -> list[Operation]:
        self._sums()
        return super().read_operations(service)

    def tag_names(self, limit: int) -> dict[str, list[str]]:
        self._sums()
        self._finder.latest(self._finder.within(_EVER.range), _TAGGED)
        return super().tag_names(limit)

    def tag_values(self, field: Field, condition: Condition, limit: int) -> list[TagValue]:
        self._sums()
        part = self._finder.within(_EVER.range)
        self._finder.page(condition or EVERY_SPAN, part, order_named("-ts"), None, _TAGGED)
        return super().tag_values(field, condition, limit)
