"""Decisions of a file and of its archive as one: pages, single decisions with what came of them, and figures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from obsv.cold.down import down, down_page, part_since
from obsv.cold.merging import merged_decisions
from obsv.errors import InvalidQuery, NotFound
from obsv.store.figures import ArchivedPart, DecisionFilters, DecisionFull, Decisions, GateInspected, WhatIf
from obsv.store.ground import Window
from obsv.store.seam import SQLiteStore
from obsv.store.writing import DECISIONS, OUTCOMES
from obsv.times import MAX_NS

if TYPE_CHECKING:
    from obsv.cold.thawed import Thawed

T = TypeVar("T")
L = TypeVar("L", bound="GateInspected | WhatIf")

_MS = 10**6
_WEEK_NS = 7 * 86_400 * 10**9
_LEAST_CHARS = 6
_READING = (
    "The archived decisions of this window are still being read, all of which its figures need: ask again, or choose a "
    "shorter window."
)


class WholeDecisions:
    """Answers about decisions from a file and its archive.

    Args:
        hot: the file.
        parts: returns the archived parts of a kind with a row of a range of time.
        reading: gives the temporary store of the archive, which stays until the end.
    """

    def __init__(
        self,
        hot: SQLiteStore,
        parts: Callable[[str, int, int], list[ArchivedPart]],
        reading: Callable[[], AbstractContextManager[Thawed]],
    ) -> None:
        self._hot, self._parts, self._reading = hot, parts, reading

    def page(self, filters: DecisionFilters, window: Window, cursor: str | None, limit: int) -> Decisions:
        """Return a page, newest first; the archived ones with what came of them until a week later, or since then."""
        hot = self._hot.read_decisions(filters, window, cursor, limit)
        parts = self._parts(DECISIONS, window.range.first_ns, window.range.last_ns)
        if not parts:
            return hot
        last_ns = hot.lines[-1].time_ns if hot.cursor else window.start_ns

        def read(store: SQLiteStore, part: Window) -> Decisions:
            return store.read_decisions(filters, part, cursor, limit)

        with self._reading() as archive:
            cold, complete_ns = down_page(archive, parts, window, read, lambda page: len(page.lines) >= limit, last_ns)
            if cold.lines:
                ids = [line.decision_id for line in cold.lines]
                self._tell(archive, ids, cold.lines[-1].time_ns, cold.lines[0].time_ns + _WEEK_NS)
                cold = read(archive.store, part_since(window, complete_ns))
        return merged_decisions(hot, cold, limit, complete_ns, window.start_ns)

    def decision(self, decision_id: str) -> DecisionFull:
        """Return one decision with all that came of it, whenever it came.

        Raises:
            NotFound: there is none, or several, or the search in the archive goes on with the next question.
        """
        try:
            return self._hot.read_decision(decision_id)
        except NotFound:
            parts = self._parts_of(decision_id)
            if not parts:
                raise
            with self._reading() as archive:
                found = archive.decision(decision_id, parts)
                if found is None:
                    raise
                whole_id, time_ns = found
                self._tell(archive, [whole_id], time_ns, MAX_NS)
                return archive.store.read_decision(whole_id)

    def ask(
        self, window: Window, ask: Callable[[SQLiteStore, Window], T], both: Callable[[T | None, T | None], T]
    ) -> T:
        """Ask the file from when on it has all decisions, and the archive for what is before.

        Args:
            window: of the question.
            ask: asks a store for a part of it.
            both: makes one answer of two; None: there is no such gate.

        Raises:
            InvalidQuery: the archived part takes longer to read than a question may.
        """
        parts = self._parts(DECISIONS, window.range.first_ns, window.range.last_ns)
        from_ns = min(self._hot.decided_from(), window.end_ns) if parts else 0
        if from_ns <= window.start_ns:
            return ask(self._hot, window)
        before = Window(window.start_ns, from_ns)
        with self._reading() as archive:
            made = [part for part in parts if part.min_ns < from_ns]
            told_by = Window(window.start_ns, from_ns + _WEEK_NS)
            told = self._parts(OUTCOMES, told_by.range.first_ns, told_by.range.last_ns)
            for some, part in ((made, before), (told, told_by)):
                if down(archive, some, part, lambda store, complete_ns: False) > part.start_ns:
                    raise InvalidQuery(_READING)
            hot = _asked(ask, self._hot, Window(from_ns, window.end_ns))
            return both(hot, _asked(ask, archive.store, before))

    def latest(self, window: Window, ask: Callable[[SQLiteStore, Window], L]) -> L:
        """Ask for a gate, from whose latest observations its figures are: the archive, if the file has seen none.

        Raises:
            NotFound: neither knows it.
            InvalidQuery: see `ask`.
        """

        def either(hot: L | None, cold: L | None) -> L:
            known = [each for each in (hot, cold) if each is not None]
            if not known:
                raise NotFound("There is no such gate; `obsv gates list` lists them.")
            return next((each for each in known if each.seen), known[0])

        return self.ask(window, ask, either)

    def _tell(self, archive: Thawed, decision_ids: list[str], first_ns: int, last_ns: int) -> None:
        parts = self._parts(OUTCOMES, first_ns, min(last_ns, MAX_NS))
        archive.outcomes(decision_ids, parts, self._hot.outcomes_of(decision_ids))

    def _parts_of(self, decision_id: str) -> list[ArchivedPart]:
        """Return the parts that may have a decision, the likely ones first: IDs of ours begin with the time."""
        if len(decision_id) < _LEAST_CHARS:
            return []
        parts = self._parts(DECISIONS, 0, MAX_NS)
        try:
            began_ns = int(decision_id[:12].ljust(12, "0"), 16) * _MS
        except ValueError:
            return parts
        return sorted(parts, key=lambda part: max(part.min_ns - began_ns, began_ns - part.max_ns))


def _asked(ask: Callable[[SQLiteStore, Window], T], store: SQLiteStore, window: Window) -> T | None:
    try:
        return ask(store, window)
    except NotFound:
        return None
