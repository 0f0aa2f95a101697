"""A store together with its archive: the same questions, answered from both where they reach that far back."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from obsv.cold.merging import Cursors, merged, merged_logs
from obsv.errors import InvalidQuery, NotFound, ObsvError
from obsv.own_time import unix_ns
from obsv.store.figures import ArchivedPart, ErrorCall, LogFilters, Logs, Pair
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
    """The temporary store that a store and its views share, begun after `steps` removals; `lock` guards both."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thawed: Thawed | None = None
        self.steps = 0


class WholeStore(SQLiteStore):
    """Answers from a database file and from its archive.

    Questions about one call or trace go to the archive if the file does not have it; pages of calls and log records
    are merged from both. Figures come from the file's rollups, which stay as long as the archive keeps calls.
    """

    def __init__(self, path: Path, hot: SQLiteStore | None = None, shared: Shared | None = None) -> None:
        super().__init__(path, hot._source if hot is not None else None)
        self._hot = hot or SQLiteStore(path, self._source)
        self._shared = shared or Shared()

    @contextmanager
    def view(self) -> Iterator[WholeStore]:
        with super().view() as hot:
            yield WholeStore(self._path, hot, self._shared)

    def close(self) -> None:
        super().close()
        with self._shared.lock:
            if self._shared.thawed is not None:
                self._shared.thawed.close()
            self._shared.thawed = None

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

        def is_enough(store: SQLiteStore, complete_ns: int) -> bool:
            part = Window(max(window.start_ns, complete_ns), window.end_ns)
            return len(store.read_page(filters, part, order, at.cold, limit).calls) >= limit or complete_ns <= last_ns

        with self._reading() as archive:
            complete_ns = _down(archive, parts, window, is_enough)
            part = Window(max(window.start_ns, complete_ns), window.end_ns)
            cold = archive.store.read_page(filters, part, order, at.cold, limit)
        return merged(order, at, hot, cold, limit, self._hot.stored_among, complete_ns, window.start_ns)

    def read_logs(self, filters: LogFilters, window: Window, cursor: str | None = None, limit: int = 100) -> Logs:
        hot = self._hot.read_logs(filters, window, cursor, limit)
        parts = self._parts(LOGS, window.range.first_ns, window.range.last_ns)
        if not parts:
            return hot
        if filters.trace_id and len(filters.trace_id) == 32:
            found = self._trace(filters.trace_id, lambda store: store.read_logs(filters, window, cursor, limit))
            return merged_logs(hot, found or Logs([], None), limit, 0, 0)
        last_ns = hot.lines[-1].time_ns if hot.cursor else window.start_ns

        def is_enough(store: SQLiteStore, complete_ns: int) -> bool:
            part = Window(max(window.start_ns, complete_ns), window.end_ns)
            return complete_ns <= last_ns or len(store.read_logs(filters, part, cursor, limit).lines) >= limit

        with self._reading() as archive:
            complete_ns = _down(archive, parts, window, is_enough)
            part = Window(max(window.start_ns, complete_ns), window.end_ns)
            cold = archive.store.read_logs(filters, part, cursor, limit)
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

    def read_detail(self, trace_id: str, span_id: str) -> Detail:
        return self._of(trace_id, lambda store: store.read_detail(trace_id, span_id))

    def read_pair(self, trace_id: str, span_id: str, other: tuple[str, str] | None = None) -> Pair:
        return self._of(trace_id, lambda store: store.read_pair(trace_id, span_id, other))

    def known_trace(self, trace_id: str) -> str:
        return self._of(trace_id, lambda store: store.known_trace(trace_id))

    def read_trace_columns(self, trace_id: str, around: str | None = None) -> TraceSpans:
        return self._of(trace_id, lambda store: store.read_trace_columns(trace_id, around))

    def read_trace(self, trace_id: str) -> StoredTrace | None:
        return self._hot.read_trace(trace_id) or self._trace(trace_id, lambda store: store.read_trace(trace_id))

    def search_trace(self, trace_id: str, text: str) -> list[str]:
        found = self._hot.search_trace(trace_id, text)
        return found or self._trace(trace_id, lambda store: store.search_trace(trace_id, text)) or []

    def calls_of_trace(self, trace_id: str, span_ids: Sequence[str]) -> list[ListedCall]:
        found = self._hot.calls_of_trace(trace_id, span_ids)
        return found or self._trace(trace_id, lambda store: store.calls_of_trace(trace_id, span_ids)) or []

    def spans_of_trace(self, trace_id: str) -> list[StoredSpan]:
        found = self._hot.spans_of_trace(trace_id)
        return found or self._trace(trace_id, lambda store: store.spans_of_trace(trace_id)) or []

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
            complete_ns = _down(archive, parts, window, is_enough)
            cold = archive.store.find_traces(condition, max(start_ns, complete_ns), end_ns, limit)
        return [*found, *(trace for trace in cold if trace not in set(found))][:limit]

    def read_traces(self, trace_ids: Sequence[str]) -> list[StoredTrace]:
        found = {trace.trace_id: trace for trace in self._hot.read_traces(trace_ids)}
        missing = [trace_id for trace_id in trace_ids if trace_id not in found]
        cold = self._traces(missing, lambda store, here: store.read_traces(here))
        found |= {trace.trace_id: trace for trace in cold or []}
        return [found[trace_id] for trace_id in trace_ids if trace_id in found]

    def summarize(self, trace_ids: Sequence[str]) -> list[Summary]:
        found = {each.trace_id: each for each in self._hot.summarize(trace_ids)}
        missing = [trace_id for trace_id in trace_ids if trace_id not in found]
        cold = self._traces(missing, lambda store, here: store.summarize(here))
        found |= {each.trace_id: each for each in cold or []}
        return [found[trace_id] for trace_id in trace_ids if trace_id in found]

    def matches(self, condition: Condition, trace_ids: Sequence[str], most: int) -> dict[str, Match]:
        found = self._hot.matches(condition, trace_ids, most)
        without = [trace_id for trace_id in trace_ids if trace_id not in found]
        known = {each.trace_id for each in self._hot.summarize(without)}
        missing = [trace_id for trace_id in without if trace_id not in known]
        return {**found, **(self._traces(missing, lambda store, here: store.matches(condition, here, most)) or {})}

    # -- the archive ---------------------------------------------------------------------------------------------------

    def _parts(self, kind: str, start_ns: int, end_ns: int) -> list[ArchivedPart]:
        """Return the parts of a kind that can be read: none of an archive that is off."""
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
            _down(archive, parts, window, lambda store, complete_ns: False)
            return ask(archive.store)

    def _expect(self, archive: Thawed, parts: list[ArchivedPart], window: Window) -> None:
        """Thaw a whole window.

        Raises:
            InvalidQuery: it takes longer than a question may.
        """
        if _down(archive, parts, window, lambda store, complete_ns: False) > window.start_ns:
            raise InvalidQuery(
                "The archived calls of this window are still being read, which this order needs: ask again, choose "
                "newest first, or a shorter window."
            )

    def _of(self, trace_id: str, ask: Callable[[SQLiteStore], T]) -> T:
        try:
            return ask(self._hot)
        except NotFound:
            found = self._trace(trace_id, ask)
            if found is None:
                raise
            return found

    def _valued_calls_of(self, trace_id: str, window: Window) -> ValuedCalls:
        try:
            self._hot.known_trace(trace_id)
        except NotFound:
            found = self._trace(trace_id, lambda store: store.valued_calls(window, trace_id))
            if found is not None:
                return found
        return self._hot.valued_calls(window, trace_id)

    def _traces(self, trace_ids: Sequence[str], ask: Callable[[SQLiteStore, list[str]], T]) -> T | None:
        """Ask the temporary store about those of some traces that are in the archive; None if it has none of them."""
        if not trace_ids or self._is_off():
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


def _down(
    archive: Thawed, parts: list[ArchivedPart], window: Window, is_enough: Callable[[SQLiteStore, int], bool]
) -> int:
    return archive.down(parts, window.range.first_ns, window.range.last_ns + 1, is_enough)


def _whole_id(trace_id: str) -> str:
    return trace_id.lower().zfill(32)


def open_whole(path: str | Path) -> Store:
    """Return the store of a database file and its archive; nothing is opened before the first question.

    Without the extra `archive`, only the file is read.
    """
    try:
        has_archive = all(importlib.util.find_spec(name) is not None for name in ("arro3.io", "obstore"))
    except (ModuleNotFoundError, ObsvError):
        has_archive = False
    return WholeStore(Path(path)) if has_archive else SQLiteStore(Path(path))
