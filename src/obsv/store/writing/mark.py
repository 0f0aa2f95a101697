"""The state of the files that a writer left, and the meaning of differences from it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

_BLOCK = 512
# A file system may not have allocated the last pages yet.
_SLACK = 16 << 10


class Stamp(NamedTuple):
    """The state of a file, without reading its content."""

    device: int
    inode: int
    size: int
    changed_ns: int
    blocks: int

    @property
    def identity(self) -> tuple[int, int]:
        """Return the identity of the file, whatever its name."""
        return self.device, self.inode

    @property
    def has_holes(self) -> bool:
        """Return whether parts of it were never written: it was truncated, then written beyond its end."""
        return bool(self.blocks) and self.blocks * _BLOCK + _SLACK < self.size


class Mark(NamedTuple):
    """The states of a database and its write-ahead log, and the identity of the log's index; None if missing."""

    db: Stamp | None
    log: Stamp | None
    shared: tuple[int, int] | None

    @classmethod
    def of(cls, path: Path) -> Mark:
        """Return the current states."""
        shared = _stamp(path.with_name(path.name + "-shm"))
        return cls(_stamp(path), _stamp(path.with_name(path.name + "-wal")), shared and shared.identity)

    def is_cut(self, now: Mark, *, may_cut_log: bool) -> bool:
        """Return whether the database or the log has shrunk."""
        cut_log = not may_cut_log and self.log is not None and now.log is not None and now.log.size < self.log.size
        return cut_log or (self.db is not None and now.db is not None and now.db.size < self.db.size)

    def has_lost_log(self, now: Mark) -> bool:
        """Return whether the log or its index was removed: SQLite itself never does that to one in use."""
        log = self.log is not None and (now.log is None or now.log.identity != self.log.identity)
        return log or (self.shared is not None and now.shared != self.shared)


def gone(before: Mark, now: Mark) -> str | None:
    """Return what happened to a file if all its content is lost; None if it may still exist."""
    if before.db is None:
        return None
    if now.db is None:
        return "it was removed"
    if now.db.identity != before.db.identity:
        return "it was replaced by another file"
    return "it was emptied" if now.db.size == 0 < before.db.size else None


def _stamp(path: Path) -> Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, getattr(found, "st_blocks", 0))
