"""Decisions of retention: what to delete next, and how much at a time; pure."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from obsv.store.file import LOG_BYTES
from obsv.store.ground import HOUR_NS

DAY_NS = 24 * HOUR_NS

# Rollups are small and show previous days: they stay longer than calls by this factor.
ROLLUPS_LONGER = 4
# Target duration of a write lock. A writer may have to wait at most 50 ms; a busy machine needs a margin.
TARGET_S = 0.01
# Calls are deleted from this share of the size limit on, to leave space until the next look.
FULL = 0.9
# Above this share of what the limit leaves to the file no page stays free.
FILE = 0.95
# Free pages are kept for new calls up to this share of the file, or this many, before they are returned.
SPARE = 0.125
# Share of a size limit that the log may use, between these bytes.
LOG_SHARE, LOG_LEAST = 16, 1 << 20
SPARE_PAGES = 256
# Of a size limit the rollups of past minutes may take up this part; then the oldest go. Measured: bytes of a row.
ROLLUP_SHARE, ROLLUP_BYTES = 0.25, 40
# Chunks whose pages may stand in the write-ahead log before they are copied into the file: some megabytes.
CHUNKS_A_COPY = 8


class Action(Enum):
    """The action of one chunk."""

    NOTHING = "nothing"
    EXPIRE = "delete calls that are too old"
    SHRINK = "delete the oldest successes, and errors when there are none left: the file is too large"
    TIDY = "delete rollups, and shared rows that nothing uses"
    VACUUM = "return free pages to the file system"
    COPY = "copy the write-ahead log into the file"
    CHECKPOINT = "empty the write-ahead log"


class Facts(NamedTuple):
    """The facts for a decision.

    Args:
        expired: whether there are calls that are too old.
        untidy: whether rollups and shared rows have not been checked for a while.
        pages: size of the file.
        free_pages: number of empty pages.
        page_size: in bytes.
        log_bytes: size of the write-ahead log.
        idle: whether nothing has been written since the last look.
        chunks: number of chunks since the log was copied.
    """

    expired: bool
    untidy: bool
    pages: int
    free_pages: int
    page_size: int
    log_bytes: int
    idle: bool
    chunks: int = 0

    @property
    def used_bytes(self) -> int:
        """Return the size of calls and rollups."""
        return (self.pages - self.free_pages) * self.page_size

    @property
    def total_bytes(self) -> int:
        """Return the size of the file with its log."""
        return self.pages * self.page_size + self.log_bytes


class Retained(NamedTuple):
    """The result of a chunk.

    Args:
        deleted: number of deleted rows.
        more: whether there is more to do; call again soon.
        held_s: maximum seconds that it held the write lock, including the wait for it.
    """

    deleted: int
    more: bool
    held_s: float = 0.0


def decide(facts: Facts, max_bytes: int | None) -> Action:
    """Return the next action: first by age, then by size (successes before errors), then dependent rows, then space."""
    if facts.chunks >= CHUNKS_A_COPY:
        return Action.COPY
    if facts.expired:
        return Action.EXPIRE
    if excess(facts, max_bytes) > 0:
        return Action.SHRINK
    if facts.untidy:
        return Action.TIDY
    if facts.free_pages > _spare(facts, max_bytes):
        return Action.VACUUM
    if facts.idle and facts.log_bytes > 0:
        return Action.CHECKPOINT
    return Action.NOTHING


def excess(facts: Facts, max_bytes: int | None) -> int:
    """Return the bytes of calls to delete to free enough space; 0 or less: none."""
    return 0 if max_bytes is None else facts.used_bytes - int(FULL * (max_bytes - log_bytes(max_bytes)))


def log_bytes(max_bytes: int) -> int:
    """Return what the write-ahead log may take of a size limit."""
    return min(LOG_BYTES, max(min(LOG_LEAST, max_bytes // 4), max_bytes // LOG_SHARE))


def _spare(facts: Facts, max_bytes: int | None) -> int:
    # The file with its free pages, beside the largest log.
    if max_bytes is not None and facts.pages * facts.page_size > FILE * (max_bytes - log_bytes(max_bytes)):
        return 0
    return max(SPARE_PAGES, int(SPARE * facts.pages))


class Chunk:
    """The size of a chunk, found by measurement: starts small, and at most doubles.

    Args:
        least: the smallest chunk, and the first.
        most: the largest chunk.
    """

    def __init__(self, least: int, most: int) -> None:
        self.size = self.least = least
        self._most = most

    def took(self, seconds: float) -> None:
        """Report how long a chunk of the current size held the lock."""
        factor = min(2.0, TARGET_S / max(seconds, 1e-6))
        self.size = max(self.least, min(self._most, round(self.size * factor)))
