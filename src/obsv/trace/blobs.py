"""Encoded successes on their way to the spill file."""

import threading
from typing import NamedTuple


class Blob(NamedTuple):
    """Encoded spans, and how many they are."""

    payload: bytes
    spans: int


class Blobs:
    """A first-in, first-out store of blobs that is capped by bytes.

    Args:
        max_bytes: what may wait here.
    """

    def __init__(self, max_bytes: int = 64 << 20) -> None:
        self._max_bytes = max_bytes
        self.clear()

    def clear(self) -> None:
        """Forget all, as the child of a fork must."""
        self._lock = threading.Lock()  # guards the list and the count of its bytes; held for microseconds
        self._blobs: list[Blob] = []
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._blobs)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more."""
        return self._bytes >= self._max_bytes

    def put(self, blob: Blob) -> None:
        """Add a blob."""
        with self._lock:
            self._blobs.append(blob)
            self._bytes += len(blob.payload)

    def take_all(self) -> list[Blob]:
        """Take everything, oldest first."""
        with self._lock:
            blobs, self._blobs, self._bytes = self._blobs, [], 0
        return blobs

    def give_back(self, blobs: list[Blob]) -> None:
        """Put blobs back to the front."""
        with self._lock:
            self._blobs[:0] = blobs
            self._bytes += sum(len(blob.payload) for blob in blobs)
