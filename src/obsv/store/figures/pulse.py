"""The state of recording, read once for all observers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from obsv.acting import sees_values
from obsv.store.figures.beat import Beat

FRESH_S = 0.5


class Recording(Protocol):
    """The source of the state: a `Store`."""

    def read_beat(self, now_ns: int) -> Beat:
        """Read the state of the recording processes."""
        ...


class Pulse:
    """A cache of the beat that reads it at most twice a second, each for actors who see values and who do not.

    Args:
        store: the store to read.
        clock: monotonic time in s.
    """

    def __init__(self, store: Recording, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below; held during the read, so that one thread reads
        self._beats: dict[bool, tuple[float, Beat]] = {}  # with the time of reading

    def beat(self) -> Beat:
        """Return the state of recording, at most `FRESH_S` seconds old; an empty one while there is no store.

        Raises:
            ForeignFile: the file is not an obsv database.
            NewerSchema: it was written by a newer version of obsv.
            StoreUnavailable: the file exists but cannot be read at the moment.
        """
        with self._lock:
            whose = sees_values()
            read_at, beat = self._beats.get(whose, (-FRESH_S, None))
            if beat is None or self._clock() - read_at >= FRESH_S:
                beat = self._read()
                self._beats[whose] = self._clock(), beat
            return beat

    def is_empty(self) -> bool:
        """Return whether there is no call to show: no file, or no row in it. Raises the errors of `beat`."""
        return self.beat().last_id == 0

    def _read(self) -> Beat:
        return self._store.read_beat(time.time_ns())
