"""The error-first buffer: an unbounded lane for errors, a normal lane and its overflow ring for everything else."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from obsv.trace.counters import Tally

T = TypeVar("T")


class Buffer(Generic[T]):
    """Error-first buffer, pure: no thread and no clock.

    Normal lane and overflow ring are one deque: its first `lane_size` entries are the lane, the next `ring_size` the
    ring. So the ring refills the lane by itself and in order, and a hand-over is one append and one comparison. Any
    number of threads may put and take at once: `deque.append` and `popleft` are atomic.

    Args:
        lane_size: entries of the normal lane; at least 1.
        ring_size: entries of the overflow ring; 0 or more.
        on_mark: called without arguments by `put` when the depth is above `mark`; must not raise.
        on_error: called without arguments by `put_error`; must not raise.

    Raises:
        ValueError: a size is out of its range.
    """

    __slots__ = (
        "_counting",
        "_dropped",
        "_errors",
        "_errors_taken",
        "_late",
        "_overflowed",
        "_queue",
        "_taken",
        "capacity",
        "lane_size",
        "mark",
        "on_error",
        "on_mark",
    )

    def __init__(
        self,
        lane_size: int = 10_000,
        ring_size: int = 50_000,
        *,
        on_mark: Callable[[], None] = lambda: None,
        on_error: Callable[[], None] = lambda: None,
    ) -> None:
        if lane_size < 1:
            raise ValueError("lane_size must be at least 1")
        if ring_size < 0:
            raise ValueError("ring_size must not be negative")
        self.lane_size = lane_size
        self.capacity = lane_size + ring_size
        self.mark = lane_size
        self.on_mark = on_mark
        self.on_error = on_error
        self.clear()

    def clear(self) -> None:
        """Forget all entries and counts, as the child of a fork must."""
        self._queue: deque[T] = deque()
        self._errors: deque[T] = deque()
        self._overflowed = Tally()
        self._dropped = Tally()
        self._late = Tally()
        self._counting = threading.Lock()  # guards the two counts below; held for an addition only
        self._taken = 0
        self._errors_taken = 0

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
        self.on_error()

    def count_overflow(self) -> None:
        """Count the entry that `on_mark` was called for, if it stands in the ring."""
        if len(self._queue) > self.lane_size:
            self._overflowed.add()

    # -- out -----------------------------------------------------------------------------------------------------------

    def take(self, size: int) -> list[T]:
        """Take up to `size` of the oldest successes; what was in the ring moves up into the lane."""
        batch = _pop(self._queue, size)
        with self._counting:
            self._taken += len(batch)
        return batch

    def take_errors(self, size: int) -> list[T]:
        """Take up to `size` of the oldest errors."""
        batch = _pop(self._errors, size)
        with self._counting:
            self._errors_taken += len(batch)
        return batch

    def give_back(self, batch: list[T]) -> None:
        """Put successes that were taken back to the front."""
        self._queue.extendleft(reversed(batch))
        with self._counting:
            self._taken -= len(batch)

    def give_back_errors(self, batch: list[T]) -> None:
        """Put errors that were taken back to the front."""
        self._errors.extendleft(reversed(batch))
        with self._counting:
            self._errors_taken -= len(batch)

    def drop_oldest(self) -> None:
        """Drop the oldest success, and count it."""
        if _pop(self._queue, 1):
            self._dropped.add()

    def discard_late(self) -> None:
        """Drop all entries: they came after the end. They count as dropped."""
        for entries in (self._queue, self._errors):
            while _pop(entries, 1):
                self._late.add()

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
    def taken(self) -> int:
        """Successes taken and not given back."""
        return self._taken

    @property
    def errors_taken(self) -> int:
        """Errors taken and not given back."""
        return self._errors_taken

    @property
    def overflowed(self) -> int:
        """Successes that went into the ring because the lane was full."""
        return self._overflowed.value

    @property
    def recovered(self) -> int:
        """Successes that came from the ring back into the lane and were not dropped there."""
        return max(0, self.overflowed - max(0, len(self._queue) - self.lane_size) - self._dropped.value)

    @property
    def dropped(self) -> int:
        """Successes dropped because there was no room, and whatever came after the end."""
        return self._dropped.value + self._late.value

    @property
    def errors(self) -> int:
        """Errors put in so far."""
        return self._errors_taken + len(self._errors)

    @property
    def recorded(self) -> int:
        """Entries put in so far; while another thread is taking a batch, short by what it has in hand."""
        return self._taken + self.dropped + len(self._queue) + self.errors


def _pop(entries: "deque[T]", size: int) -> list[T]:
    popleft = entries.popleft
    batch: list[T] = []
    try:
        for _ in range(min(size, len(entries))):
            batch.append(popleft())  # noqa: PERF401 - what was popped must survive the IndexError
    except IndexError:  # another thread was faster
        pass
    return batch
