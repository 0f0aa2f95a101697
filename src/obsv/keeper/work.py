"""The work for a database: records to rows, rows to the store, rings of ended processes to their end."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from obsv.errors import StoreError
from obsv.keeper.call_rows import CallRows
from obsv.keeper.doorbell import Doorbell
from obsv.keeper.files import KeeperFiles
from obsv.keeper.left_behind import LeftBehind
from obsv.keeper.options import Options
from obsv.keeper.recording import Recording
from obsv.keeper.rings import Rings
from obsv.keeper.storing import Storing
from obsv.keeper.upkeep import Upkeep
from obsv.own_time import monotonic, unix_ns
from obsv.record.ring import Ring
from obsv.store import Writer
from obsv.store.ground import LogRow, SpanRow

logger = logging.getLogger("obsv")

# Interval of looks for successes; an error ends the wait.
_PAUSE_S = 0.05
# After this long without records, programs are polled less often: their first call then wakes the keeper.
_IDLE_S = 2.0
_IDLE_PAUSE_S = 0.5
# Approximate number of rows per transaction: more are no faster, lock the file longer, and take memory. A keeper should
# stay below 60 MB: 26 are the interpreter and its modules, 10 a batch in processing, 15 the writer's.
_BATCH_ROWS = 1_000
_LIST_S = 1.0
# Interval of retries if the store cannot be written.
_AGAIN_S = 0.5
_LANES = 2
# At the end: the rest stays in its rings, and the next keeper stores it.
_CLOSE_S = 2.0


class DatabaseWork:
    """The work of one database.

    Args:
        files: files of the database.
        options: options of the keeper.
        writer: writer of the database, if the process already has one.
        memory: a ring in the memory of this process, which is then the only one that counts.
    """

    def __init__(
        self, files: KeeperFiles, options: Options, writer: Writer | None = None, memory: Ring | None = None
    ) -> None:
        self._bell = Doorbell(files.bell)
        self._writer = writer or Writer(files.db, busy_timeout_s=options.busy_timeout_s, is_lean=True)
        self._owns_writer = writer is None
        self._storing = Storing(self._writer)
        rows = CallRows()
        self._maker = rows.maker
        self._rings = Rings(files.rings, rows, self._storing.progress, self._bell, own_only=options.own_only)
        if memory is not None:
            self._rings.take_memory(memory)
        self._left_behind = LeftBehind(files.db, self._writer)
        self._upkeep = Upkeep(self._writer, self._rings, self._storing)
        self._active_at = monotonic()
        self._list_at = 0.0
        self._again_at = 0.0
        self._is_failing = False
        self._first = ""

    def step(self) -> bool:
        """Do the most urgent piece: the waiting batch, then errors, then calls, then ended processes."""
        if monotonic() < self._again_at:
            return False
        try:
            more = self._step()
            if self._is_failing:
                self._is_failing = False
                self._rings.complain("")
            return more
        except StoreError as error:
            self._is_failing = True
            self._storing.complain(error)
            self._rings.complain(str(error))
            self._again_at = monotonic() + _AGAIN_S
            return False

    def _step(self) -> bool:
        if self._storing.retry():
            return True
        self._look()
        self._upkeep.run_due()
        self._maker.arrive(unix_ns())
        return self._store_errors() or self._store_calls() or self._finish() or self._left_behind.step()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for more work."""
        recordings = list(self._rings.recordings.values())
        now_ns = unix_ns()
        for recording in recordings:
            about = recording.reader.about
            about.keeper_beat, about.keeper_sleeps = now_ns, 1
        # Records that arrived before the flag was set have woken nobody.
        if timeout_s is None and self._has_errors(recordings):
            return
        is_idle = monotonic() - self._active_at > _IDLE_S
        ended = self._bell.wait(timeout_s or (_IDLE_PAUSE_S if is_idle else _PAUSE_S))
        for recording in recordings:
            recording.reader.about.keeper_sleeps = 0
        if ended:
            self._rings.ended(ended)

    def wake(self) -> None:
        """End the wait."""
        self._bell.ring()

    def is_needed(self) -> bool:
        """Return whether a program records, or something waits to be stored."""
        return bool(self._rings.recordings) or self._storing.is_waiting

    def close(self) -> None:
        """Store what can be stored at once, and close everything."""
        deadline = monotonic() + _CLOSE_S
        try:
            with suppress(OSError):  # of files of rings, without descriptors: the next keeper reads them
                while monotonic() < deadline and (self.step() or self._is_delayed()):
                    pass
        finally:
            for recording in list(self._rings.recordings.values()):
                self._rings.close(recording, is_stored=False)
            if self._owns_writer:
                self._writer.close()
            self._bell.close()

    def _is_delayed(self) -> bool:
        """Return whether the store could not be written recently; then the wait is short, to retry."""
        if monotonic() >= self._again_at:
            return False
        self._again_at = 0.0
        self._bell.wait(_PAUSE_S)
        return True

    def _look(self) -> None:
        now = monotonic()
        is_due = now >= self._list_at
        if is_due:
            self._list_at = now + _LIST_S
        self._rings.look(is_due=is_due)

    def _has_errors(self, recordings: list[Recording]) -> bool:
        return any(recording.has_errors() for recording in recordings)

    def _store_errors(self) -> bool:
        return self._store(Recording.take_errors)

    def _store_calls(self) -> bool:
        return self._store(Recording.take_calls)

    def _store(self, take: Callable[..., list[SpanRow] | None]) -> bool:
        """Store the records of a lane from all rings, up to a batch; return False if there are none.

        The rings take turns, a piece each: a program that is faster than the store must not keep the calls of others
        waiting.
        """
        rows: list[SpanRow] = []
        logs: list[LogRow] = []
        read: dict[str, tuple[Recording, bool]] = {}
        turn = self._in_turn()
        while turn and len(rows) + len(logs) < _BATCH_ROWS:
            recording = turn.popleft()
            ending = self._rings.ending(recording)
            taken = take(recording, is_final=ending is not None)
            if taken is not None:
                rows += taken
                logs += recording.take_logs()
                read[recording.name] = recording, ending is None
                turn.append(recording)
            elif ending is not None:
                recording.exhausted.add(take)
        self._first = turn[0].name if turn else ""
        if read:
            self._active_at = monotonic()
            self._storing.write(rows, list(read.values()), logs)
        return bool(read)

    def _in_turn(self) -> deque[Recording]:
        """Return all rings, beginning with the next one after the last full batch."""
        recordings = list(self._rings.recordings.values())
        names = list(self._rings.recordings)
        at = names.index(self._first) if self._first in names else 0
        return deque(recordings[at:] + recordings[:at])

    def _finish(self) -> bool:
        """Store the calls interrupted by the end of a process, and remove its ring; return False if none has ended."""
        for recording in list(self._rings.recordings.values()):
            ending = self._rings.ending(recording)
            if ending is not None and len(recording.exhausted) < _LANES:
                return True  # it ended after the look at its lanes, and may have written more before
            if ending is not None:
                rows = recording.interrupted(ending)
                self._storing.write(rows, [(recording, False)])
                self._upkeep.report_on(recording, ended=ending.is_orderly)
                self._rings.close(recording, is_stored=True)
                self._storing.forget(recording.name)
                return True
        return False
