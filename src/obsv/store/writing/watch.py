"""Notices within a second of writing that a database is not what its writer left: cut, overwritten, taken away.

SQLite does not: a writer goes on with the pages that it has in memory, and what it commits can be read by nobody.
Three looks at the directory before and after each batch cost 10 µs. A difference that SQLite did not make is a reason
to read the file; while much is written, it is read now and then without one.
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

# What reading may take of the time that is spent writing, and of all time where something is strange.
_SHARE, _STRANGE_SHARE = 0.05, 0.2
_EVERY_S = 0.5
# Longer than this no batch waits for a look that has no reason.
_MOST_S = 0.15
_S_A_BYTE = 6e-9
_TELL_S = 60.0
# Up to this size the indexes are compared with the rows where something is strange: 12 ms a megabyte.
_THOROUGH_BYTES = 32 << 20


class Watch:
    """Watches one open file.

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
        """Look before something is done; return what is wrong with the file, and whether others have written to it.

        Args:
            now: the file as it is; it is there.
        """
        if now == self.left or self.left.has_lost_log(now):
            return self._checked(now), False
        version = self._data_version()
        others_wrote, self._version = version != self._version, version
        self._is_strange |= not others_wrote or self._has_holes(now)
        return self._checked(now), others_wrote

    def after(self, took_s: float, *, may_cut_log: bool) -> str | None:
        """Look after something was done; return what is wrong with the file.

        Args:
            took_s: seconds that it took.
            may_cut_log: what was done may have emptied the log.
        """
        before, now = self.left, Mark.of(self._path)
        self._wrote_s += took_s
        if reason := gone(before, now):
            return reason
        self._is_strange |= self._has_holes(now) or before.is_cut(now, may_cut_log=may_cut_log)
        found = self._checked(now)
        # The names of a lost log stay: it is noticed before the next write, when all of this one is to be rescued.
        self.left = now._replace(log=before.log, shared=before.shared) if before.has_lost_log(now) else now
        self.left_ns = self._clock()
        return found

    def doubt(self) -> None:
        """Have the file read at the next look."""
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
            logger.info("%s was changed, and not by a commit; all of it can be read.", self._path)

    def _has_holes(self, now: Mark) -> bool:
        return not self._is_compressed and any(stamp is not None and stamp.has_holes for stamp in (now.db, now.log))

    def _data_version(self) -> int:
        (version,) = self._connection.execute("pragma data_version").fetchone()
        return int(version)


def _size(now: Mark) -> int:
    return 0 if now.db is None else now.db.size
