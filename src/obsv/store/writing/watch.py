"""Detection, within a second of writing, that a database was truncated, overwritten or removed.

SQLite does not detect this: a writer continues with the pages in memory, and nobody can read what it commits. Three
looks
at the directory before and after each batch cost 10 µs. A difference that SQLite did not cause is a reason to read the
file; during heavy writing, it is also read periodically without one.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from obsv.store.file import find_damage
from obsv.store.writing.mark import Mark, gone

logger = logging.getLogger("obsv")

# Share of the writing time that reading may take, and of all time if something is suspicious.
_SHARE, _STRANGE_SHARE = 0.05, 0.2
_EVERY_S = 0.5
# No batch waits longer than this for a check without a reason.
_MOST_S = 0.15
_S_A_BYTE = 6e-9
_TELL_S = 60.0
# Up to this size the indexes are compared with the rows if something is suspicious: 12 ms per megabyte.
_THOROUGH_BYTES = 32 << 20


class Watch:
    """The watcher of one open file.

    Args:
        connection: the writer's.
        path: the file.
        clock: Unix time in ns.

    Attributes:
        left: the file as the writer left it.
        left_ns: when, Unix time.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Callable[[], int]) -> None:
        self._connection, self._path, self._clock = connection, path, clock
        self.left = Mark.of(path)
        self.left_ns = clock()
        self._version = self._data_version()
        self._is_strange = self._is_compressed = False
        self._tell_at = 0.0
        self._wrote_s = self._last_s = self._strange_again = 0.0
        self._checked_at = time.monotonic()

    def before(self, now: Mark) -> tuple[str | None, bool]:
        """Check before writing; return what is wrong with the file, and whether others have written to it.

        Args:
            now: the current state of the file, which exists.
        """
        if now == self.left or self.left.has_lost_log(now):
            return self._checked(now), False
        version = self._data_version()
        others_wrote, self._version = version != self._version, version
        self._is_strange |= not others_wrote or self._has_holes(now)
        return self._checked(now), others_wrote

    def after(self, took_s: float, *, may_cut_log: bool) -> str | None:
        """Check after writing; return what is wrong with the file.

        Args:
            took_s: seconds that the write took.
            may_cut_log: whether the write may have emptied the log.
        """
        before, now = self.left, Mark.of(self._path)
        self._wrote_s += took_s
        if reason := gone(before, now):
            return reason
        self._is_strange |= self._has_holes(now) or before.is_cut(now, may_cut_log=may_cut_log)
        found = self._checked(now)
        # The names of a lost log stay: this is detected before the next write, when all of this one can be rescued.
        self.left = now._replace(log=before.log, shared=before.shared) if before.has_lost_log(now) else now
        self.left_ns = self._clock()
        return found

    def doubt(self) -> None:
        """Request that the file be read at the next check."""
        self._is_strange = True

    def _checked(self, now: Mark) -> str | None:
        now_s = time.monotonic()
        if self._is_strange:
            return self._read(now) if now_s >= self._strange_again else None
        cost_s = max(self._last_s, _S_A_BYTE * _size(now))
        is_due = now_s - self._checked_at >= _EVERY_S and self._wrote_s * _SHARE >= cost_s and cost_s <= _MOST_S
        return self._read(now) if is_due else None

    def _read(self, now: Mark) -> str | None:
        began = time.monotonic()
        found = find_damage(self._path, thorough=self._is_strange and _size(now) <= _THOROUGH_BYTES)
        self._checked_at = time.monotonic()
        took_s = self._checked_at - began
        self._wrote_s = 0.0
        if not self._is_strange:
            self._last_s = took_s
        elif found is None:
            self._strange_again = began + took_s / _STRANGE_SHARE
            self._is_compressed |= self._has_holes(now)
            self._tell()
        self._is_strange = False
        return found

    def _tell(self) -> None:
        if time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + _TELL_S
            logger.info("%s was changed, but not by a commit; its content is intact.", self._path)

    def _has_holes(self, now: Mark) -> bool:
        return not self._is_compressed and any(stamp is not None and stamp.has_holes for stamp in (now.db, now.log))

    def _data_version(self) -> int:
        (version,) = self._connection.execute("pragma data_version").fetchone()
        return int(version)


def _size(now: Mark) -> int:
    return 0 if now.db is None else now.db.size
