"""The questions about traces that are kept beyond retention."""

from __future__ import annotations

from typing import Protocol

from obsv.store.figures import KeptTrace, KeptTraces
from obsv.store.ground import Limits
from obsv.store.writing import KeptBook


class KeptQuestions(Protocol):
    """The questions about traces that are kept beyond retention."""

    def read_limits(self) -> Limits:
        """The limits on the age of calls, the size of the file, and of what is kept."""
        ...

    def read_kept(self) -> KeptTraces:
        """The kept traces, those kept last first, and what they take."""
        ...

    def read_kept_trace(self, trace_id: str) -> KeptTrace | None:
        """A kept trace; None if it is not kept."""
        ...

    def sample_of_group(self, group_id: int, *, first: bool = False) -> str:
        """The trace of the latest call of an error group, or of its first."""
        ...

    def keep_trace(self, trace_id: str, note: str, now_ns: int) -> KeptTrace:
        """Keeps a trace as it is now; of one that is kept with more calls, only the note is replaced."""
        ...

    def kept_book(self) -> KeptBook:
        """Removes kept traces, and limits them."""
        ...
