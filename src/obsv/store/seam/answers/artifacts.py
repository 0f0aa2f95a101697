"""The answers of an SQLite file about registered artifacts."""

from __future__ import annotations

from obsv.store.figures import Artifact, Lineage
from obsv.store.figures.artifacts import list_artifacts, read_lineage, read_registrations, registered_between
from obsv.store.seam.answers.source import Source


class ArtifactAnswers(Source):
    """The answers of an SQLite file about registered artifacts."""

    def list_artifacts(self, kind: str | None = None, name: str | None = None, limit: int = 100) -> list[Artifact]:
        return list_artifacts(self._source, kind, name, limit)

    def registered_between(self, start_ns: int, end_ns: int, limit: int = 1_000) -> list[Artifact]:
        return registered_between(self._source, start_ns, end_ns, limit)

    def read_registrations(self, name: str, limit: int = 100) -> list[Artifact]:
        return read_registrations(self._source, name, limit)

    def read_lineage(self, name: str) -> Lineage:
        return read_lineage(self._source, name)
