"""The current rules file: read again when it changes; the previous rules stay while it is invalid."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from obsv.alerts.rules import AlertsConfig
from obsv.alerts.rules_file import AlertsFileError, read_file

logger = logging.getLogger("obsv")


class FileWatch:
    """A watcher of a rules file.

    Args:
        find: returns the file; None if there is none.

    Attributes:
        config: the rules in force.
        path: the file that was read; None if there is no file.
        error: why the current file is invalid; empty if it is valid.
    """

    def __init__(self, find: Callable[[], Path | None]) -> None:
        self._find = find
        self._seen: tuple[object, ...] | None = None  # what was read
        self._found: tuple[object, ...] | None = None  # what was there at the last look
        self.config = AlertsConfig()
        self.path: Path | None = None
        self.error = ""

    def look(self) -> bool:
        """Read the file if it has changed; return whether the rules have changed."""
        path = self._find()
        seen = _state(path)
        before_that, self._found = self._found, seen
        # A file that is being written is empty or absent for a moment, and all alerts would be over: look twice.
        if seen == self._seen or (self._seen is not None and seen != before_that):
            return False
        self._seen = seen
        before = self.config
        try:
            if path is None or (seen[1:] == (None,) and self.path is None):
                self.config = AlertsConfig()
            else:
                self.config = read_file(path)
            self.path, self.error = path, ""
        except AlertsFileError as error:
            self.error = str(error)
            logger.error("The alert rules file is invalid; the previous rules stay in force: %s", error)
        return self.config != before


def _state(path: Path | None) -> tuple[object, ...]:
    if path is None:
        return (None, None)
    try:
        status = path.stat()
    except OSError:
        return (path, None)
    return path, status.st_mtime_ns, status.st_size, status.st_ino
