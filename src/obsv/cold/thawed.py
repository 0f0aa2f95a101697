"""The temporary store of archived rows: filled as far as questions need it, bounded, removed with its process."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from obsv.archive import Targets, Wanted, kind_named, read_rows
from obsv.errors import ForeignFile, NotFound
from obsv.own_time import monotonic
from obsv.store.figures import ArchivedPart
from obsv.store.seam import SQLiteStore, open_store
from obsv.store.spans import ArchivedOutcome
from obsv.store.writing import LOGS, Writer
from obsv.temporary import make_temporary

K = TypeVar("K")
V = TypeVar("V")

# A question is answered from what was thawed in this time; its next page goes on from there.
BUDGET_S = 3.0
# A quarter of a second to thaw.
_CHUNK = 10_000
# Twenty million bytes of files are some four hundred thousand calls.
_FILES_BYTES = 64 << 20
# Above this size the temporary store begins anew.
MOST_BYTES = 2 << 30
_MOST_MISSES = 10_000


class Thawed:
    """The temporary store of one process. Any number of threads may use it.

    Args:
        db: the database whose archive it is.
        most_bytes: size at which it begins anew.
        budget_s: seconds that one question may spend on filling it.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        db: Path,
        most_bytes: int = MOST_BYTES,
        budget_s: float = BUDGET_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._db = db
        self._most_bytes, self._budget_s, self._clock = most_bytes, budget_s, clock
        self._counting = threading.Lock()  # guards the next two; taken before the other one, never while that is held
        self._readers, self._is_closed = 0, False
        self._lock = threading.RLock()  # guards all below while it is filled
        self._targets = Targets()
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._starts: dict[str, array[int]] = {}
        self._directory: Path | None = None
        self._writer: Writer | None = None
        self._store: SQLiteStore | None = None
        self._reach: dict[str, tuple[int, int]] = {}  # of each part, the range of time that is here
        self._traces: set[str] = set()
        # Of searches that ran out of time: how many of their parts are done, and whether the trace was found.
        self._begun: OrderedDict[tuple[str, int, str], tuple[int, bool]] = OrderedDict()
        self._misses: OrderedDict[tuple[str, int, str], None] = OrderedDict()  # traces not found in some parts

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Keep what is here until the end; the last reader removes a store that is too large or was closed."""
        with self._counting:
            self._readers += 1
        try:
            yield
        finally:
            with self._counting:
                self._readers -= 1
                if not self._readers and (self._is_closed or self._size() > self._most_bytes):
                    self._end()

    @property
    def store(self) -> SQLiteStore:
        """Return the store; empty at first."""
        with self._lock:
            if self._store is None:
                self._begin()
            assert self._store is not None
            return self._store

    def down(
        self, parts: Sequence[ArchivedPart], start_ns: int, end_ns: int, is_enough: Callable[[SQLiteStore, int], bool]
    ) -> int:
        """Thaw rows of a range of time, newest first, until a question has enough or the time is over.

        Args:
            parts: those that overlap the range, of one kind.
            start_ns: begin of the range, Unix time.
            end_ns: its end.
            is_enough: told the store and from when on it is complete.

        Returns:
            The time from which on the store has everything in the range; `start_ns` if it has all.
        """
        with self._lock:
            deadline, is_late = self._clock() + self._budget_s, False  # each question gets on by a step at least
            store = self.store
            while left := self._left(parts, start_ns, end_ns):
                complete_ns, part = max(left)
                if is_enough(store, complete_ns) or is_late:
                    return complete_ns
                self._lower(part, complete_ns)
                is_late = self._clock() >= deadline
            return start_ns

    def trace(self, trace_id: str, parts: Sequence[ArchivedPart]) -> bool:
        """Thaw one trace from parts in a likely order; return whether it was found.

        A search that runs out of time goes on with the next question.
        """
        with self._lock:
            if trace_id in self._traces and self._store is not None:
                return True
            asked = trace_id, len(parts), parts[0].name
            if asked in self._misses:
                return False
            deadline = self._clock() + self._budget_s
            first, found = self._begun.pop(asked, (0, False))
            for done, part in enumerate(parts[first:], first + 1):
                here = self._thaw(part, Wanted("trace_id", trace_id.__eq__))
                found |= here > 0 and part.kind != LOGS
                if found and not here and part.kind != LOGS:
                    break
                if done < len(parts) and self._clock() >= deadline:
                    _note(self._begun, asked, (done, found))
                    return found
            if found:
                self._traces.add(trace_id)
            else:
                _note(self._misses, asked, None)
            return found

    def decision(self, decision_id: str, parts: Sequence[ArchivedPart]) -> tuple[str, int] | None:
        """Thaw a decision from parts in a likely order; return its whole ID and time, None if none of them has it.

        Args:
            decision_id: its ID, or the beginning of it.
            parts: those that may have it.

        Raises:
            NotFound: it was not found yet: the search goes on with the next question.
        """
        with self._lock:
            asked = decision_id, len(parts), parts[0].name
            if asked in self._misses:
                return None
            deadline = self._clock() + self._budget_s
            first, _ = self._begun.pop(asked, (0, False))
            for done, part in enumerate(parts[first:], first + 1):
                if self._thaw(part, Wanted("decision_id", lambda each: bool(each.startswith(decision_id)))):
                    line = self.store.read_decision(decision_id).line
                    return line.decision_id, line.time_ns
                if done < len(parts) and self._clock() >= deadline:
                    _note(self._begun, asked, (done, False))
                    raise NotFound("This decision was not found yet, the archive is being searched: ask again.")
            _note(self._misses, asked, None)
            return None

    def outcomes(
        self, decision_ids: Collection[str], parts: Sequence[ArchivedPart], told: Iterable[Sequence[ArchivedOutcome]]
    ) -> None:
        """Put what came of some decisions beside them, from the archive as far as there is time, earliest first.

        Args:
            decision_ids: their IDs.
            parts: those with outcomes that may be theirs.
            told: outcomes that the file has.
        """
        with self._lock:
            self.store  # noqa: B018  opens it
            assert self._writer is not None
            for some in told:
                self._writer.restore(outcomes=some)
            wanted, deadline = frozenset(decision_ids), self._clock() + self._budget_s
            for part in sorted(parts, key=lambda part: part.min_ns):
                if self._clock() >= deadline:
                    return
                self._thaw(part, Wanted("decision_id", wanted.__contains__))

    def close(self) -> None:
        """Remove it, when nobody reads it any more."""
        with self._counting:
            self._is_closed = True
            if not self._readers:
                self._end()

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _floor(self, part: ArchivedPart, end_ns: int) -> int:
        """Return the time down to which a part is here, counted from an end."""
        end_ns = min(end_ns, part.max_ns + 1)
        low, high = self._reach.get(part.name, (end_ns, end_ns))
        return low if low <= end_ns <= high else end_ns

    def _left(self, parts: Sequence[ArchivedPart], start_ns: int, end_ns: int) -> list[tuple[int, ArchivedPart]]:
        """Return the parts of which something is to come, with the time down to which they are here."""
        floors = [(self._floor(part, end_ns), part) for part in parts]
        return [(floor, part) for floor, part in floors if floor > max(start_ns, part.min_ns)]

    def _lower(self, part: ArchivedPart, floor: int) -> None:
        """Thaw the next rows of a part below a time."""
        starts, by = self._starts_of(part), kind_named(part.kind).time
        below = bisect_left(starts, floor)
        next_floor = starts[below - _CHUNK] if below > _CHUNK else part.min_ns
        self._thaw(part, Wanted(by, lambda start: bool(next_floor <= start < floor)))
        low, high = self._reach.get(part.name, (floor, floor))
        touches = low <= floor and high >= next_floor
        self._reach[part.name] = (min(low, next_floor), max(high, floor)) if touches else (next_floor, floor)

    def _starts_of(self, part: ArchivedPart) -> array[int]:
        found = self._starts.get(part.name)
        if found is None:
            name = kind_named(part.kind).time
            found = array("q", sorted(row[0] for rows in read_rows(self._content(part), (name,)) for row in rows))
            self._starts[part.name] = found
        return found

    def _thaw(self, part: ArchivedPart, wanted: Wanted) -> int:
        """Store the wanted rows of a part; return how many."""
        content, count = self._content(part), 0
        self.store  # noqa: B018  opens it
        assert self._writer is not None
        kind = kind_named(part.kind)
        for rows in kind.read(content, wanted):
            kind.store(self._writer, rows)
            count += len(rows)
        return count

    def _content(self, part: ArchivedPart) -> bytes:
        found = self._files.get(part.name)
        if found is None:
            found = self._targets.at(part.url).get(part.name)
            if found is None or hashlib.sha256(found).hexdigest() != part.sha256:
                state = "missing" if found is None else "damaged"
                raise ForeignFile(f"A part of the archive is {state}: {part.name} in {part.url}.")
            self._files[part.name] = found
            while sum(map(len, self._files.values())) > _FILES_BYTES and len(self._files) > 1:
                name, _ = self._files.popitem(last=False)
                self._starts.pop(name, None)
        self._files.move_to_end(part.name)
        return found

    # -- the file ------------------------------------------------------------------------------------------------------

    def _size(self) -> int:
        try:
            return Path(self._store.name).stat().st_size if self._store is not None else 0
        except OSError:
            return 0

    def _begin(self) -> None:
        self._directory = make_temporary(self._db)
        self._writer = Writer(self._directory / "cold.db", is_lean=True)
        self._writer.open()
        self._writer.limit(max_age_ns=None, max_bytes=None)
        self._store = open_store(self._directory / "cold.db")

    def _end(self) -> None:
        with self._lock:
            if self._writer is not None:
                self._writer.close()
            if self._store is not None:
                self._store.close()
            if self._directory is not None:
                shutil.rmtree(self._directory, ignore_errors=True)
            self._writer = self._store = self._directory = None
            self._reach.clear()
            self._traces.clear()
            self._begun.clear()
            if self._is_closed:
                self._files.clear()
                self._starts.clear()


def _note(notes: OrderedDict[K, V], key: K, value: V) -> None:
    notes[key] = value
    while len(notes) > _MOST_MISSES:
        notes.popitem(last=False)
