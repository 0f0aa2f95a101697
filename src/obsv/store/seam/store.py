"""The questions that everything which shows recorded calls asks of a store: one protocol, whatever answers it.

They speak of calls, traces, conditions and windows of time. No SQL passes here, nor an engine's errors or rows; where a
page ended is a text that only the store reads.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from obsv.store.figures import Beat, Health
from obsv.store.file import ROW_LIMIT, Answer
from obsv.store.seam.questions.arrivals import ArrivalQuestions
from obsv.store.seam.questions.calls import CallQuestions
from obsv.store.seam.questions.errors import ErrorQuestions
from obsv.store.seam.questions.figures import FigureQuestions
from obsv.store.seam.questions.logs import LogQuestions
from obsv.store.seam.questions.names import NameQuestions
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
    Protocol,
):
    """Answers questions about what was recorded. Any number of threads may ask at once.

    All questions raise `StoreUnavailable` (there is none, or it does not answer), `ForeignFile`, `NewerSchema` and
    `QueryTimeout`; those for one thing raise `NotFound`, those that a user has written `InvalidQuery`.
    """

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def exists(self) -> bool:
        """Whether there is anything to read, be it unreadable."""
        ...

    @property
    def identity(self) -> object:
        """Changes when another store has taken its place; None when there is none."""
        ...

    def view(self) -> AbstractContextManager[Store]:
        """Several questions that see the same state; keep it short."""
        ...

    def close(self) -> None:
        """Gives up what it holds; the next question takes it again."""
        ...

    def read_beat(self, now_ns: int) -> Beat:
        """What recording processes say of themselves; of no store, that there is nothing."""
        ...

    def check(self, now_ns: int) -> Health:
        """How the store is, and what to do about it."""
        ...

    def run_sql(self, statement: str, row_limit: int = ROW_LIMIT) -> Answer:
        """The rows of one statement that can only read."""
        ...
