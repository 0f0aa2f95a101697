"""The store in one SQLite file: the first to answer what `Store` asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from obsv.errors import StoreUnavailable
from obsv.store.figures import (
    Beat,
    Busy,
    Changes,
    Dependency,
    ErrorCall,
    ErrorDetail,
    ErrorEvent,
    ErrorGroups,
    Failure,
    Flow,
    FunctionReport,
    Health,
    LogFilters,
    Logs,
    Milestone,
    NewLogs,
    Operation,
    Overview,
    Pair,
    ProcessStats,
    Times,
    Totals,
)
from obsv.store.figures.beat import read_beat
from obsv.store.figures.busiest import read_busiest
from obsv.store.figures.changes import read_changes
from obsv.store.figures.choices import read_groups, read_processes, read_variables
from obsv.store.figures.compare import failures, read_pair, read_times
from obsv.store.figures.error_groups import error_events_since, read_error_group, read_error_groups
from obsv.store.figures.flow import read_flow
from obsv.store.figures.function import read_function
from obsv.store.figures.health import check
from obsv.store.figures.logs import read_logs, read_new_logs
from obsv.store.figures.milestones import read_milestones
from obsv.store.figures.overview import latest_errors, read_overview
from obsv.store.figures.services import read_dependencies, read_operations, read_services
from obsv.store.figures.stats import process_stats
from obsv.store.figures.totals import read_totals
from obsv.store.file import ROW_LIMIT, Answer, Readable, Reader, run_sql
from obsv.store.finding import Condition, Field, Filters, Page, Series, Tail, Wanted
from obsv.store.finding.condition_search import find_traces
from obsv.store.finding.explorer import has_calls, read_new, read_page, read_pages
from obsv.store.finding.series import count_series
from obsv.store.ground import Window
from obsv.store.spans import ArchivedSpan, Call, Detail, ListedCall, StoredSpan, StoredTrace, TraceSpans, ValuedCalls
from obsv.store.spans.archived import spans_between, starts_after
from obsv.store.spans.call import find_call, read_call, read_exact
from obsv.store.spans.detail import read_detail
from obsv.store.spans.stored import counted_until, spans_after, spans_of_trace, spans_since
from obsv.store.spans.stored_trace import read_trace, read_traces
from obsv.store.spans.trace import known_trace, read_trace_columns
from obsv.store.spans.trace_search import search_trace
from obsv.store.spans.values import valued_calls
from obsv.store.surveying import Errors, Match, Sample, Summary, TagValue
from obsv.store.surveying.handled import read_errors
from obsv.store.surveying.sampling import sample_calls, sample_group
from obsv.store.surveying.summaries import matches, summarize
from obsv.store.surveying.tags import tag_names, tag_values
from obsv.store.watching import (
    AlertRow,
    Arrivals,
    CallFigures,
    Counted,
    Delivery,
    EventRow,
    Feed,
    Level,
    LevelBucket,
    Outbox,
    Recorder,
    Repeating,
    RuleRow,
    SilenceRow,
)
from obsv.store.watching.levels import count_level, read_level
from obsv.store.watching.looking import (
    read_alert_events,
    read_alerts,
    read_deliveries,
    read_outbox,
    read_rule_rows,
    read_silences,
)
from obsv.store.watching.readings import (
    read_call_figures,
    read_failed,
    read_feeds,
    read_last_call,
    read_recorders,
    read_repeating,
)
from obsv.store.writing import Triage
from obsv.times import MAX_NS


class SQLiteStore:
    """Answers from a database file, which may appear, grow or be replaced meanwhile.

    Args:
        path: the file.
        source: what is read; None for the file as it is at each question.
    """

    def __init__(self, path: Path, source: Readable | None = None) -> None:
        self._path = path
        self._reader = Reader(path)
        self._source: Readable = source or self._reader

    @property
    def name(self) -> str:
        return str(self._path)

    @property
    def exists(self) -> bool:
        try:
            return self._path.stat().st_size > 0
        except OSError:
            return False

    @property
    def identity(self) -> object:
        return self._reader.file

    @contextmanager
    def view(self) -> Iterator[SQLiteStore]:
        with self._source.snapshot() as snapshot:
            yield SQLiteStore(self._path, snapshot)

    def close(self) -> None:
        self._reader.close()

    def read_page(
        self, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
    ) -> Page:
        return read_page(self._source, filters, window, order, cursor, limit)

    def read_pages(
        self, filters: Filters, window: Window, order: str, most: int, size: int = 1_000
    ) -> Iterator[list[ListedCall]]:
        return read_pages(self._source, filters, window, order, most, size)

    def read_new(self, filters: Filters, after: int, start_ns: int, limit: int = 200, oldest: bool = False) -> Tail:
        return read_new(self._source, filters, after, start_ns, limit, oldest)

    def has_calls(self, filters: Filters) -> bool:
        return has_calls(self._source, filters)

    def read_totals(self, recorders_since_ns: int) -> Totals:
        return read_totals(self._source, recorders_since_ns)

    def read_overview(self, window: Window) -> Overview:
        return read_overview(self._source, window)

    def known_trace(self, trace_id: str) -> str:
        return known_trace(self._source, trace_id)

    def read_trace_columns(self, trace_id: str, around: str | None = None) -> TraceSpans:
        with self._source.snapshot() as snapshot:
            return read_trace_columns(snapshot, trace_id, around)

    def read_trace(self, trace_id: str) -> StoredTrace | None:
        with self._source.snapshot() as snapshot:
            return read_trace(snapshot, trace_id)

    def read_traces(self, trace_ids: Sequence[str]) -> list[StoredTrace]:
        with self._source.snapshot() as snapshot:
            return read_traces(snapshot, trace_ids)

    def search_trace(self, trace_id: str, text: str) -> list[str]:
        return search_trace(self._source, trace_id, text)

    def read_call(self, trace_id: str, span_id: str) -> Call:
        return read_call(self._source, trace_id, span_id)

    def find_call(self, span_id: str) -> Call:
        return find_call(self._source, span_id)

    def read_exact(self, call: Call) -> bytes | None:
        return read_exact(self._source, call)

    def read_detail(self, trace_id: str, span_id: str) -> Detail:
        return read_detail(self._source, trace_id, span_id)

    def read_errors(self, filters: Filters, window: Window, limit: int) -> Errors:
        return read_errors(self._source, filters, window, limit)

    def latest_errors(self, window: Window, limit: int) -> list[ErrorCall]:
        return latest_errors(self._source, window, limit)

    def read_error_groups(
        self,
        window: Window,
        status: str | None = None,
        text: str = "",
        order: str = "last",
        limit: int = 100,
        process: str | None = None,
    ) -> ErrorGroups:
        return read_error_groups(self._source, window, status, text, order, limit, process)

    def read_error_group(self, group_id: int, window: Window, limit: int = 100) -> ErrorDetail:
        return read_error_group(self._source, group_id, window, limit)

    def error_events_since(self, after: int, limit: int = 1_000) -> list[ErrorEvent]:
        return error_events_since(self._source, after, limit)

    def read_milestones(self, window: Window, limit: int = 200) -> list[Milestone]:
        return read_milestones(self._source, window, limit)

    def read_changes(self, before: Window, after: Window) -> Changes:
        return read_changes(self._source, before, after)

    def read_logs(self, filters: LogFilters, window: Window, cursor: str | None = None, limit: int = 100) -> Logs:
        return read_logs(self._source, filters, window, cursor, limit)

    def read_new_logs(self, filters: LogFilters, after: int, limit: int = 1_000) -> NewLogs:
        return read_new_logs(self._source, filters, after, limit)

    def sample_calls(self, filters: Filters, window: Window, most: int) -> Sample:
        return sample_calls(self._source, filters, window, most)

    def sample_group(self, group_id: int, window: Window, most: int) -> Sample:
        return sample_group(self._source, group_id, window, most)

    def triage(self) -> Triage:
        return Triage(self._path)

    def failures(self, name: str) -> list[Failure]:
        return failures(self._source, name)

    def read_busiest(self, window: Window, part: str = "", limit: int = 100) -> list[Busy]:
        return read_busiest(self._source, window, part, limit)

    def read_function(self, name: str, window: Window) -> FunctionReport:
        return read_function(self._source, name, window)

    def process_stats(self, since_ns: int | None = None) -> list[ProcessStats]:
        return process_stats(self._source, since_ns)

    def read_flow(self, window: Window) -> Flow:
        return read_flow(self._source, window)

    def read_dependencies(self, start_ns: int, end_ns: int) -> list[Dependency]:
        return read_dependencies(self._source, start_ns, end_ns)

    def read_groups(self, part: str = "", limit: int = 50) -> list[str]:
        return read_groups(self._source, part, limit)

    def read_processes(self, part: str = "", group: str | None = None, limit: int = 50) -> list[str]:
        return read_processes(self._source, part, group, limit)

    def read_variables(self, part: str = "", process: str | None = None, limit: int = 50) -> list[str]:
        return read_variables(self._source, part, process, limit)

    def find_traces(self, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20) -> list[str]:
        with self._source.snapshot() as snapshot:
            return find_traces(snapshot, condition, start_ns, end_ns, limit)

    def summarize(self, trace_ids: Sequence[str]) -> list[Summary]:
        with self._source.snapshot() as snapshot:
            return summarize(snapshot, trace_ids)

    def matches(self, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
        with self._source.snapshot() as snapshot:
            return matches(snapshot, condition, trace_ids, most)

    def read_services(self) -> list[str]:
        return read_services(self._source)

    def read_operations(self, service: str) -> list[Operation]:
        return read_operations(self._source, service)

    def tag_names(self, limit: int) -> dict[str, list[str]]:
        with self._source.snapshot() as snapshot:
            return tag_names(snapshot, limit)

    def tag_values(self, field: Field, condition: Condition, limit: int) -> list[TagValue]:
        with self._source.snapshot() as snapshot:
            return tag_values(snapshot, field, condition, limit)

    def count_series(self, wanted: Wanted) -> list[Series]:
        with self._source.snapshot() as snapshot:
            return count_series(snapshot, wanted)

    def valued_calls(self, window: Window, trace_id: str | None = None) -> ValuedCalls:
        return valued_calls(self._source, window, trace_id)

    def read_pair(self, trace_id: str, span_id: str) -> Pair:
        return read_pair(self._source, trace_id, span_id)

    def read_times(self, name: str, first: Window, second: Window) -> Times:
        return read_times(self._source, name, first, second)

    def spans_of_trace(self, trace_id: str) -> list[StoredSpan]:
        return spans_of_trace(self._source, trace_id)

    def spans_since(self, since_ns: int = 0, until_ns: int = MAX_NS, size: int = 1_000) -> Iterator[list[StoredSpan]]:
        return spans_since(self._source, since_ns, until_ns, size)

    def spans_after(self, position: int, size: int = 1_000) -> list[StoredSpan]:
        return spans_after(self._source, position, size)

    def counted_until(self, position: int) -> int:
        return counted_until(self._source, position)

    def last_call(self) -> int:
        return read_last_call(self._source)

    def read_failed(self, after: int) -> Arrivals:
        return read_failed(self._source, after)

    def read_feeds(self) -> list[Feed]:
        return read_feeds(self._source)

    def read_repeating(self, least: int, since_ns: int) -> list[Repeating]:
        return read_repeating(self._source, least, since_ns)

    def read_recorders(self, since_ns: int) -> list[Recorder]:
        return read_recorders(self._source, since_ns)

    def read_call_figures(self, start_ns: int, end_ns: int) -> list[CallFigures]:
        return read_call_figures(self._source, start_ns, end_ns)

    def read_alerts(self, limit: int = 1_000) -> list[AlertRow]:
        return read_alerts(self._source, limit)

    def read_alert_events(self, limit: int = 200) -> list[EventRow]:
        return read_alert_events(self._source, limit)

    def read_deliveries(self, limit: int = 100) -> list[Delivery]:
        return read_deliveries(self._source, limit)

    def read_silences(self, since_ns: int) -> list[SilenceRow]:
        return read_silences(self._source, since_ns)

    def read_rule_rows(self) -> list[RuleRow]:
        return read_rule_rows(self._source)

    def count_level(self, level: Level, after: int) -> Counted:
        return count_level(self._source, self._path, level, after)

    def read_level(self, slo: str, version: str, since_ns: int) -> list[LevelBucket]:
        return read_level(self._source, slo, version, since_ns)

    def read_outbox(self) -> Outbox:
        return read_outbox(self._source)

    def starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        return starts_after(self._source, position)

    def spans_between(self, after: int, last: int) -> Iterator[list[ArchivedSpan]]:
        return spans_between(self._source, after, last)

    def read_beat(self, now_ns: int) -> Beat:
        try:
            return read_beat(self._source, now_ns)
        except StoreUnavailable:
            if self.exists:
                raise
            return Beat(0, (), (), now_ns)

    def check(self, now_ns: int) -> Health:
        return check(self._path, now_ns)

    def run_sql(self, statement: str, row_limit: int = ROW_LIMIT) -> Answer:
        return run_sql(self._path, statement, row_limit=row_limit)


def open_store(path: str | Path) -> SQLiteStore:
    """The store of a database file; nothing is opened before the first question."""
    return SQLiteStore(Path(path))
