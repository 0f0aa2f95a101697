"""From request bodies to committed rows: one thread decodes and writes, many requests per transaction.

A request is acknowledged after the commit of the transaction with its spans. While one transaction is written, the next
requests gather, so that many small senders cause few commits. One thread suffices, because decoding holds the
interpreter lock anyway: a second would only make both wait for it.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from obsv.errors import ObsvError, StoreError
from obsv.otlp.failures import Limited, Overloaded
from obsv.otlp.job import Job, Piece, fields_of
from obsv.otlp.line import OLDEST_EVERY, Line
from obsv.otlp.memory import give_back
from obsv.otlp.quotas import NOBODY, Claim, Quotas
from obsv.otlp.received import Received
from obsv.otlp.work import Slices, Work
from obsv.store.ground import LogRow, PointRow, SpanRow, WriteResult
from obsv.trace.notices import Notices
from obsv.wire.errors import TooLarge
from obsv.wire.rowmaker import RowMaker

logger = logging.getLogger("obsv")

# Of requests as received. Their decoded form has its own limits, see `obsv.wire.budget`.
MAX_BYTES = 96 * 2**20
# Rows per transaction: more are no faster, and lock the file longer.
BATCH_ROWS = 2_500
# Attributes of so many functions and shapes: each may be new to the file and to its rollups, which takes 40 to 80 µs.
BATCH_FIELDS = 4_000
# How long requests gather before the present ones are committed.
GATHER_S = 0.05
NO_METRICS = "data points: obsv inserts no metrics into ClickHouse; set OTEL_METRICS_EXPORTER=none at the sender"
# CPU time limit of one request: 64 MiB of ordinary spans take a third of it.
MOST_CPU_S = 20.0


class RowStore(Protocol):
    """The destination of rows: `obsv.store.Writer`."""

    def write(self, rows: list[SpanRow], *, logs: list[LogRow], points: list[PointRow]) -> WriteResult:
        """Store all rows in one transaction, or none."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class Ingest:
    """A queue that stores requests.

    Cheap requests go first (`Line`), and expensive ones are processed in slices with others between them: nobody can
    keep others waiting for much longer than a slice and a commit, a few tenths of a second.

    Args:
        store: the destination; used only by the ingest thread.
        maker: creates rows; likewise.
        max_bytes: limit for requests in memory, waiting or being read; further ones are refused.
        batch_rows: number of rows after which a transaction is closed.
        gather_s: time after which it is closed.
        has_metrics: whether the destination keeps data points; otherwise they are rejected.
    """

    def __init__(
        self,
        store: RowStore,
        maker: RowMaker,
        *,
        max_bytes: int = MAX_BYTES,
        batch_rows: int = BATCH_ROWS,
        gather_s: float = GATHER_S,
        has_metrics: bool = True,
    ) -> None:
        self._store = store
        self._maker = maker
        self._max_bytes = max_bytes
        self._batch_rows = batch_rows
        self._gather_s = gather_s
        self._has_metrics = has_metrics
        self._changed = threading.Condition()  # guards the next seven
        self._small: Line[Job] = Line()
        self._large: Line[Job] = Line()
        self._bytes = 0
        self.quotas = Quotas(max_bytes)
        self._started = self._stopping = self._done = False
        self.counts: Counter[str] = Counter()
        self._current: Job | None = None  # the large one that has begun
        self._turn = 0
        self._notices = Notices()
        self._thread = threading.Thread(target=self._run, name="obsv-ingest", daemon=True)

    def start(self) -> None:
        """Start the thread; the first request does this."""
        with self._changed:
            self._start()

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Accept no more, store what waits, and close the store."""
        with self._changed:
            self._stopping = True
            self._done = self._done or not self._started
            self._changed.notify()
        if self._started:
            self._thread.join(timeout_s)

    def reserve(self, size: int, claim: Claim | None = None) -> Claim:
        """Reserve memory for bytes of a request that is still being read.

        Args:
            size: bytes.
            claim: of the request; None for one of an unnamed sender.

        Raises:
            Overloaded: there is none left, or the server is stopping.
            Limited: the sender has its share.
        """
        claim = claim or Claim(NOBODY)
        self.quotas.hold(claim, size)
        with self._changed:
            if not self._stopping and self._bytes + size <= self._max_bytes:
                self._bytes += size
                return claim
            self.counts["overloaded"] += 1
            self._bytes += size  # `release` gives it back with the rest
        self.release(claim)
        self.quotas.refuse(claim, "memory")
        raise Overloaded("Too many requests are waiting to be stored; try again later.")

    def release(self, claim: Claim) -> None:
        """Release the memory of a request."""
        size = self.quotas.drop(claim)
        with self._changed:
            self._bytes -= size

    def count(self, what: str) -> None:
        """Count something that another thread has noticed."""
        with self._changed:
            self.counts[what] += 1

    def accept(self, body: bytes, work: Callable[[], Work], connection: str, claim: Claim) -> "Future[Received]":
        """Add a request whose bytes are reserved; further memory is reserved here.

        Args:
            body: as received.
            work: what to do with it.
            connection: of the sender.
            claim: of the request.

        Returns:
            See `submit`; `Overloaded` if there is not enough memory.
        """
        try:
            self.quotas.take(claim, len(body))
            made = work()
            if made.held > claim.held:
                self.reserve(made.held - claim.held, claim)
        except BaseException as error:
            self.release(claim)
            if not isinstance(error, (Limited, Overloaded)):
                self.quotas.refuse(claim, "failed")
            with self._changed:
                self.counts["failed"] += not isinstance(error, Limited)
            raise
        return self.submit(made, claim, connection)

    def submit(self, work: Work, claim: Claim | None = None, connection: str = "") -> "Future[Received]":
        """Add a request.

        Args:
            work: creates its rows, on the ingest thread.
            claim: of the request, with the bytes that are reserved; they are released when the request is done.
            connection: of the sender.

        Returns:
            A future, resolved after the commit; with the error of the work, a `StoreError`, or `Overloaded` when
            stopping.
        """
        job = Job(claim or Claim(NOBODY), work, connection)
        with self._changed:
            if not self._done:
                self._start()
                line = self._large if work.is_large else self._small
                line.put(job, work.weight, job.sender)
                self._changed.notify()
                return job.future
        self._finish(job, Overloaded("The server is stopping; try again later."))
        return job.future

    def _run(self) -> None:
        while self._wait():
            self._commit(self._gather())
        self._store.close()

    def _wait(self) -> bool:
        with self._changed:
            while not (self._small or self._large or self._current or self._stopping):
                self._changed.wait()
            self._done = not (self._small or self._large or self._current)
            return not self._done

    def _gather(self) -> list[Piece]:
        group: list[Piece] = []
        rows = fields = 0
        until = time.monotonic() + self._gather_s
        while self._has_room(rows, fields) and time.monotonic() < until and (job := self._next()):
            piece = self._advance(job)
            if piece is not None:
                group.append(piece)
                rows += piece.size
                fields += piece.fields
        return group

    def _has_room(self, rows: int, fields: int) -> bool:
        return rows < self._batch_rows and fields < BATCH_FIELDS

    def _next(self) -> Job | None:
        """Return the next job: small ones first, but every eighth turn goes to a large one."""
        with self._changed:
            self._turn += 1
            small = None if self._turn % OLDEST_EVERY == 0 and (self._current or self._large) else self._small.take()
            if small is None and self._current is None:
                self._current = self._large.take()
            return small or self._current or self._small.take()

    def _advance(self, job: Job) -> Piece | None:
        """Process a small job, as much as a transaction takes, or the next slice of a large one.

        Returns:
            None if there is nothing to store.
        """
        if job.is_over:
            return None  # an earlier part of it could not be stored
        if job.slices is None and not job.future.set_running_or_notify_cancel():
            self._end(job)  # the sender has disconnected, and will retry
            self.quotas.refuse(job.claim, "gone")
            return None
        try:
            piece = self._timed(job)
            if not (piece.is_last or job is self._current):
                with self._changed:
                    self._small.put(job, job.work.weight, job.sender)
            return piece
        except ObsvError as error:
            self._fail(job, error)
        except Exception as error:
            logger.exception("A request could not be decoded; its sender was told that the server failed.")
            self._fail(job, error)
        return None

    def _timed(self, job: Job) -> Piece:
        began = time.thread_time()
        job.slices = job.slices or job.work.slices(self._maker)
        piece = self._piece(job, job.slices)
        job.cpu_s += time.thread_time() - began
        if job.cpu_s > MOST_CPU_S and not piece.is_last:
            raise TooLarge(f"The request took more than {MOST_CPU_S:g} s; send smaller batches.")
        return piece

    def _piece(self, job: Job, slices: Slices) -> Piece:
        rows: list[SpanRow] = []
        logs: list[LogRow] = []
        points: list[PointRow] = []
        for decoded in slices:
            rows += decoded.rows
            logs += decoded.logs
            if self._has_metrics:
                points += decoded.points
            elif decoded.points:
                job.rejected[NO_METRICS] += len(decoded.points)
            job.rejected.update(decoded.rejected)
            job.odd += decoded.odd
            found = len(rows) + len(logs) + len(points)
            if job is self._current or not self._has_room(found, fields_of(rows)):
                return Piece(job, rows, logs, points, False)
        if job is self._current:
            self._current = None
        return Piece(job, rows, logs, points, True)

    def _fail(self, job: Job, error: Exception) -> None:
        if job is self._current:
            self._current = None
        self._finish(job, error)

    def _commit(self, group: list[Piece]) -> None:
        rows = [row for piece in group for row in piece.rows]
        logs = [log for piece in group for log in piece.logs]
        points = [point for piece in group for point in piece.points]
        has_any = bool(rows or logs or points)
        try:
            result = self._store.write(rows, logs=logs, points=points) if has_any else WriteResult(0, 0)
        except StoreError as error:
            self._notices.once("store", logging.ERROR, "Received spans are refused and must be sent again: %s", error)
            self._fail_all(group, error)
        except Exception as error:
            self._one_by_one(group, error)
        else:
            if has_any and self._notices.over("store"):
                logger.warning("What senders send is stored again.")
            self._stored(group, result)

    def _fail_all(self, group: list[Piece], error: Exception) -> None:
        for job in {id(piece.job): piece.job for piece in group}.values():
            if not job.future.done():
                self._fail(job, error)

    def _one_by_one(self, group: list[Piece], error: Exception) -> None:
        # A request that the store rejects must not affect the others in its transaction.
        if len(group) > 1:
            for member in group:
                self._commit([member])
        else:
            logger.error("A request could not be stored; its sender was told so.", exc_info=error)
            self._fail_all(group, error)

    def _stored(self, group: list[Piece], result: WriteResult) -> None:
        with self._changed:
            self.counts["spans"] += result.inserted
            self.counts["duplicates"] += result.duplicates
            self.counts["logs"] += sum(len(piece.logs) for piece in group)
            self.counts["points"] += sum(len(piece.points) for piece in group)
        for piece in group:
            job = piece.job
            job.spans += piece.size
            if piece.is_last and not job.future.done():
                self._finish(job, Received(job.spans, job.rejected, job.odd))

    def _end(self, job: Job) -> None:
        self.release(job.claim)
        job.is_over = True
        job.slices = None  # and with it the body
        if job.work.is_large:
            give_back()

    def _finish(self, job: Job, outcome: Received | Exception) -> None:
        self._end(job)
        if isinstance(outcome, Exception):
            self.quotas.refuse(job.claim, "failed")
        else:
            self.quotas.settle(job.claim, outcome.spans, outcome.rejected.total())
        with self._changed:
            if isinstance(outcome, Exception):
                self.counts["failed"] += 1
            else:
                self.counts["requests"] += 1
                self.counts["rejected"] += outcome.rejected.total()
                self.counts["odd"] += outcome.odd
                # Its sender loses bodies on the way, or sends for no reason.
                self.counts["empty"] += not (outcome.spans or outcome.rejected)
        if isinstance(outcome, Exception):
            job.future.set_exception(_bare(outcome))
        else:
            job.future.set_result(outcome)


def _bare(error: Exception) -> Exception:
    """Return the error without its frames, which would keep the body alive until the next garbage collection."""
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
