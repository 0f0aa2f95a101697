"""The store in one SQLite file: the first implementation of `Store`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.errors import StoreUnavailable
from obsv.store.figures import Beat, Health
from obsv.store.figures.beat import read_beat
from obsv.store.figures.health import check
from obsv.store.file import ROW_LIMIT, Answer, run_sql
from obsv.store.seam.answers.archive import ArchiveAnswers
from obsv.store.seam.answers.arrivals import ArrivalAnswers
from obsv.store.seam.answers.artifacts import ArtifactAnswers
from obsv.store.seam.answers.calls import CallAnswers
from obsv.store.seam.answers.decisions import DecisionAnswers
from obsv.store.seam.answers.errors import ErrorAnswers
from obsv.store.seam.answers.figures import FigureAnswers
from obsv.store.seam.answers.journal import JournalAnswers
from obsv.store.seam.answers.kept import KeptAnswers
from obsv.store.seam.answers.logs import LogAnswers
from obsv.store.seam.answers.metrics import MetricAnswers
from obsv.store.seam.answers.names import NameAnswers
from obsv.store.seam.answers.saved_views import SavedViewAnswers
from obsv.store.seam.answers.selections import SelectionAnswers
from obsv.store.seam.answers.traces import TraceAnswers
from obsv.store.seam.answers.watched import AlertAnswers


class SQLiteStore(
    CallAnswers,
    TraceAnswers,
    ErrorAnswers,
    FigureAnswers,
    NameAnswers,
    ArrivalAnswers,
    AlertAnswers,
    LogAnswers,
    ArtifactAnswers,
    DecisionAnswers,
    ArchiveAnswers,
    SelectionAnswers,
    JournalAnswers,
    KeptAnswers,
    SavedViewAnswers,
    MetricAnswers,
):
    """Answers from a database file, which may appear, grow or be replaced meanwhile."""

    unanswered: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self._path)

    @property
    def exists(self) -> bool:
        try:
            return self._path.stat().st_size > 0
        except OSError:
            return False

    @property
    def identity(self) -> object:
        return self._reader.file

    @contextmanager
    def view(self) -> Iterator[SQLiteStore]:
        with self._source.snapshot() as snapshot:
            yield SQLiteStore(self._path, snapshot)

    def close(self) -> None:
        self._reader.close()

    def read_beat(self, now_ns: int) -> Beat:
        try:
            return read_beat(self._source, now_ns)
        except StoreUnavailable:
            if self.exists:
                raise
            return Beat(0, (), (), now_ns)

    def check(self, now_ns: int) -> Health:
        return check(self._path, now_ns)

    def run_sql(self, statement: str, row_limit: int = ROW_LIMIT) -> Answer:
        return run_sql(self._path, statement, row_limit=row_limit)


def open_store(path: str | Path) -> SQLiteStore:
    """Return the store of a database file; nothing is opened before the first query."""
    return SQLiteStore(Path(path))
