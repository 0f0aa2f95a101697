"""What a writer has left on the disk, and what a difference to it tells."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

_BLOCK = 512
# A file system may not have given the last pages their blocks.
_SLACK = 16 << 10


class Stamp(NamedTuple):
    """A file's state, without a look at what it holds."""

    device: int
    inode: int
    size: int
    changed_ns: int
    blocks: int

    @property
    def identity(self) -> tuple[int, int]:
        """Which file it is, whatever its name."""
        return self.device, self.inode

    @property
    def has_holes(self) -> bool:
        """Whether parts of it were never written: it was cut, and written behind the cut."""
        return bool(self.blocks) and self.blocks * _BLOCK + _SLACK < self.size


class Mark(NamedTuple):
    """The states of a database and of its write-ahead log, and which file is the log's index; None: it is not there."""

    db: Stamp | None
    log: Stamp | None
    shared: tuple[int, int] | None

    @classmethod
    def of(cls, path: Path) -> Mark:
        """The states now."""
        shared = _stamp(path.with_name(path.name + "-shm"))
        return cls(_stamp(path), _stamp(path.with_name(path.name + "-wal")), shared and shared.identity)

    def is_cut(self, now: Mark, *, may_cut_log: bool) -> bool:
        """Whether the database has become smaller, or the log."""
        cut_log = not may_cut_log and self.log is not None and now.log is not None and now.log.size < self.log.size
        return cut_log or (self.db is not None and now.db is not None and now.db.size < self.db.size)

    def has_lost_log(self, now: Mark) -> bool:
        """Whether the log, or its index, was taken away: SQLite itself never does that to one that is in use."""
        log = self.log is not None and (now.log is None or now.log.identity != self.log.identity)
        return log or (self.shared is not None and now.shared != self.shared)


def gone(before: Mark, now: Mark) -> str | None:
    """Return what became of a file, if all that it held is gone; None if it may be there."""
    if before.db is None:
        return None
    if now.db is None:
        return "it was taken away"
    if now.db.identity != before.db.identity:
        return "another file took its place"
    return "it was emptied" if now.db.size == 0 < before.db.size else None


def _stamp(path: Path) -> Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, getattr(found, "st_blocks", 0))
