"""The questions about the archive of the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from obsv.store.figures import ArchivedPart, ArchiveState


class ArchiveQuestions(Protocol):
    """The questions about the archive of the store."""

    def read_archive(self) -> ArchiveState | None:
        """Return what the store knows of its archive; None if it never had one."""
        ...

    def archived_parts(self, start_ns: int, end_ns: int) -> list[ArchivedPart]:
        """Return the parts of the archive with a row of a range of time, newest first."""
        ...

    def stored_among(self, calls: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of some calls, by trace and span ID in hex, that are in the store itself."""
        ...
