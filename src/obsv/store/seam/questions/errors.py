"""The questions about failed calls, their groups, and decisions about them."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import ErrorCall, ErrorDetail, ErrorEvent, ErrorGroups, Failure
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.surveying import Errors, Sample
from obsv.store.writing import Triage


class ErrorQuestions(Protocol):
    """The questions about failed calls, their groups, and decisions about them."""

    def read_errors(self, filters: Filters, window: Window, limit: int) -> Errors:
        """The latest failed calls, those first that left the program's outermost recorded call."""
        ...

    def latest_errors(self, window: Window, limit: int) -> list[ErrorCall]:
        """The latest failed calls, those that only pass an exception on left out."""
        ...

    def read_error_groups(
        self,
        window: Window,
        status: str | None = None,
        text: str = "",
        order: str = "last",
        limit: int = 100,
        process: str | None = None,
    ) -> ErrorGroups:
        """The groups with errors in a window, by `last`, `count` or `first`."""
        ...

    def read_error_group(self, group_id: int, window: Window, limit: int = 100) -> ErrorDetail:
        """A group with what explains it, and its latest calls in a window."""
        ...

    def error_events_since(self, after: int, limit: int = 1_000) -> list[ErrorEvent]:
        """Groups that were new or came back after the event with that id, oldest first."""
        ...

    def sample_calls(self, filters: Filters, window: Window, most: int) -> Sample:
        """Some calls of a window, spread over it, with where each came from."""
        ...

    def sample_group(self, group_id: int, window: Window, most: int) -> Sample:
        """The latest calls where errors of a group began."""
        ...

    def triage(self) -> Triage:
        """Takes decisions about groups of errors: the only thing here that writes."""
        ...

    def failures(self, name: str) -> list[Failure]:
        """The latest failed calls of a function."""
        ...

    # Log records.
