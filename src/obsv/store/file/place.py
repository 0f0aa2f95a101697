"""The lock between opening and replacing a database: between two renames its log would belong to another file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be renamed
    fcntl = None  # type: ignore[assignment]

# Renaming takes some milliseconds. Another program's lock on the directory must not keep a program from recording.
_PATIENCE_S = 1.0
_POLL_S = 0.005


@contextmanager
def held_place(path: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the lock of a database's directory, which needs no extra file.

    Args:
        path: the database.
        alone: whether to replace the database; otherwise to open it.
    """
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(path.parent, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        if descriptor is not None and fcntl is not None:
            _lock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(descriptor: int, kind: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(_POLL_S)
        except OSError:  # a file system without such locks
            return
