"""Reading of the file: read-only, with limits on time and rows for each query."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from obsv.errors import QueryTimeout
from obsv.store.file.connection import open_reader
from obsv.store.file.failures import explain
from obsv.store.file.masking import masks_values, without_hints

T = TypeVar("T")
Row = sqlite3.Row
Params = Sequence[Any] | Mapping[str, Any]

TIME_LIMIT_S = 5.0
ROW_LIMIT = 10_000
# SQLite's virtual machine takes about a millisecond for this many steps.
STEPS_A_LOOK = 20_000
_IDLE_CONNECTIONS = 8
# More would take processors away from the recorded program.
_MOST_AT_ONCE = 4


def lenient_text(data: bytes) -> str:
    """Decode the text of a damaged row. Decoding all texts like this would take a fifth longer to read them."""
    return data.decode("utf-8", "replace")


class Readable(Protocol):
    """A source for queries: a `Reader`, or a `Snapshot` if several queries must see the same state."""

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Run one query, like `Reader.query`."""
        ...

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """Run one query; return its first row, or None."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open a snapshot of the file."""
        ...


class Reader:
    """A reader of a store. Any number of threads may use it; the file may appear, grow or be replaced meanwhile.

    Args:
        path: the database file.
        time_limit_s: time limit of a query, seconds.
        row_limit: maximum number of rows of a query.

    All methods raise `StoreUnavailable` (no file, or not readable), `ForeignFile`, `NewerSchema` and `QueryTimeout`.
    """

    def __init__(self, path: str | Path, *, time_limit_s: float = TIME_LIMIT_S, row_limit: int = ROW_LIMIT) -> None:
        self.path = Path(path)
        self.time_limit_s = time_limit_s
        self.row_limit = row_limit
        self._lock = threading.Lock()  # guards the next two
        self._idle: dict[bool, list[sqlite3.Connection]] = {False: [], True: []}  # True: they mask values
        self._file: tuple[int, int, int] | None = None

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Run one query.

        Args:
            sql: a SELECT as constant text, with parameters.
            params: the parameters.

        Returns:
            Rows that can be read by name and by position, at most `row_limit`.
        """
        with self.snapshot() as snapshot:
            return snapshot.query(sql, params)

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """Run one query; return its first row, or None."""
        with self.snapshot() as snapshot:
            return snapshot.one(sql, params)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open a snapshot for several queries on the same state; keep it short, because it holds back the log."""
        is_masked = masks_values()
        connection = self._take(is_masked)
        try:
            connection.execute("begin")
            yield Snapshot(connection, self.path, self.time_limit_s, self.row_limit, self.query, is_masked)
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        finally:
            connection.rollback()
            self._give_back(connection, is_masked)

    def close(self) -> None:
        """Close all idle connections; the next query opens a new one."""
        with self._lock:
            idle = self._all_idle()
        for connection in idle:
            connection.close()

    @property
    def file(self) -> tuple[int, int] | None:
        """Return device and inode of the file at the path; None if there is none."""
        identity = self._identity()
        return identity and identity[:2]

    def _take(self, is_masked: bool) -> sqlite3.Connection:
        file = self._identity()
        with self._lock:
            if file == self._file and self._idle[is_masked]:
                return self._idle[is_masked].pop()
            stale, self._file = (self._all_idle(), file) if file != self._file else ([], file)
        for connection in stale:
            connection.close()
        return open_reader(self.path)

    def _give_back(self, connection: sqlite3.Connection, is_masked: bool) -> None:
        file = self._identity()
        with self._lock:
            if file == self._file and len(self._idle[is_masked]) < _IDLE_CONNECTIONS:
                self._idle[is_masked].append(connection)
                return
        connection.close()

    def _all_idle(self) -> list[sqlite3.Connection]:
        """Return and forget all idle connections; the lock is held."""
        idle = [*self._idle[False], *self._idle[True]]
        self._idle = {False: [], True: []}
        return idle

    # With the process ID: a connection must not cross a fork.
    def _identity(self) -> tuple[int, int, int] | None:
        try:
            stat = os.stat(self.path)
        except OSError:
            return None
        return stat.st_dev, stat.st_ino, os.getpid()


class Snapshot:
    """The file as it was at one moment; created by `Reader.snapshot`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        time_limit_s: float,
        row_limit: int,
        elsewhere: Callable[[str, Params], list[Row]],
        is_masked: bool = False,
    ) -> None:
        self._elsewhere = elsewhere
        self._is_masked = is_masked
        self._connection = connection
        self._path = path
        self._time_limit_s = time_limit_s
        self._row_limit = row_limit

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Run one query, like `Reader.query`."""
        sql = self._for_views(sql)
        return self._read(lambda: self._connection.execute(sql, params).fetchmany(self._row_limit))

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """Run one query; return its first row, or None."""
        sql = self._for_views(sql)

        def first() -> Row | None:
            cursor = self._connection.execute(sql, params)
            row: Row | None = cursor.fetchone()
            cursor.close()
            return row

        return self._read(first)

    def _for_views(self, sql: str) -> str:
        return without_hints(sql) if self._is_masked else sql

    def _read(self, run: Callable[[], T]) -> T:
        """Run a query, and again if a text is not UTF-8, which is then shown with replacement characters."""
        try:
            with self._limited():
                return run()
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" not in str(error):
                raise
        self._connection.text_factory = lenient_text
        with self._limited():
            return run()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Return this snapshot, for callers that request a snapshot of a `Readable`."""
        yield self

    def query_each(self, sql: str, params: Sequence[Params]) -> list[list[Row]]:
        """Run one query several times, in parallel on all processors; the runs share the time limit.

        Args:
            sql: as for `query`.
            params: the parameters of each run, at least one. The first run sees this snapshot, others may see a later
                state.

        Returns:
            The rows of each run.
        """
        answers: list[list[Row]] = [[] for _ in params]
        waiting = deque(enumerate(params))
        deadline = time.monotonic() + self._time_limit_s

        def work(run: Callable[[str, Params], list[Row]], at: int, bound: Params) -> None:
            try:
                while True:
                    answers[at] = run(sql, bound)
                    try:
                        at, bound = waiting.popleft()
                    except IndexError:  # another thread took the last one
                        return
                    if time.monotonic() > deadline:
                        raise self._timeout()
            except BaseException:
                waiting.clear()
                raise

        first, *others = [waiting.popleft() for _ in range(min(len(params), at_once()))]
        if not others:
            work(self.query, *first)
            return answers
        # Recording programs also load this module, and this import takes 2 ms of their start.
        from concurrent.futures import ThreadPoolExecutor
        from contextvars import copy_context
        from functools import partial

        with ThreadPoolExecutor(len(others)) as pool:
            # With the actor: who may not see values must not see them through another thread.
            running = [pool.submit(partial(copy_context().run, work, self._elsewhere, *each)) for each in others]
            work(self.query, *first)
            for each in running:
                each.result()
        return answers

    def _timeout(self) -> QueryTimeout:
        limit = f"{self._time_limit_s:g} s"
        return QueryTimeout(f"the query ran longer than {limit}; narrow its time range or filters")

    @contextmanager
    def _limited(self) -> Iterator[None]:
        deadline = time.monotonic() + self._time_limit_s
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_A_LOOK)
        try:
            yield
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise self._timeout() from error
            raise
        finally:
            self._connection.set_progress_handler(None, 0)


def at_once() -> int:
    """Return the number of queries that can run in parallel."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MOST_AT_ONCE, processors)
