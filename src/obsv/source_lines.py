"""Lines of source files for display: read on demand, in a way that cannot block."""

from __future__ import annotations

import os
import stat
import tokenize
from collections import OrderedDict
from typing import NamedTuple

_MAX_FILES = 256
# Generated files may be larger; nobody reads them.
_MAX_BYTES = 5_000_000


class Source(NamedTuple):
    """The lines of a file.

    Attributes:
        lines: with their line ends.
        changed_ns: last modification of the file, as Unix time in nanoseconds.
    """

    lines: list[str]
    changed_ns: int


class SourceFiles:
    """A reader of source files that caches each file until it changes."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, tuple[tuple[int, int], Source | None]] = OrderedDict()

    def read(self, path: str) -> Source | None:
        """Return the lines of a file; None if it does not exist or is not source code. Never raises."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        # A device or a pipe would never end.
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            return None
        state = status.st_mtime_ns, status.st_size
        known = self._files.get(path)
        if known is not None and known[0] == state:
            return known[1]
        source = _read(path, status.st_mtime_ns)
        self._files[path] = state, source
        while len(self._files) > _MAX_FILES:
            self._files.popitem(last=False)
        return source


def _read(path: str, changed_ns: int) -> Source | None:
    try:
        with tokenize.open(path) as file:
            return Source(file.read(_MAX_BYTES).splitlines(keepends=True), changed_ns)
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError):
        return None
