"""From request bodies to committed rows: one thread that decodes and writes, many requests a transaction.

A request is acknowledged after the commit of the transaction that its spans are in. While one transaction is written
the next requests gather, so that many small senders cost few commits. One thread, because decoding holds the
interpreter lock anyway: a second would only make both wait for it.
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from obsv.errors import ObsvError, StoreError
from obsv.otlp.failures import Overloaded
from obsv.store.ground import SpanRow, WriteResult
from obsv.trace.notices import Notices
from obsv.wire.rowmaker import Decoded, RowMaker

logger = logging.getLogger("obsv")

MAX_BYTES = 256 * 2**20
# Rows of one transaction: more are no faster, and hold the lock of the file longer.
BATCH_ROWS = 5_000


class Store(Protocol):
    """What rows are written to: `obsv.store.Writer`."""

    def write(self, rows: list[SpanRow]) -> WriteResult:
        """Store all rows in one transaction, or none."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


@dataclass(slots=True)
class Job:
    """A request on its way.

    Attributes:
        size: bytes it holds in memory.
        decode: makes its rows.
        future: resolved when they are committed, or with the error.
    """

    size: int
    decode: Callable[[RowMaker], Decoded]
    future: "Future[Decoded]" = field(default_factory=Future)


class Ingest:
    """Takes requests and stores them.

    Args:
        store: where to; used by the ingest thread alone.
        maker: makes rows; likewise.
        max_bytes: of requests in memory, waiting or being read; what comes beyond is turned away.
        batch_rows: rows after which a transaction is closed.
    """

    def __init__(
        self, store: Store, maker: RowMaker, *, max_bytes: int = MAX_BYTES, batch_rows: int = BATCH_ROWS
    ) -> None:
        self._store = store
        self._maker = maker
        self._max_bytes = max_bytes
        self._batch_rows = batch_rows
        self._changed = threading.Condition()  # guards the six below
        self._jobs: deque[Job] = deque()
        self._bytes = 0
        self._started = self._stopping = self._done = False
        self.counts: Counter[str] = Counter()
        self._notices = Notices()
        self._thread = threading.Thread(target=self._run, name="obsv-ingest", daemon=True)

    def start(self) -> None:
        """Start the thread; the first request does."""
        with self._changed:
            self._start()

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Take no more, store what waits, and close the store."""
        with self._changed:
            self._stopping = True
            self._done = self._done or not self._started
            self._changed.notify()
        if self._started:
            self._thread.join(timeout_s)

    def reserve(self, size: int) -> None:
        """Take memory for bytes of a request that is still being read.

        Raises:
            Overloaded: there is none left, or the server is stopping.
        """
        with self._changed:
            if self._stopping or self._bytes + size > self._max_bytes:
                self.counts["overloaded"] += 1
                raise Overloaded("Too many requests wait to be stored; try again.")
            self._bytes += size

    def release(self, size: int) -> None:
        """Give memory back that was reserved and did not become a job."""
        with self._changed:
            self._bytes -= size

    def submit(self, size: int, decode: Callable[[RowMaker], Decoded]) -> "Future[Decoded]":
        """Hand over a request.

        Args:
            size: bytes, reserved before; they are given back when the request is done.
            decode: makes its rows, on the ingest thread.

        Returns:
            resolved after the commit; with the error of `decode`, a `StoreError`, or `Overloaded` when stopping.
        """
        job = Job(size, decode)
        with self._changed:
            if not self._done:
                self._start()
                self._jobs.append(job)
                self._changed.notify()
                return job.future
        self._finish(job, Overloaded("The server is stopping; try again."))
        return job.future

    def _run(self) -> None:
        while jobs := self._next():
            self._store_together(jobs)
        self._store.close()

    def _next(self) -> list[Job]:
        with self._changed:
            while not self._jobs and not self._stopping:
                self._changed.wait()
            jobs = list(self._jobs)
            self._jobs.clear()
            self._done = not jobs
            return jobs

    def _store_together(self, jobs: list[Job]) -> None:
        group: list[tuple[Job, Decoded]] = []
        rows = 0
        for job in jobs:
            decoded = self._decoded(job)
            if decoded is not None:
                group.append((job, decoded))
                rows += len(decoded.rows)
            if rows >= self._batch_rows:
                self._commit(group)
                group, rows = [], 0
        self._commit(group)

    def _decoded(self, job: Job) -> Decoded | None:
        if not job.future.set_running_or_notify_cancel():  # the sender has gone, and will try again
            self.release(job.size)
            return None
        try:
            return job.decode(self._maker)
        except ObsvError as error:
            self._finish(job, error)
        except Exception as error:
            logger.exception("A request could not be decoded; its sender was told that the server failed.")
            self._finish(job, error)
        return None

    def _commit(self, group: list[tuple[Job, Decoded]]) -> None:
        rows = [row for _, decoded in group for row in decoded.rows]
        try:
            result = self._store.write(rows) if rows else WriteResult(0, 0)
        except StoreError as error:
            self._notices.once("store", logging.ERROR, "What senders send is turned away, to be sent again: %s", error)
            for job, _ in group:
                self._finish(job, error)
        except Exception as error:
            self._one_by_one(group, error)
        else:
            if rows and self._notices.over("store"):
                logger.warning("What senders send is stored again.")
            self._count(group, result)
            for job, decoded in group:
                self._finish(job, decoded)

    def _one_by_one(self, group: list[tuple[Job, Decoded]], error: Exception) -> None:
        # One request that the store cannot take must not cost the others that share its transaction.
        if len(group) > 1:
            for member in group:
                self._commit([member])
        else:
            logger.error("A request could not be stored; its sender was told so.", exc_info=error)
            self._finish(group[0][0], error)

    def _count(self, group: list[tuple[Job, Decoded]], result: WriteResult) -> None:
        with self._changed:
            self.counts["requests"] += len(group)
            self.counts["spans"] += result.inserted
            self.counts["duplicates"] += result.duplicates
            self.counts["rejected"] += sum(decoded.rejected.total() for _, decoded in group)

    def _finish(self, job: Job, outcome: Decoded | Exception) -> None:
        self.release(job.size)
        if isinstance(outcome, Decoded):
            job.future.set_result(outcome)
        else:
            self.counts["failed"] += 1
            job.future.set_exception(outcome)
