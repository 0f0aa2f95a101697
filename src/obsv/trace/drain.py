"""What happens to buffered spans: exported, or spilled and replayed; the most urgent first."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from opentelemetry.sdk.trace import ReadableSpan

from obsv.own_time import monotonic
from obsv.trace.age import Age
from obsv.trace.blobs import Blobs
from obsv.trace.buffer import Buffer
from obsv.trace.counters import Counters
from obsv.trace.exporting import Exporting
from obsv.trace.journal import Journal, Page
from obsv.trace.notices import Notices
from obsv.trace.pulse import Pulse
from obsv.trace.sieve import sift
from obsv.trace.spill import Marks
from obsv.trace.stash import RECORD, Stash, Stashed

OnFull = Literal["spill", "drop", "block"]

# A smaller batch is always exported: spilling it would save nothing.
_WORTH_SPILLING = 256
# Failures of one piece, with others passing in between, after which it is looked at span by span.
_PATIENCE = 3


@dataclass(frozen=True)
class Limits:
    """When the drain does what. Times in seconds, the rest in spans.

    Attributes:
        schedule_delay_s: between two rounds of successes.
        batch_size: most spans in one export.
        error_lane_size: from here on errors are spilled.
        lag_s: age of a success at which it should be on disk; what would take longer is spilled.
        on_full: what happens when more comes than can be exported.
        block_timeout_s: most that a call waits for room when `on_full` is "block".
    """

    schedule_delay_s: float = 0.05
    batch_size: int = 10_000
    error_lane_size: int = 10_000
    lag_s: float = 0.15
    on_full: OnFull = "spill"
    block_timeout_s: float = 1.0


class Drain:
    """Empties the buffer, one step at a time. Used by one thread at a time.

    Args:
        buffer: what is emptied.
        blobs: successes that others encoded and that only need to be written.
        exporting: where spans go.
        stash: where they wait meanwhile.
        journal: told when errors are stored.
        pulse: told that the worker is here.
        counters: kept up to date here.
        notices: says what goes wrong.
        limits: when to do what.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        buffer: Buffer[ReadableSpan],
        blobs: Blobs,
        exporting: Exporting,
        stash: Stash,
        journal: Journal,
        pulse: Pulse,
        counters: Counters,
        notices: Notices,
        limits: Limits,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._buffer = buffer
        self._blobs = blobs
        self._exporting = exporting
        self._stash = stash
        self._journal = journal
        self._pulse = pulse
        self._counters = counters
        self._notices = notices
        self._limits = limits
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin anew, as the child of a fork must."""
        self._exporting.reset()
        self._round = 0
        self._next_round = self._clock()
        self._age = Age(self._clock)
        self._probe = False
        self._has_adopted = False
        self._page: Page | None = None
        self._page_errors = 0
        self._stuck_at: tuple[Path, int] | None = None
        self._stuck_for = 0
        self._exported_then = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits anywhere."""
        buffer = self._buffer
        return not (buffer.depth or buffer.error_depth or self._blobs) and self._stash.is_empty

    @property
    def is_exporting(self) -> bool:
        """Whether the exporter is at work, or hangs."""
        return self._exporting.is_busy

    # -- steps ---------------------------------------------------------------------------------------------------------

    def step(self, *, flushing: bool = False) -> bool:
        """Do the one thing that is most urgent.

        Args:
            flushing: do not wait for the next round.

        Returns:
            False if nothing can be done now.
        """
        self._pulse.beat()
        self._age.observe(self._buffer.removed + self._buffer.depth)
        self._adopt_once()
        return (
            (self._buffer.error_depth > 0 and self._errors())
            or (bool(self._blobs) and self._write_blobs())
            or (self._is_due(flushing) and self._successes())
            or self._replay()
        )

    def _adopt_once(self) -> None:
        if not self._has_adopted:
            self._has_adopted = True
            self._stash.adopt()

    def _errors(self) -> bool:
        self._turn_page()
        may_export = self._buffer.error_depth <= self._limits.error_lane_size and self._is_allowed()
        rest = batch = self._buffer.take_errors(self._limits.batch_size)
        try:
            kept = may_export and self._exporting.export(batch)
            rest = [] if kept else self._stash.put(batch, errors=True)
        finally:
            self._buffer.give_back_errors(rest)
        if self._page is not None and self._buffer.errors_taken >= self._page_errors:
            self._journal.empty(self._page)
            self._page = None
        return not rest

    def _turn_page(self) -> None:
        """Note which errors must be stored before the journal's page can be emptied: all that wait now."""
        if self._page is None and (page := self._journal.turn()) is not None:
            self._page = page
            self._page_errors = self._buffer.errors_taken + self._buffer.error_depth

    def _is_due(self, flushing: bool) -> bool:
        if self._round > 0:
            return True
        depth = self._buffer.depth
        if not (flushing or self._clock() >= self._next_round or depth > self._buffer.lane_size):
            return False
        self._round = depth
        return depth > 0

    def _successes(self) -> bool:
        size = min(self._round, self._limits.batch_size)
        age_s, started = self._age_s(), self._clock()
        allowed = not self._would_be_late(size, age_s) and self._is_allowed()
        rest = batch = self._buffer.take(size)
        try:
            kept = allowed and self._exporting.export(batch)
            rest = [] if kept else self._put_aside(batch)
        finally:
            self._buffer.give_back(rest)
            self._round = 0 if rest else self._round - size
        if self._round == 0:
            self._next_round = self._clock() + self._limits.schedule_delay_s
        self._counters.writer_lag_s = age_s + self._clock() - started
        return not rest

    def _age_s(self) -> float:
        """Seconds that the oldest success has waited that is neither in the exporter's hands nor on disk."""
        return self._age.of(self._buffer.removed - self._blobs.spans)

    def _put_aside(self, batch: list[ReadableSpan]) -> list[ReadableSpan]:
        return self._stash.put(batch) if self._limits.on_full == "spill" else batch

    def _would_be_late(self, size: int, age_s: float) -> bool:
        """Whether the rest of this round would be on disk too late if it were exported: then it is spilled."""
        if self._limits.on_full != "spill" or size < _WORTH_SPILLING or not self._stash.is_usable:
            return False
        # Half as much again: beside a computing thread exports take anything between once and twice as long.
        if age_s + 1.5 * self._exporting.expected_s(self._round) <= self._limits.lag_s:
            return False
        self._exporting.doubt_estimate()
        return True

    def _is_allowed(self) -> bool:
        probe, self._probe = self._probe, False
        return self._exporting.breaker.allow(probe_now=probe)

    def _write_blobs(self) -> bool:
        age_s, started = self._age_s(), self._clock()
        blobs = self._blobs.take_all()
        if not self._stash.put_blobs(blobs):
            # The exporter may have room where the disk has none.
            is_exported = self._is_allowed() and self._exporting.export(self._stash.decode(blobs[0]))
            self._blobs.give_back(blobs[is_exported:])
            return is_exported
        self._counters.writer_lag_s = age_s + self._clock() - started
        return True

    def _replay(self) -> bool:
        if self._stash.is_empty or not self._is_allowed():
            return False
        calm = self._buffer.depth < _WORTH_SPILLING
        stashed = self._stash.next(self._limits.batch_size if calm else RECORD, self._exporting.replayed_position)
        if stashed is None:
            return False
        path = stashed.piece.file.path
        if self._exporting.export_replayed(stashed.spans, path, stashed.piece.end):
            self._counters.replayed += stashed.piece.spans
        elif not self._is_refused(stashed):
            return False
        if self._stash.done(stashed.piece):
            self._exporting.forget_replayed(path)
        return True

    def _is_refused(self, stashed: Stashed) -> bool:
        """Whether a piece holds spans that the exporter will never take; all others in it are exported then.

        That is so if it fails time and again while other spans pass, though the exporter is there: a disk that is
        nearly full takes small batches as well, and no large ones.
        """
        if self._exporting.is_unavailable:
            return False
        place, exported = (stashed.piece.file.path, stashed.piece.file.replayed), self._counters.exported
        if place != self._stuck_at:
            self._stuck_at, self._stuck_for = place, 0
        elif exported > self._exported_then:
            self._stuck_for += 1
        self._exported_then = exported
        if self._stuck_for < _PATIENCE:
            return False
        refused = self._refused(stashed.spans)
        if refused is None:
            return False
        self._counters.rejected += len(refused)
        self._counters.replayed += stashed.piece.spans - len(refused)
        names = ", ".join(sorted({span.name for span in refused})[:5])
        message = "The exporter refuses %d calls again and again while it takes others; they are left out: %s"
        self._notices.once("refused", logging.ERROR, message, len(refused), names)
        return True

    def _refused(self, spans: list[ReadableSpan]) -> list[ReadableSpan] | None:
        if len(spans) == 1:
            return spans
        was_unavailable = False

        def export(part: Sequence[ReadableSpan]) -> bool:
            nonlocal was_unavailable
            is_taken = self._exporting.export(part)
            was_unavailable |= not is_taken and self._exporting.is_unavailable
            return is_taken

        refused = sift(spans, export)
        return None if was_unavailable else refused

    # -- to the end ----------------------------------------------------------------------------------------------------

    def flush(self, deadline: float) -> bool:
        """Export everything that waits now, trying an exporter that failed once more.

        Args:
            deadline: when to give up, in seconds of the clock.

        Returns:
            Whether all of it was exported.
        """
        self._adopt_once()
        self._stash.retry_now()
        self._probe = True
        removed = self._buffer.removed + self._buffer.depth
        errors_taken = self._buffer.errors_taken + self._buffer.error_depth
        spilled: Marks | None = None
        moves = True
        try:
            while True:
                if spilled is None and self._has_removed(removed, errors_taken):
                    spilled = self._stash.marks()
                if spilled is not None and self._stash.is_past(spilled):
                    return True
                if not moves or self._clock() >= deadline:
                    return False
                # What comes meanwhile is not waited for, so its rounds must leave time to replay.
                moves = self.step(flushing=spilled is None)
        finally:
            self._probe = False

    def _has_removed(self, removed: int, errors_taken: int) -> bool:
        buffer = self._buffer
        return buffer.removed >= removed and buffer.errors_taken >= errors_taken and not self._blobs

    def leave(self, stash: Stash | None = None) -> None:
        """Put aside whatever waits: the end has come. What cannot be put aside is lost, and counted.

        Args:
            stash: where, if not in the own one, which a thread that hangs may still be using.
        """
        stash = stash or self._stash
        stash.retry_now()
        if stash is not self._stash:
            stash.put(list(self._exporting.in_hand), errors=True)
        lost = len(stash.put(self._buffer.take_errors(self._buffer.error_depth), errors=True))
        blobs = self._blobs.take_all()
        lost += 0 if stash.put_blobs(blobs) else sum(blob.spans for blob in blobs)
        lost += len(stash.put(self._buffer.take(self._buffer.depth)))
        if lost:
            self._counters.dropped += lost
            self._notices.once(
                "lost", logging.WARNING, "%d calls could not be stored before the end; they are lost.", lost
            )
        stash.close()
        self._journal.close(keep=stash is not self._stash or lost > 0)
