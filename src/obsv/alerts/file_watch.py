"""The file of rules as it is now: read again when it changes, kept as it was while it is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from obsv.alerts.rules import AlertsConfig
from obsv.alerts.rules_file import AlertsFileError, read_file

logger = logging.getLogger("obsv")


class FileWatch:
    """Follows a file.

    Args:
        find: returns the file; None where there is none.

    Attributes:
        config: what counts.
        path: where it was read; None where there is no file.
        error: why the file as it is now does not count; empty where it does.
    """

    def __init__(self, find: Callable[[], Path | None]) -> None:
        self._find = find
        self._seen: tuple[object, ...] | None = None
        self.config = AlertsConfig()
        self.path: Path | None = None
        self.error = ""

    def look(self) -> bool:
        """Read the file if it has changed; returns whether other rules count now."""
        path = self._find()
        seen = _state(path)
        if seen == self._seen:
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
            logger.error("The alert rules that were read before stay, since the file is wrong: %s", error)
        return self.config != before


def _state(path: Path | None) -> tuple[object, ...]:
    if path is None:
        return (None, None)
    try:
        status = path.stat()
    except OSError:
        return (path, None)
    return path, status.st_mtime_ns, status.st_size, status.st_ino
