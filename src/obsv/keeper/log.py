"""The log of a keeper process: a file beside the database with a size limit."""

from __future__ import annotations

import contextlib
import logging
import os

from obsv.own_files import open_own

MAX_BYTES = 256 << 10


class BoundedLog(logging.Handler):
    """A log handler that appends lines; at the limit, the file restarts with its later half.

    Args:
        path: the file; mode 0600.
        max_bytes: the limit.
    """

    def __init__(self, path: str, max_bytes: int = MAX_BYTES) -> None:
        super().__init__()
        self._path, self._max_bytes = path, max_bytes
        self.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line. Never raises: a full disk has no space for the message either."""
        with contextlib.suppress(Exception):
            # No single line may fill the file.
            line = self.format(record).encode("utf-8", "backslashreplace")[: self._max_bytes // 4] + b"\n"
            descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                if os.fstat(descriptor).st_size + len(line) > self._max_bytes:
                    self._halve(descriptor)
                os.write(descriptor, line)
            finally:
                os.close(descriptor)

    def _halve(self, descriptor: int) -> None:
        kept = self._max_bytes // 2
        size = os.fstat(descriptor).st_size
        later = os.pread(descriptor, kept, max(0, size - kept)).partition(b"\n")[2]
        os.ftruncate(descriptor, 0)
        os.write(descriptor, later)
