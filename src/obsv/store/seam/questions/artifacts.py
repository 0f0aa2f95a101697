"""The questions about registered artifacts."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import Artifact, Lineage


class ArtifactQuestions(Protocol):
    """The questions about registered artifacts."""

    def list_artifacts(self, kind: str | None = None, name: str | None = None, limit: int = 100) -> list[Artifact]:
        """Artifacts by their latest registration, the newest first."""
        ...

    def registered_between(self, start_ns: int, end_ns: int, limit: int = 1_000) -> list[Artifact]:
        """The registrations of a time range, oldest first."""
        ...

    def read_registrations(self, name: str, limit: int = 100) -> list[Artifact]:
        """The registrations of an artifact, the latest first; `name` is an ID, the beginning of one, or a name."""
        ...

    def read_lineage(self, name: str) -> Lineage:
        """The ancestors and descendants of an artifact."""
        ...
