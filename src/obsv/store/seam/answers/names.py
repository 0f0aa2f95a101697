"""The answers of an SQLite file about the names to choose from: groups, functions, services, attributes."""

from __future__ import annotations

from obsv.store.figures import Operation
from obsv.store.figures.choices import read_groups, read_processes, read_variables
from obsv.store.figures.services import read_operations, read_services
from obsv.store.finding import Condition, Field
from obsv.store.seam.answers.source import Source
from obsv.store.surveying import TagValue
from obsv.store.surveying.tags import tag_names, tag_values


class NameAnswers(Source):
    """The answers of an SQLite file about the names to choose from: groups, functions, services, attributes."""

    def read_groups(self, part: str = "", limit: int = 50) -> list[str]:
        return read_groups(self._source, part, limit)

    def read_processes(self, part: str = "", group: str | None = None, limit: int = 50) -> list[str]:
        return read_processes(self._source, part, group, limit)

    def read_variables(self, part: str = "", process: str | None = None, limit: int = 50) -> list[str]:
        return read_variables(self._source, part, process, limit)

    def read_services(self) -> list[str]:
        return read_services(self._source)

    def read_operations(self, service: str) -> list[Operation]:
        return read_operations(self._source, service)

    def tag_names(self, limit: int) -> dict[str, list[str]]:
        with self._source.snapshot() as snapshot:
            return tag_names(snapshot, limit)

    def tag_values(self, field: Field, condition: Condition, limit: int) -> list[TagValue]:
        with self._source.snapshot() as snapshot:
            return tag_values(snapshot, field, condition, limit)
