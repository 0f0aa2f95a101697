"""The error-first buffer: an unbounded lane for errors, a normal lane and its overflow ring for everything else."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Buffer(Generic[T]):
    """Error-first buffer, pure: no thread and no clock.

    Normal lane and overflow ring are one deque: its first `lane_size` entries are the lane, the next `ring_size` the
    ring. So the ring refills the lane by itself and in order, and a hand-over is one append and one comparison, for
    any number of threads, since `deque.append` is atomic. Taking entries out is guarded by a lock.

    Args:
        lane_size: entries of the normal lane; at least 1.
        ring_size: entries of the overflow ring; 0 or more.

    Attributes:
        mark: `put` calls `on_mark` when the depth is above this; -1 for each `put`.
        on_mark: called without arguments; must not raise.

    Raises:
        ValueError: a size is out of its range.
    """

    __slots__ = (
        "_dropped",
        "_errors",
        "_errors_taken",
        "_is_removing",
        "_low",
        "_overflowed",
        "_queue",
        "_removing",
        "_taken",
        "capacity",
        "lane_size",
        "mark",
        "on_mark",
    )

    def __init__(self, lane_size: int = 10_000, ring_size: int = 50_000) -> None:
        if lane_size < 1:
            raise ValueError("lane_size must be at least 1")
        if ring_size < 0:
            raise ValueError("ring_size must not be negative")
        self.lane_size = lane_size
        self.capacity = lane_size + ring_size
        self.mark = lane_size
        self.on_mark: Callable[[], None] = _nothing
        self.clear()

    def clear(self) -> None:
        """Forget all entries and counts, as the child of a fork must."""
        self._queue: deque[T] = deque()
        self._errors: deque[T] = deque()
        # Guards everything below, and the left end of both deques. Reentrant, since a signal handler or a finalizer
        # may come in between and be monitored itself; it then finds `_is_removing` and leaves the deques alone.
        self._removing = threading.RLock()
        self._is_removing = False
        self._taken = 0
        self._errors_taken = 0
        self._dropped = 0
        self._overflowed = 0
        self._low = 0

    # -- in ------------------------------------------------------------------------------------------------------------

    def put(self, entry: T) -> None:
        """Add a success. The hot path: no lock, nothing allocated, one comparison."""
        queue = self._queue
        queue.append(entry)
        if len(queue) > self.mark:
            self.on_mark()

    def put_error(self, entry: T) -> None:
        """Add an error. It is never dropped."""
        self._errors.append(entry)

    # -- out -----------------------------------------------------------------------------------------------------------

    def take(self, size: int) -> list[T]:
        """Take up to `size` of the oldest successes; what was in the ring moves up into the lane."""
        with self._removing:
            batch = self._remove(self._queue, size)
            self._taken += len(batch)
        return batch

    def try_take(self, size: int) -> list[T]:
        """Like `take`, but takes nothing where that would mean to wait for another thread."""
        if not self._removing.acquire(blocking=False):
            return []
        try:
            return self.take(size)
        finally:
            self._removing.release()

    def take_errors(self, size: int) -> list[T]:
        """Take up to `size` of the oldest errors."""
        with self._removing:
            batch = self._remove(self._errors, size)
            self._errors_taken += len(batch)
        return batch

    def give_back(self, batch: list[T]) -> None:
        """Put successes that were taken back to the front."""
        with self._removing:
            self._count_overflow()
            self._queue.extendleft(reversed(batch))
            self._taken -= len(batch)
            self._low = len(self._queue)

    def give_back_errors(self, batch: list[T]) -> None:
        """Put errors that were taken back to the front."""
        with self._removing:
            self._errors.extendleft(reversed(batch))
            self._errors_taken -= len(batch)

    def drop_oldest(self) -> int:
        """Drop the oldest successes that are too many; none where that would mean to wait for another thread.

        Returns:
            How many were dropped.
        """
        if not self._removing.acquire(blocking=False):
            return 0
        try:
            dropped = len(self._remove(self._queue, len(self._queue) - self.capacity))
            self._dropped += dropped
            return dropped
        finally:
            self._removing.release()

    def discard(self) -> None:
        """Drop all entries: they came after the end. They count as dropped."""
        with self._removing:
            for entries in (self._queue, self._errors):
                self._dropped += len(self._remove(entries, len(entries)))

    def _remove(self, entries: "deque[T]", size: int) -> list[T]:
        if self._is_removing:
            return []
        self._is_removing = True
        try:
            self._count_overflow()
            return [entries.popleft() for _ in range(min(size, len(entries)))]
        finally:
            self._low = len(self._queue)
            self._is_removing = False

    def _count_overflow(self) -> None:
        # Since the last removal the queue has only grown: what it grew above the lane went into the ring.
        self._overflowed += max(0, len(self._queue) - max(self._low, self.lane_size))
        self._low = len(self._queue)

    # -- counts --------------------------------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        """Successes that wait, in lane and ring."""
        return len(self._queue)

    @property
    def error_depth(self) -> int:
        """Errors that wait."""
        return len(self._errors)

    @property
    def removed(self) -> int:
        """Successes taken and not given back, or dropped."""
        with self._removing:
            return self._taken + self._dropped

    @property
    def errors_taken(self) -> int:
        """Errors taken and not given back."""
        return self._errors_taken

    @property
    def overflowed(self) -> int:
        """Successes that went into the ring because the lane was full."""
        with self._removing:
            self._count_overflow()
            return self._overflowed

    @property
    def recovered(self) -> int:
        """Successes that came from the ring back into the lane and were not dropped there."""
        with self._removing:
            return max(0, self.overflowed - max(0, len(self._queue) - self.lane_size) - self._dropped)

    @property
    def dropped(self) -> int:
        """Successes dropped because there was no room, and whatever came after the end."""
        return self._dropped

    @property
    def errors(self) -> int:
        """Errors put in so far."""
        with self._removing:
            return self._errors_taken + len(self._errors)

    @property
    def recorded(self) -> int:
        """Entries put in so far."""
        with self._removing:
            return self._taken + self._dropped + len(self._queue) + self.errors


def _nothing() -> None:
    """What a buffer does that nobody listens to."""
