"""What the recorder counts about itself, without a lock where spans pass by."""

import itertools
import threading
from typing import Any


class Tally:
    """A counter that any number of threads may add to without a lock.

    `add` is the `__next__` of an `itertools.count`, one step of the interpreter; reading takes a step as well, so reads
    are counted and subtracted.
    """

    __slots__ = ("_count", "_lock", "_reads", "add")

    def __init__(self) -> None:
        self._count = itertools.count()
        self._reads = 0
        self._lock = threading.Lock()  # guards `_reads` against two readers
        self.add = self._count.__next__

    @property
    def value(self) -> int:
        """How often `add` was called."""
        with self._lock:
            value = self.add() - self._reads
            self._reads += 1
        return value


class Counters:
    """Counts kept by the thread that drains the buffer; all others are read where they arise. Times are in seconds."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at nothing."""
        self.exported = 0
        self.spilled = 0
        self.replayed = 0
        self.dropped = 0
        self.rejected = 0
        self.failed_batches = 0
        self.batch_size = 0
        self.batch_time_s = 0.0
        self.writer_lag_s = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Names and values for `obsv.stats()`, times in milliseconds."""
        return {
            "exported": self.exported,
            "spilled": self.spilled,
            "replayed": self.replayed,
            "rejected": self.rejected,
            "failed_batches": self.failed_batches,
            "batch_size": self.batch_size,
            "batch_time_ms": round(self.batch_time_s * 1e3, 3),
            "writer_lag_ms": round(self.writer_lag_s * 1e3, 3),
        }
