"""The span sink of a recording process: writes spans into its ring, and makes sure that a keeper stores them."""

import logging
import time
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from obsv import keeper
from obsv.config import Settings
from obsv.events.pressure import pressure
from obsv.keeper.files import KeeperFiles
from obsv.keeper.wishes import leave_wishes
from obsv.own_time import monotonic
from obsv.record.filesystem import refuse_network
from obsv.record.ring import Bounds, Ring, open_in_memory, open_ring
from obsv.trace.clock import clock
from obsv.trace.log_record import LogRecord
from obsv.trace.notices import Notices
from obsv.trace.processor import SpanSink
from obsv.trace.recording import recording
from obsv.trace.ring_writer import RingWriter
from obsv.trace.span import Span

logger = logging.getLogger("obsv")

# Polling interval while a caller waits for the keeper, which takes a tenth of a second for 5,000 calls; a poll costs
# the program 15 µs.
_POLL_S, _LONGEST_POLL_S = 0.002, 0.02
# A file that is damaged again and again is logged once in so long.
_LOST_S = 60.0
# A thread that still runs when the interpreter ends is ended by the system, which aborts the whole program if no
# descriptor is left to load what that takes. The thread stores for two seconds at most once it is told to end.
_LEAVE_S = 3.0
# While a caller waits for the keeper: interval of the checks that one is running.
_ENSURE_S = 0.25


class RingSink(SpanSink):
    """A sink that writes spans into the ring of this process.

    Args:
        settings: the database, and how much may wait for it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._notices = settings, Notices()
        self._files = KeeperFiles.of(settings.db)
        self._options = keeper.Options(
            writer=settings.writer,
            busy_timeout_s=settings.busy_timeout_s,
            sends=settings.archive is not None or settings.hub is not None,
        )
        self._bounds = Bounds(settings.spill_max_bytes, settings.on_full)
        self._is_shut_down = False
        self._lost, self._say_lost_at = 0, 0.0
        self._writer = RingWriter(self._open, self._wake, self._look, self._notices)
        # The writer's own methods, for the call path: this saves one call per call.
        self.begin = self._writer.begin  # type: ignore[method-assign]
        self.end = self._writer.end  # type: ignore[method-assign]
        self.log = self._writer.log  # type: ignore[method-assign]

    # -- spans ---------------------------------------------------------------------------------------------------------

    def begin(self, span: Span) -> None:
        self._writer.begin(span)

    def end(self, span: Span) -> None:
        self._writer.end(span)

    def foreign(self, span: ReadableSpan, *, is_error: bool) -> None:
        self._writer.foreign(span, is_error=is_error)

    def log(self, record: LogRecord) -> None:
        self._writer.log(record)

    # -- keeper --------------------------------------------------------------------------------------------------------

    def _open(self) -> Ring:
        clock.calibrate()
        try:
            if not self._settings.spill:
                raise OSError("spill is off")
            self._files.make()
            rings = Path(self._files.rings)
            refuse_network(rings)
            self._leave_wishes()
            ring = open_ring(rings, clock.offset, self._bounds, self._settings.limit_changes())
        except OSError as error:
            return self._open_in_memory(error)
        keeper.ensure(self._settings.db, self._options)
        return ring

    def _leave_wishes(self) -> None:
        wishes = self._settings.wishes()
        try:
            if wishes:
                leave_wishes(self._files, wishes)
        except OSError as error:
            self._notices.once(
                "wishes",
                logging.WARNING,
                "The archive, the hub and the age of decisions stay what they were: %s.",
                error,
            )

    def _open_in_memory(self, error: OSError) -> Ring:
        ring = open_in_memory(clock.offset, self._bounds, self._settings.limit_changes())
        if self._settings.spill:
            self._notices.once(
                "memory",
                logging.WARNING,
                "Calls wait in memory until a thread of this program has stored them, and are lost if it is killed, "
                "because no files can be used beside %s (%s).",
                self._settings.db,
                error,
            )
        keeper.keep_in_memory(self._settings.db, self._options, ring)
        return ring

    def _wake(self) -> None:
        # Before the bell: once is enough until the keeper sleeps again. After it, its next sleep could be overwritten.
        self._writer.ring.about.keeper_sleeps = 0
        keeper.wake(self._files)

    def _look(self) -> None:
        """Do the periodic work, called about once a second by a call that begins."""
        try:
            ring = self._writer.ring
            clock.calibrate()
            ring.about.offset = clock.offset
            ring.errors.push()
            ring.publish()
            if ring.directory is not None:
                keeper.ensure(self._settings.db, self._options)
            if ring.about.keeper_sleeps:
                self._wake()  # it polls rarely after a quiet period
            self._warn(self._waiting(ring))
            pressure.look(ring.calls.waiting_since(ring.about.calls_position) / self._settings.spill_max_bytes)
            self._heed(ring)
        except Exception:
            self._notices.once("look", logging.DEBUG, "The recorder's periodic checks failed.", exc_info=True)

    def _warn(self, waiting: int) -> None:
        if waiting > self._warn_at:
            self._notices.once(
                "queue",
                logging.WARNING,
                "About %d calls are waiting to be stored, more than %d: the program makes calls faster than "
                "they are stored.",
                waiting,
                self._warn_at,
            )
        elif waiting < self._warn_at // 2:
            self._notices.over("queue")  # an episode does not start again with each call around the threshold

    @property
    def _warn_at(self) -> int:
        """Return the number of waiting calls above which one warning per episode is logged."""
        return recording.queue_warning_threshold or self._settings.queue_warning_threshold

    def _heed(self, ring: Ring) -> None:
        """Log what keeps the keeper from storing; a thread of this process has already logged it."""
        complaint = "" if self.is_kept_here else ring.about.complaint
        if complaint:
            self._notices.once("complaint", logging.ERROR, "Calls are recorded and will be stored later: %s", complaint)
        elif self._notices.over("complaint"):
            logger.warning("The database can be written again.")
        if not self.is_kept_here and ring.about.lost > self._lost and monotonic() >= self._say_lost_at:
            self._lost, self._say_lost_at = ring.about.lost, monotonic() + _LOST_S
            logger.error(
                "%s was damaged or removed while it was written: %d calls stored before are lost to it; "
                "`obsv check` says where they are.",
                self._settings.db,
                self._lost,
            )

    @staticmethod
    def _waiting(ring: Ring) -> int:
        """Return the approximate number of calls that wait to be stored."""
        calls, errors = ring.calls, ring.errors
        found = calls.calls_in(calls.waiting_since(ring.about.calls_position))
        return found + errors.calls_in(errors.waiting_since(ring.about.errors_position)) + errors.waiting

    @property
    def is_kept_here(self) -> bool:
        """Return whether a thread of this process stores what it records."""
        return self._writer.is_open and self._writer.ring.about.keeper_pid == self._writer.ring.pid

    # -- the end -------------------------------------------------------------------------------------------------------

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything recorded before is committed.

        This polls, so that a hub of green threads continues meanwhile.
        """
        deadline = monotonic() + timeout_s
        ring = self._writer.ring
        if not self._writer.is_open:
            return True
        ring.errors.push()
        ring.calls.push()
        ring.publish()
        return self._wait(ring, (ring.calls.position, ring.errors.position), deadline)

    def _wait(self, ring: Ring, positions: tuple[int, int], deadline: float) -> bool:
        about, ensure_at, pause = ring.about, 0.0, _POLL_S
        calls, errors = positions
        while about.calls_position < calls or about.errors_position < errors or ring.errors.waiting:
            now = monotonic()
            if now >= ensure_at:
                ensure_at = now + _ENSURE_S
                ring.errors.push()
                self._heed(ring)
                if ring.directory is not None:
                    keeper.ensure(self._settings.db, self._options)
            if now >= deadline:
                return False
            if about.keeper_sleeps:
                self._wake()
            time.sleep(pause)
            pause = min(1.25 * pause, _LONGEST_POLL_S)
        return True

    def shutdown(self, timeout_s: float) -> None:
        if self._is_shut_down:
            return
        self._is_shut_down = True
        if not self._writer.is_open:
            return
        deadline, ring = monotonic() + timeout_s, self._writer.ring
        positions = ring.calls.position, ring.errors.position
        ring.close()
        is_stored = self._wait(ring, positions, deadline)
        self._heed(ring)
        if not keeper.leave(max(_LEAVE_S, deadline - monotonic())) or not is_stored:
            self._say_what_is_left(ring)

    def _say_what_is_left(self, ring: Ring) -> None:
        in_memory = ring.errors.waiting
        left = self._waiting(ring) - in_memory
        if in_memory:
            logger.warning("%d errors found no room in files and are lost: the disk, or descriptors.", in_memory)
        if ring.directory is not None:
            logger.warning(
                "About %d calls are not stored yet: they are in %s, and the keeper of the database will store them.",
                left,
                self._files.rings,
            )
        else:
            logger.warning("About %d calls could not be stored in time and are lost.", left)

    def stats(self) -> dict[str, Any]:
        """Return counters since the start of the process, or since a fork.

        Returns:
            `recorded`, and what happened to these calls: `exported` (stored), `depth` (waiting), `dropped`, `rejected`
            (unreadable). `lost`: calls of all programs in files that were damaged or removed; `errors`: the errors
            among
            them. `error_depth`: errors that wait for space. `spill_bytes`: size of the waiting records. `state`: OK,
            DELAYED, or CIRCUIT OPEN while the database cannot be written, with the `reason`.
        """
        if not self._writer.is_open:
            return {"state": "OK", "recorded": 0}
        ring = self._writer.ring
        about, waiting = ring.about, self._waiting(ring)
        waiting_bytes = ring.calls.waiting_since(about.calls_position)
        lost = about.unreadable
        return {
            "state": self._state(about.complaint, waiting),
            "recorded": about.stored + waiting + ring.calls.dropped + lost,
            "errors": self._writer.errors,
            "exported": about.stored,
            "depth": waiting,
            "error_depth": ring.errors.waiting,
            "dropped": ring.calls.dropped,
            "rejected": lost,
            "lost": about.lost,
            "spill_bytes": waiting_bytes + ring.errors.waiting_since(about.errors_position),
            "events_dropped": dict(pressure.dropped),
            "keeper": about.keeper_pid or None,
            "reason": about.complaint or None,
        }

    def _state(self, complaint: str, waiting: int) -> str:
        if complaint:
            return "CIRCUIT OPEN"
        return "DELAYED" if waiting > self._warn_at else "OK"

    def after_fork(self) -> None:
        self._notices.reset()
        self._writer.after_fork()
