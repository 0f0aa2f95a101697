"""The queries that a store answers for all readers of recorded calls: one protocol for any engine.

They use calls, traces, conditions and time windows, but no SQL and none of an engine's errors or rows. The end of a
page is a cursor that only the store reads.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from obsv.store.figures import Beat, Health
from obsv.store.file import ROW_LIMIT, Answer
from obsv.store.seam.questions.archive import ArchiveQuestions
from obsv.store.seam.questions.arrivals import ArrivalQuestions
from obsv.store.seam.questions.artifacts import ArtifactQuestions
from obsv.store.seam.questions.calls import CallQuestions
from obsv.store.seam.questions.decisions import DecisionQuestions
from obsv.store.seam.questions.errors import ErrorQuestions
from obsv.store.seam.questions.figures import FigureQuestions
from obsv.store.seam.questions.journal import JournalQuestions
from obsv.store.seam.questions.kept import KeptQuestions
from obsv.store.seam.questions.logs import LogQuestions
from obsv.store.seam.questions.metrics import MetricQuestions
from obsv.store.seam.questions.names import NameQuestions
from obsv.store.seam.questions.saved_views import SavedViewQuestions
from obsv.store.seam.questions.selections import SelectionQuestions
from obsv.store.seam.questions.traces import TraceQuestions
from obsv.store.seam.questions.watched import AlertQuestions


class Store(
    CallQuestions,
    TraceQuestions,
    ErrorQuestions,
    FigureQuestions,
    NameQuestions,
    ArrivalQuestions,
    AlertQuestions,
    LogQuestions,
    ArtifactQuestions,
    DecisionQuestions,
    ArchiveQuestions,
    SelectionQuestions,
    JournalQuestions,
    KeptQuestions,
    SavedViewQuestions,
    MetricQuestions,
    Protocol,
):
    """Answers questions about what was recorded. Any number of threads may ask at once.

    All queries raise `StoreUnavailable` (it does not exist or does not respond), `ForeignFile`, `NewerSchema` and
    `QueryTimeout`; queries for a single item raise `NotFound`, those written by a user `InvalidQuery`.
    """

    @property
    def name(self) -> str:
        """Return its name for messages."""
        ...

    @property
    def exists(self) -> bool:
        """Return whether there is a store, even an unreadable one."""
        ...

    @property
    def identity(self) -> object:
        """Return an identity that changes when another store has taken its place; None if there is none."""
        ...

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Return what this kind of store cannot answer, one sentence each; they are shown on every page."""
        ...

    def view(self) -> AbstractContextManager[Store]:
        """Open a view for several queries on the same state; keep it short."""
        ...

    def close(self) -> None:
        """Release its resources; the next query acquires them again."""
        ...

    def read_beat(self, now_ns: int) -> Beat:
        """Return the state of the recording processes; empty if there is no store."""
        ...

    def check(self, now_ns: int) -> Health:
        """Return the state of the store, and suggested fixes."""
        ...

    def run_sql(self, statement: str, row_limit: int = ROW_LIMIT) -> Answer:
        """Return the rows of one read-only statement."""
        ...
