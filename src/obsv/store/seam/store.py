"""The questions that everything which shows recorded calls asks of a store: one protocol, whatever answers it.

They speak of calls, traces, conditions and windows of time. No SQL passes here, nor an engine's errors or rows; where a
page ended is a text that only the store reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

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
from obsv.store.file import ROW_LIMIT, Answer
from obsv.store.finding import Condition, Field, Filters, Page, Series, Tail, Wanted
from obsv.store.ground import Window
from obsv.store.spans import ArchivedSpan, Call, Detail, ListedCall, StoredSpan, StoredTrace, TraceSpans, ValuedCalls
from obsv.store.surveying import Errors, Match, Sample, Summary, TagValue
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
from obsv.store.writing import Triage
from obsv.times import MAX_NS


class Store(Protocol):
    """Answers questions about what was recorded. Any number of threads may ask at once.

    All questions raise `StoreUnavailable` (there is none, or it does not answer), `ForeignFile`, `NewerSchema` and
    `QueryTimeout`; those for one thing raise `NotFound`, those that a user has written `InvalidQuery`.
    """

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def exists(self) -> bool:
        """Whether there is anything to read, be it unreadable."""
        ...

    @property
    def identity(self) -> object:
        """Changes when another store has taken its place; None when there is none."""
        ...

    def view(self) -> AbstractContextManager[Store]:
        """Several questions that see the same state; keep it short."""
        ...

    def close(self) -> None:
        """Gives up what it holds; the next question takes it again."""
        ...

    # 1. Pages of calls, and what is new.
    def read_page(
        self, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
    ) -> Page:
        """One page of calls: `-ts` (newest first), `ts`, `-duration` (longest first) or `duration`."""
        ...

    def read_pages(
        self, filters: Filters, window: Window, order: str, most: int, size: int = 1_000
    ) -> Iterator[list[ListedCall]]:
        """All pages one after the other, up to a number of calls."""
        ...

    def read_new(self, filters: Filters, after: int, start_ns: int, limit: int = 200, oldest: bool = False) -> Tail:
        """What has arrived since `last_id` of the last look."""
        ...

    def has_calls(self, filters: Filters) -> bool:
        """Whether anything that the filters name was recorded at all."""
        ...

    # 2. Counts and totals.
    def read_totals(self, recorders_since_ns: int) -> Totals:
        """What has been counted since the store began."""
        ...

    def read_overview(self, window: Window) -> Overview:
        """Totals against the period before, latest errors, groups, functions."""
        ...

    # 3. A trace by its id.
    def known_trace(self, trace_id: str) -> str:
        """The id of a trace in full."""
        ...

    def read_trace_columns(self, trace_id: str, around: str | None = None) -> TraceSpans:
        """The spans of a trace as columns, or a part of a very large one."""
        ...

    def read_trace(self, trace_id: str) -> StoredTrace | None:
        """A trace's spans, whole and bounded."""
        ...

    def read_traces(self, trace_ids: Sequence[str]) -> list[StoredTrace]:
        """Several traces' spans, whole and bounded."""
        ...

    def search_trace(self, trace_id: str, text: str) -> list[str]:
        """The spans of a trace that contain a text."""
        ...

    # 4. A call in full.
    def read_call(self, trace_id: str, span_id: str) -> Call:
        """A call by its trace and span."""
        ...

    def find_call(self, span_id: str) -> Call:
        """The latest call with a span id."""
        ...

    def read_exact(self, call: Call) -> bytes | None:
        """The inputs of a call as they were, pickled; None where they were not kept."""
        ...

    def read_detail(self, trace_id: str, span_id: str) -> Detail:
        """A call with the durations before it, and its place in its trace."""
        ...

    # 5. Errors.
    def read_errors(self, filters: Filters, window: Window, limit: int) -> Errors:
        """The latest failed calls, those first that left the program's outermost recorded call."""
        ...

    def latest_errors(self, window: Window, limit: int) -> list[ErrorCall]:
        """The latest failed calls, those that only pass an exception on left out."""
        ...

    def read_error_groups(
        self,
        window: Window,
        status: str | None = None,
        text: str = "",
        order: str = "last",
        limit: int = 100,
        process: str | None = None,
    ) -> ErrorGroups:
        """The groups with errors in a window, by `last`, `count` or `first`."""
        ...

    def read_error_group(self, group_id: int, window: Window, limit: int = 100) -> ErrorDetail:
        """A group with what explains it, and its latest calls in a window."""
        ...

    def error_events_since(self, after: int, limit: int = 1_000) -> list[ErrorEvent]:
        """Groups that were new or came back after the event with that id, oldest first."""
        ...

    def read_milestones(self, window: Window, limit: int = 200) -> list[Milestone]:
        """Deployments and new versions of a window, oldest first."""
        ...

    def read_changes(self, before: Window, after: Window) -> Changes:
        """Two neighbouring windows side by side: calls, errors, durations, sources, forms of values."""
        ...

    def sample_calls(self, filters: Filters, window: Window, most: int) -> Sample:
        """Some calls of a window, spread over it, with where each came from."""
        ...

    def sample_group(self, group_id: int, window: Window, most: int) -> Sample:
        """The latest calls where errors of a group began."""
        ...

    def triage(self) -> Triage:
        """Takes decisions about groups of errors: the only thing here that writes."""
        ...

    def failures(self, name: str) -> list[Failure]:
        """The latest failed calls of a function."""
        ...

    # Log records.
    def read_logs(self, filters: LogFilters, window: Window, cursor: str | None = None, limit: int = 100) -> Logs:
        """A page of log records, newest first."""
        ...

    def read_new_logs(self, filters: LogFilters, after: int, limit: int = 1_000) -> NewLogs:
        """The log records that arrived after one, in order of arrival; after -1: only where to begin."""
        ...

    # 6. and 7. Functions: busiest, slowest, sums.
    def read_busiest(self, window: Window, part: str = "", limit: int = 100) -> list[Busy]:
        """The functions that were called most."""
        ...

    def read_function(self, name: str, window: Window) -> FunctionReport:
        """A function: what it is, how it did, what its variables were last."""
        ...

    # 8. Percentiles.
    def process_stats(self, since_ns: int | None = None) -> list[ProcessStats]:
        """Calls, error rate and percentiles of each process."""
        ...

    # 9. Who calls whom.
    def read_flow(self, window: Window) -> Flow:
        """Functions and feeds, and the calls between them."""
        ...

    def read_dependencies(self, start_ns: int, end_ns: int) -> list[Dependency]:
        """Calls between services."""
        ...

    # 10. Names to choose from.
    def read_groups(self, part: str = "", limit: int = 50) -> list[str]:
        """Process groups whose names contain a part."""
        ...

    def read_processes(self, part: str = "", group: str | None = None, limit: int = 50) -> list[str]:
        """Processes whose names contain a part."""
        ...

    def read_variables(self, part: str = "", process: str | None = None, limit: int = 50) -> list[str]:
        """Variables whose names contain a part."""
        ...

    # 11. and 12. Traces that hold a span which satisfies a condition.
    def find_traces(self, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20) -> list[str]:
        """The ids of the latest traces."""
        ...

    def summarize(self, trace_ids: Sequence[str]) -> list[Summary]:
        """Traces at a glance."""
        ...

    def matches(self, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
        """The spans of traces that satisfy a condition."""
        ...

    # 13. Services, operations, attributes and their values.
    def read_services(self) -> list[str]:
        """All services."""
        ...

    def read_operations(self, service: str) -> list[Operation]:
        """What a service does."""
        ...

    def tag_names(self, limit: int) -> dict[str, list[str]]:
        """Attributes by scope."""
        ...

    def tag_values(self, field: Field, condition: Condition, limit: int) -> list[TagValue]:
        """Values that a field has."""
        ...

    # 14. Series.
    def count_series(self, wanted: Wanted) -> list[Series]:
        """Matching spans counted over time."""
        ...

    # 15. What goes further: values for lineage, pairs to compare, spans to send on.
    def valued_calls(self, window: Window, trace_id: str | None = None) -> ValuedCalls:
        """Calls with their values: of a trace, or the latest."""
        ...

    def read_pair(self, trace_id: str, span_id: str) -> Pair:
        """A call and one to hold beside it."""
        ...

    def read_times(self, name: str, first: Window, second: Window) -> Times:
        """A function in two windows of time."""
        ...

    def spans_of_trace(self, trace_id: str) -> list[StoredSpan]:
        """All spans of a trace, in order of start."""
        ...

    def spans_since(self, since_ns: int = 0, until_ns: int = MAX_NS, size: int = 1_000) -> Iterator[list[StoredSpan]]:
        """Spans that started in a range of time, oldest first, some at a time."""
        ...

    def spans_after(self, position: int, size: int = 1_000) -> list[StoredSpan]:
        """The spans that arrived after the one with this `id`, in order of arrival."""
        ...

    def counted_until(self, position: int) -> int:
        """How many spans arrived up to the one with this `id`, with all that were deleted, whatever their ids."""
        ...

    # 16. What alert rules look at.
    def last_call(self) -> int:
        """The id of the call that arrived last."""
        ...

    def read_failed(self, after: int) -> Arrivals:
        """The failed calls that arrived after one."""
        ...

    def read_feeds(self) -> list[Feed]:
        """Feeds and their latest updates."""
        ...

    def read_repeating(self, least: int, since_ns: int) -> list[Repeating]:
        """Variables that repeat."""
        ...

    def read_recorders(self, since_ns: int) -> list[Recorder]:
        """Recording processes, as they last described themselves."""
        ...

    def read_call_figures(self, start_ns: int, end_ns: int) -> list[CallFigures]:
        """How calls went over some minutes."""
        ...

    # 17. Alerts.
    def read_alerts(self, limit: int = 1_000) -> list[AlertRow]:
        """Alerts, those that fire first."""
        ...

    def read_alert_events(self, limit: int = 200) -> list[EventRow]:
        """Changes of alerts' states, the latest first."""
        ...

    def read_deliveries(self, limit: int = 100) -> list[Delivery]:
        """Messages about alerts with their attempts, the latest first."""
        ...

    def read_silences(self, since_ns: int) -> list[SilenceRow]:
        """Silences that end after a time."""
        ...

    def read_rule_rows(self) -> list[RuleRow]:
        """How the last evaluations of rules went."""
        ...

    def count_level(self, level: Level, after: int) -> Counted:
        """The calls of a service level that arrived after one."""
        ...

    def read_level(self, slo: str, version: str, since_ns: int) -> list[LevelBucket]:
        """The counts of a service level."""
        ...

    def read_outbox(self) -> Outbox:
        """How messages about alerts fare."""
        ...

    # 18. The store itself, and what a user asks in the store's own language.

    # 17. The store itself, and what a user asks in the store's own language.
    def starts_after(self, position: int) -> Iterator[tuple[int, int]]:
        """`id` and start of the spans that arrived after one, in order of arrival."""
        ...

    def spans_between(self, after: int, last: int) -> Iterator[list[ArchivedSpan]]:
        """The spans that arrived after one and up to another, some at a time, as an archive takes them."""
        ...

    # 16. The store itself, and what a user asks in the store's own language.
    def read_beat(self, now_ns: int) -> Beat:
        """What recording processes say of themselves; of no store, that there is nothing."""
        ...

    def check(self, now_ns: int) -> Health:
        """How the store is, and what to do about it."""
        ...

    def run_sql(self, statement: str, row_limit: int = ROW_LIMIT) -> Answer:
        """The rows of one statement that can only read."""
        ...
