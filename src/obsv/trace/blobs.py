"""Encoded successes on their way to the spill file."""

import contextlib
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple


class Blob(NamedTuple):
    """Encoded spans, and how many they are."""

    payload: bytes
    spans: int


class Blobs:
    """Blobs in their order, capped by bytes; for any thread. Without a lock: there are few.

    Args:
        max_bytes: what may wait here.
    """

    def __init__(self, max_bytes: int = 64 << 20) -> None:
        self._max_bytes = max_bytes
        self.clear()

    def clear(self) -> None:
        """Forget all, as the child of a fork must."""
        self._blobs: deque[Blob] = deque()

    def __bool__(self) -> bool:
        return bool(self._blobs)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more."""
        return sum(len(blob.payload) for blob in list(self._blobs)) >= self._max_bytes

    @property
    def spans(self) -> int:
        """How many spans wait."""
        return sum(blob.spans for blob in list(self._blobs))

    def put(self, blob: Blob) -> None:
        """Add a blob."""
        self._blobs.append(blob)

    def take_all(self) -> list[Blob]:
        """Take everything, oldest first."""
        taken = []
        with contextlib.suppress(IndexError):  # another thread takes as well
            while self._blobs:
                taken.append(self._blobs.popleft())
        return taken

    def give_back(self, blobs: Sequence[Blob]) -> None:
        """Put blobs back to the front."""
        self._blobs.extendleft(reversed(blobs))
