"""Keeps a store within its limits: whoever keeps the store calls `step`, and again when it says.

A limit holds within a minute. What a batch adds beyond the size it makes room for itself (`Writer.write`); this is for
age, for what other writers left, and for giving back space.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from obsv.errors import StoreError
from obsv.own_time import unix_ns
from obsv.store.writing.retention import Retained

LOOK_S = 10.0
# Between two chunks of one clean-up, which hold the file for about 10 ms: at first, and when there is no end of it. A
# program that records 20,000 calls/s must also be rid of as many.
CHUNK_S, CHUNK_LEAST_S, HASTE = 0.1, 0.01, 0.9


class Retaining(Protocol):
    """What deletes: `Writer`."""

    def retain(self, now_ns: int, *, by_default: bool) -> Retained:
        """Do one chunk of what keeps the file within its limits."""


class Upkeep:
    """Decides when the next chunk is due.

    Args:
        writer: of the store; used in `step` and `finish` only.
        clock: Unix time in ns.
        by_default: whether the default age holds where nobody has set one; may be set at any time.
    """

    def __init__(self, writer: Retaining, clock: Callable[[], int] = unix_ns, *, by_default: bool = True) -> None:
        self.by_default = by_default
        self._writer = writer
        self._clock = clock
        self._pause_s = CHUNK_S

    def step(self) -> float:
        """Do one chunk if there is one to do; return in how many seconds to call again. Never raises a `StoreError`."""
        try:
            more = self._writer.retain(self._clock(), by_default=self.by_default).more
        except StoreError:  # whoever writes says it
            more = False
        self._pause_s = max(CHUNK_LEAST_S, HASTE * self._pause_s) if more else CHUNK_S
        return self._pause_s if more else LOOK_S

    def finish(self, timeout_s: float, now: Callable[[], float] = time.monotonic) -> bool:
        """Do all that is to be done, without a pause: nobody may keep the store afterwards.

        Returns:
            False if time ran out or the store cannot be written.
        """
        deadline = now() + timeout_s
        try:
            while self._writer.retain(self._clock(), by_default=self.by_default).more:
                if now() > deadline:
                    return False
        except StoreError:
            return False
        return True
