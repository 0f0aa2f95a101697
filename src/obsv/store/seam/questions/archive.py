"""The questions about the archive of the store."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import ArchiveState


class ArchiveQuestions(Protocol):
    """The questions about the archive of the store."""

    def read_archive(self) -> ArchiveState | None:
        """Return what the store knows of its archive; None if it never had one."""
        ...
