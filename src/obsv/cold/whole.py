"""A store with its archive and its kept traces: the same questions, answered from all as far back as they reach."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from obsv.cold.decided import WholeDecisions
from obsv.cold.down import down, down_page
from obsv.cold.merging import Cursors, merged, merged_logs, summed_gates, summed_kinds
from obsv.cold.unpacked import Unpacked
from obsv.errors import InvalidQuery, NotFound, ObsvError
from obsv.own_time import unix_ns
from obsv.store.figures import (
    ArchivedPart,
    DecisionFilters,
    DecisionFull,
    Decisions,
    ErrorCall,
    GateFigures,
    GateFilters,
    GateInspected,
    KeptTrace,
    KindLine,
    LogFilters,
    Logs,
    Pair,
    WhatIf,
)
from obsv.store.finding import Condition, Filters, Page
from obsv.store.ground import Window
from obsv.store.seam import SQLiteStore, Store
from obsv.store.spans import Call, Detail, ListedCall, StoredSpan, StoredTrace, TraceSpans, ValuedCalls
from obsv.store.surveying import Errors, Match, Sample, Summary
from obsv.store.writing import CALLS, LOGS
from obsv.times import MAX_NS, clamp_ns

if TYPE_CHECKING:
    from obsv.cold.thawed import Thawed

T = TypeVar("T")

# A trace's ID begins with the time at which it began; later calls of it are searched for this long.
_TRACE_NS = 3_600 * 10**9
_BEFORE_NS = 1_000_000_000
# A random ID, whose first bytes are hardly ever a time from 2020 until now, is searched from the newest part on.
_EARLIEST_NS, _DAY_NS = 1_577_836_800 * 10**9, 86_400 * 10**9
_MS = 10**6


class Shared:
    """The temporary stores that a store and its views share, begun after `steps` removals; `lock` guards all."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thawed: Thawed | None = None
        self.steps = 0
        self.unpacked: Unpacked | None = None


class WholeStore(SQLiteStore):
    """Answers from a database file, from its archive and from the traces that are kept in it.

    Questions about one call or trace go to the archive if the file does not have it, and to the kept trace if the file
    has fewer of its calls; pages of calls and log records are merged from file and archive. Figures come from
    the file's rollups, which stay as long as the archive keeps calls.

    Args:
        path: the file.
        hot: one state of it; None for the file as it is at each question.
        shared: temporary stores to use.
        has_archive: whether the archive can be read: its libraries are an extra.
    """

    def __init__(
        self, path: Path, hot: SQLiteStore | None = None, shared: Shared | None = None, *, has_archive: bool = True
    ) -> None:
        super().__init__(path, hot._source if hot is not None else None)
        self._hot = hot or SQLiteStore(path, self._source)
        self._shared = shared or Shared()
        self._has_archive = has_archive
        self._decisions = WholeDecisions(self._hot, self._parts, self._reading)

    @contextmanager
    def view(self) -> Iterator[WholeStore]:
        with super().view() as hot:
            yield WholeStore(self._path, hot, self._shared, has_archive=self._has_archive)

    def close(self) -> None:
        super().close()
        with self._shared.lock:
            for each in (self._shared.thawed, self._shared.unpacked):
                if each is not None:
                    each.close()
            self._shared.thawed = self._shared.unpacked = None

    # -- pages ---------------------------------------------------------------------------------------------------------

    def read_page(
        self, filters: Filters, window: Window, order: str = "-ts", cursor: str | None = None, limit: int = 100
    ) -> Page:
        parts = self._parts(CALLS, window.range.first_ns, window.range.last_ns)
        at = Cursors.parse(cursor)
        if not parts:
            return self._hot.read_page(filters, window, order, at.hot, limit)
        hot = Page([], None) if at.hot_ended else self._hot.read_page(filters, window, order, at.hot, limit)
        if order != "-ts":
            with self._reading() as archive:
                self._expect(archive, parts, window)
                cold = archive.store.read_page(filters, window, order, at.cold, limit)
            return merged(order, at, hot, cold, limit, self._hot.stored_among, window.start_ns, window.start_ns)
        last_ns = hot.calls[-1].start_ns if hot.cursor else window.start_ns

        def read(store: SQLiteStore, part: Window) -> Page:
            return store.read_page(filters, part, order, at.cold, limit)

        with self._reading() as archive:
            cold, complete_ns = down_page(archive, parts, window, read, lambda page: len(page.calls) >= limit, last_ns)
        return merged(order, at, hot, cold, limit, self._hot.stored_among, complete_ns, window.start_ns)

    def read_logs(self, filters: LogFilters, window: Window, cursor: str | None = None, limit: int = 100) -> Logs:
        hot = self._hot.read_logs(filters, window, cursor, limit)
        if filters.trace_id and len(filters.trace_id) == 32:
            kept = self._ask_kept(filters.trace_id, lambda store: store.read_logs(filters, window, cursor, limit))
            if kept is not None:
                return merged_logs(hot, kept, limit, 0, 0)
        parts = self._parts(LOGS, window.range.first_ns, window.range.last_ns)
        if not parts:
            return hot
        if filters.trace_id and len(filters.trace_id) == 32:
            found = self._trace(filters.trace_id, lambda store: store.read_logs(filters, window, cursor, limit))
            return merged_logs(hot, found or Logs([], None), limit, 0, 0)
        last_ns = hot.lines[-1].time_ns if hot.cursor else window.start_ns

        def read(store: SQLiteStore, part: Window) -> Logs:
            return store.read_logs(filters, part, cursor, limit)

        with self._reading() as archive:
            cold, complete_ns = down_page(archive, parts, window, read, lambda page: len(page.lines) >= limit, last_ns)
        return merged_logs(hot, cold, limit, complete_ns, window.start_ns)

    def read_errors(self, filters: Filters, window: Window, limit: int) -> Errors:
        hot = self._hot.read_errors(filters, window, limit)
        return hot if hot.calls else self._cold_or(hot, window, lambda store: store.read_errors(filters, window, limit))

    def latest_errors(self, window: Window, limit: int) -> list[ErrorCall]:
        hot = self._hot.latest_errors(window, limit)
        return hot or self._cold_or(hot, window, lambda store: store.latest_errors(window, limit))

    def sample_calls(self, filters: Filters, window: Window, most: int) -> Sample:
        hot = self._hot.sample_calls(filters, window, most)
        return hot if hot.calls else self._cold_or(hot, window, lambda store: store.sample_calls(filters, window, most))

    # -- one call, one trace -------------------------------------------------------------------------------------------

    def read_call(self, trace_id: str, span_id: str) -> Call:
        return self._of(trace_id, lambda store: store.read_call(trace_id, span_id))

    def find_call(self, span_id: str) -> Call:
        try:
            return self._hot.find_call(span_id)
        except NotFound:
            for trace_id in self._hot.kept_with(span_id):
                return self.read_call(trace_id, span_id)
            raise

    def read_exact(self, call: Call) -> bytes | dict[str, str] | None:
        return self._ask_kept(call.trace_id, lambda store: store.read_exact(call)) or self._hot.read_exact(call)

    def read_detail(self, trace_id: str, span_id: str) -> Detail:
        return self._of(trace_id, lambda store: store.read_detail(trace_id, span_id))

    def read_pair(self, trace_id: str, span_id: str, other: tuple[str, str] | None = None) -> Pair:
        return self._of(trace_id, lambda store: store.read_pair(trace_id, span_id, other))

    def known_trace(self, trace_id: str) -> str:
        return self._of(trace_id, lambda store: store.known_trace(trace_id))

    def read_trace_columns(self, trace_id: str, around: str | None = None) -> TraceSpans:
        return self._of(trace_id, lambda store: store.read_trace_columns(trace_id, around))

    def read_trace(self, trace_id: str) -> StoredTrace | None:
        return self._any(trace_id, lambda store: store.read_trace(trace_id))

    def search_trace(self, trace_id: str, text: str) -> list[str]:
        return self._any(trace_id, lambda store: store.search_trace(trace_id, text)) or []

    def calls_of_trace(self, trace_id: str, span_ids: Sequence[str]) -> list[ListedCall]:
        return self._any(trace_id, lambda store: store.calls_of_trace(trace_id, span_ids)) or []

    def spans_of_trace(self, trace_id: str) -> list[StoredSpan]:
        return self._any(trace_id, lambda store: store.spans_of_trace(trace_id)) or []

    def valued_calls(self, window: Window, trace_id: str | None = None) -> ValuedCalls:
        if trace_id is not None:
            return self._valued_calls_of(trace_id, window)
        hot = self._hot.valued_calls(window)
        return hot if hot.calls else self._cold_or(hot, window, lambda store: store.valued_calls(window))

    # -- several traces ------------------------------------------------------------------------------------------------

    def find_traces(self, condition: Condition, start_ns: int = 0, end_ns: int = MAX_NS, limit: int = 20) -> list[str]:
        found = self._hot.find_traces(condition, start_ns, end_ns, limit)
        window = Window(start_ns, end_ns + 1)  # a search's end belongs to it
        parts = self._parts(CALLS, start_ns, end_ns + 1) if len(found) < limit else []
        if not parts:
            return found
        cold: list[str] = []

        def is_enough(store: SQLiteStore, complete_ns: int) -> bool:
            cold[:] = store.find_traces(condition, max(start_ns, complete_ns), end_ns, limit)
            return len(set(cold) | set(found)) >= limit

        with self._reading() as archive:
            complete_ns = down(archive, parts, window, is_enough)
            cold = archive.store.find_traces(condition, max(start_ns, complete_ns), end_ns, limit)
        return [*found, *(trace for trace in cold if trace not in set(found))][:limit]

    def read_traces(self, trace_ids: Sequence[str]) -> list[StoredTrace]:
        found = {trace.trace_id: trace for trace in self._hot.read_traces(trace_ids)}
        found |= self._kept(trace_ids, lambda store, trace_id: store.read_trace(trace_id))
        missing = [trace_id for trace_id in trace_ids if trace_id not in found]
        cold = self._traces(missing, lambda store, here: store.read_traces(here))
        found |= {trace.trace_id: trace for trace in cold or []}
        return [found[trace_id] for trace_id in trace_ids if trace_id in found]

    def summarize(self, trace_ids: Sequence[str]) -> list[Summary]:
        found = {each.trace_id: each for each in self._hot.summarize(trace_ids)}
        found |= self._kept(trace_ids, lambda store, trace_id: next(iter(store.summarize([trace_id])), None))
        missing = [trace_id for trace_id in trace_ids if trace_id not in found]
        cold = self._traces(missing, lambda store, here: store.summarize(here))
        found |= {each.trace_id: each for each in cold or []}
        return [found[trace_id] for trace_id in trace_ids if trace_id in found]

    def matches(self, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
        found = self._hot.matches(condition, trace_ids, most)
        found |= self._kept(trace_ids, lambda store, one: store.matches(condition, [one], most).get(one))
        without = [trace_id for trace_id in trace_ids if trace_id not in found]
        known = {each.trace_id for each in self._hot.summarize(without)}
        missing = [trace_id for trace_id in without if trace_id not in known]
        return {**found, **(self._traces(missing, lambda store, here: store.matches(condition, here, most)) or {})}

    # -- decisions -----------------------------------------------------------------------------------------------------

    def read_decisions(
        self, filters: DecisionFilters, window: Window, cursor: str | None = None, limit: int = 100
    ) -> Decisions:
        return self._decisions.page(filters, window, cursor, limit)

    def read_decision(self, decision_id: str) -> DecisionFull:
        return self._decisions.decision(decision_id)

    def read_kinds(self, window: Window) -> list[KindLine]:
        return self._decisions.ask(window, lambda store, part: store.read_kinds(part), summed_kinds)

    def read_gates(self, filters: GateFilters, window: Window) -> list[GateFigures]:
        return self._decisions.ask(window, lambda store, part: store.read_gates(filters, part), summed_gates)

    def read_gate(self, gate: str, filters: GateFilters, window: Window) -> GateInspected:
        return self._decisions.latest(window, lambda store, part: store.read_gate(gate, filters, part))

    def read_what_if(self, gate: str, threshold: float, filters: GateFilters, window: Window) -> WhatIf:
        return self._decisions.latest(window, lambda store, part: store.read_what_if(gate, threshold, filters, part))

    # -- kept traces ---------------------------------------------------------------------------------------------------

    def keep_trace(self, trace_id: str, note: str, now_ns: int) -> KeptTrace:
        trace, steps = _whole_id(trace_id), self._hot.forgotten_steps()
        parts = [] if self._is_off() else self._parts_of(trace)
        if parts:
            with self._reading() as archive:
                if archive.trace(trace, parts) and _count(archive.store, trace) > _count(self._hot, trace):
                    return self.keep_trace_of(Path(archive.store.name), trace, note, now_ns, steps)
        return super().keep_trace(trace_id, note, now_ns)

    def _ask_kept(self, trace_id: str, ask: Callable[[SQLiteStore], T]) -> T | None:
        """Ask a kept trace of which the file has fewer calls by now; None for any other, and for what it lacks."""
        trace = _whole_id(trace_id)
        kept_ns = self._hot.lacks_kept(trace)
        if kept_ns is None:
            return None
        steps, shared = self._hot.forgotten_steps(), self._shared
        with shared.lock:
            if shared.unpacked is not None and shared.unpacked.steps != steps:
                shared.unpacked.close()
                shared.unpacked = None
            unpacked = shared.unpacked = shared.unpacked or Unpacked(self._path, steps)
        with unpacked.reading((trace, kept_ns), lambda: self._hot.kept_content(trace)) as store:
            try:
                return None if store is None else ask(store)
            except NotFound:
                return None  # it came after the trace was kept

    def _kept(self, trace_ids: Sequence[str], ask: Callable[[SQLiteStore, str], T | None]) -> dict[str, T]:
        """Return the answers of those of some traces that `_ask_kept` asks."""
        found = {}
        for trace_id in trace_ids:
            answer = self._ask_kept(trace_id, partial(_asked, ask, trace_id))
            if answer is not None:
                found[trace_id] = answer
        return found

    def _any(self, trace_id: str, ask: Callable[[SQLiteStore], T]) -> T | None:
        """Ask for a trace: what is kept of it, else the file, else the archive."""
        return self._ask_kept(trace_id, ask) or ask(self._hot) or self._trace(trace_id, ask)

    # -- the archive ---------------------------------------------------------------------------------------------------

    def _parts(self, kind: str, start_ns: int, end_ns: int) -> list[ArchivedPart]:
        """Return the parts of a kind that can be read: none of an archive that is off."""
        if not self._has_archive:
            return []
        found = [part for part in self._hot.archived_parts(clamp_ns(start_ns), clamp_ns(end_ns)) if part.kind == kind]
        return [] if found and self._is_off() else found

    def _is_off(self) -> bool:
        state = self._hot.read_archive()
        return state is None or state.url is None

    @contextmanager
    def _reading(self) -> Iterator[Thawed]:
        """Keep what is in the temporary store until the end; see `_cold`."""
        archive = self._cold()
        with archive.reading():
            yield archive

    def _cold(self) -> Thawed:
        """Return the temporary store of the archive.

        Raises:
            NotFound: the archive is off.
        """
        from obsv.cold.thawed import Thawed

        if self._is_off():
            raise NotFound("These calls are in an archive that is off: archive again with --to, or restore.")
        steps, shared = self._hot.forgotten_steps(), self._shared
        with shared.lock:
            if shared.thawed is not None and shared.steps != steps:
                shared.thawed.close()  # it may have what was removed on request
                shared.thawed = None
            if shared.thawed is None:
                shared.thawed, shared.steps = Thawed(self._path), steps
            return shared.thawed

    def _cold_or(self, hot: T, window: Window, ask: Callable[[SQLiteStore], T]) -> T:
        """Ask the archive for a window, as far as it can be read in time; `hot` if it has none of it."""
        parts = self._parts(CALLS, window.range.first_ns, window.range.last_ns)
        if not parts:
            return hot
        with self._reading() as archive:
            down(archive, parts, window, lambda store, complete_ns: False)
            return ask(archive.store)

    def _expect(self, archive: Thawed, parts: list[ArchivedPart], window: Window) -> None:
        """Thaw a whole window.

        Raises:
            InvalidQuery: it takes longer than a question may.
        """
        if down(archive, parts, window, lambda store, complete_ns: False) > window.start_ns:
            raise InvalidQuery(
                "The archived calls of this window are still being read, which this order needs: ask again, choose "
                "newest first, or a shorter window."
            )

    def _of(self, trace_id: str, ask: Callable[[SQLiteStore], T]) -> T:
        kept = self._ask_kept(trace_id, ask)
        if kept is not None:
            return kept
        try:
            return ask(self._hot)
        except NotFound:
            found = self._trace(trace_id, ask)
            if found is None:
                raise
            return found

    def _valued_calls_of(self, trace_id: str, window: Window) -> ValuedCalls:
        kept = self._ask_kept(trace_id, lambda store: store.valued_calls(window, trace_id))
        if kept is not None:
            return kept
        try:
            self._hot.known_trace(trace_id)
        except NotFound:
            found = self._trace(trace_id, lambda store: store.valued_calls(window, trace_id))
            if found is not None:
                return found
        return self._hot.valued_calls(window, trace_id)

    def _traces(self, trace_ids: Sequence[str], ask: Callable[[SQLiteStore, list[str]], T]) -> T | None:
        """Ask the temporary store about those of some traces that are in the archive; None if it has none of them."""
        if not trace_ids or not self._has_archive or self._is_off():
            return None
        parts = {trace_id: found for trace_id in trace_ids if (found := self._parts_of(_whole_id(trace_id)))}
        if not parts:
            return None
        with self._reading() as archive:
            here = [trace_id for trace_id, found in parts.items() if archive.trace(_whole_id(trace_id), found)]
            return ask(archive.store, here) if here else None

    def _trace(self, trace_id: str, ask: Callable[[SQLiteStore], T]) -> T | None:
        """Ask the temporary store about a trace of the archive; None if it is not found there.

        Raises:
            NotFound: it may be in an archive that is off.
        """
        trace_id = _whole_id(trace_id)
        parts = self._parts_of(trace_id)
        if not parts:
            return None
        with self._reading() as archive:
            return ask(archive.store) if archive.trace(trace_id, parts) else None

    def _parts_of(self, trace_id: str) -> list[ArchivedPart]:
        """Return the parts that may have a trace, in a likely order; also those of an archive that is off."""
        if not self._has_archive:
            return []
        try:
            began_ns = int(trace_id[:12], 16) * _MS
        except ValueError:
            return []
        parts = self._hot.archived_parts(clamp_ns(began_ns - _BEFORE_NS), clamp_ns(began_ns + _TRACE_NS))
        if parts:
            parts = sorted(parts, key=lambda part: (part.kind != CALLS, part.min_ns))
            calls = [part for part in parts if part.kind == CALLS and part.max_ns >= began_ns]
            return [*[part for part in parts if part.kind == LOGS and part.min_ns <= began_ns <= part.max_ns], *calls]
        if not _EARLIEST_NS <= began_ns <= unix_ns() + _DAY_NS:
            return [part for part in self._hot.archived_parts(0, clamp_ns(MAX_NS)) if part.kind == CALLS]
        return []


def _asked(ask: Callable[[SQLiteStore, str], T], trace_id: str, store: SQLiteStore) -> T:
    return ask(store, trace_id)


def _count(store: SQLiteStore, trace_id: str) -> int:
    return sum(each.spans for each in store.summarize([trace_id]))


def _whole_id(trace_id: str) -> str:
    return trace_id.lower().zfill(32)


def open_whole(path: str | Path) -> Store:
    """Return the store of a database file and its archive; nothing is opened before the first question.

    Without the extra `archive`, only the file is read, and the traces that are kept in it.
    """
    try:
        has_archive = all(importlib.util.find_spec(name) is not None for name in ("arro3.io", "obstore"))
    except (ModuleNotFoundError, ObsvError):
        has_archive = False
    return WholeStore(Path(path), has_archive=has_archive)
