"""The questions about the names to choose from: groups, functions, services, attributes."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import Operation
from obsv.store.finding import Condition, Field
from obsv.store.surveying import TagValue


class NameQuestions(Protocol):
    """The questions about the names to choose from: groups, functions, services, attributes."""

    def read_groups(self, part: str = "", limit: int = 50) -> list[str]:
        """Process groups whose names contain a part."""
        ...

    def read_processes(self, part: str = "", group: str | None = None, limit: int = 50) -> list[str]:
        """Processes whose names contain a part."""
        ...

    def read_variables(self, part: str = "", process: str | None = None, limit: int = 50) -> list[str]:
        """Variables whose names contain a part."""
        ...

    def read_services(self) -> list[str]:
        """All services."""
        ...

    def read_operations(self, service: str) -> list[Operation]:
        """Return the operations of a service."""
        ...

    def tag_names(self, limit: int) -> dict[str, list[str]]:
        """Attributes by scope."""
        ...

    def tag_values(self, field: Field, condition: Condition, limit: int) -> list[TagValue]:
        """Values that a field has."""
        ...
