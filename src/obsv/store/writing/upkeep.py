"""Enforcement of a store's limits: its keeper calls `step`, and again when told.

A limit holds within a minute. A batch frees the space that it adds itself (`Writer.write`); this handles age, rows left
by other writers, and returning space.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from obsv.errors import StoreError
from obsv.own_time import unix_ns
from obsv.store.writing.keeping.retention import Retained

LOOK_S = 10.0
# Pause between two chunks of one clean-up, each of which locks the file for about 10 ms: at first, and when there is no
# end of it. A program that records 20,000 calls/s must also delete as many.
CHUNK_S, CHUNK_LEAST_S, HASTE = 0.1, 0.01, 0.9


class Retaining(Protocol):
    """The deleting object: `Writer`."""

    def retain(self, now_ns: int, *, by_default: bool) -> Retained:
        """Delete one chunk to keep the file within its limits."""


class Upkeep:
    """A scheduler of chunks.

    Args:
        writer: writer of the store; used only in `step` and `finish`.
        clock: Unix time in ns.
        by_default: whether the default age applies if no limit is set; may be changed at any time.
    """

    def __init__(self, writer: Retaining, clock: Callable[[], int] = unix_ns, *, by_default: bool = True) -> None:
        self.by_default = by_default
        self._writer = writer
        self._clock = clock
        self._pause_s = CHUNK_S

    def step(self) -> float:
        """Do one chunk if due; return the seconds until the next call. Never raises a `StoreError`."""
        try:
            more = self._writer.retain(self._clock(), by_default=self.by_default).more
        except StoreError:  # the writing code reports it
            more = False
        self._pause_s = max(CHUNK_LEAST_S, HASTE * self._pause_s) if more else CHUNK_S
        return self._pause_s if more else LOOK_S

    def finish(self, timeout_s: float, now: Callable[[], float] = time.monotonic) -> bool:
        """Do all pending chunks without a pause: nobody may keep the store afterwards.

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
