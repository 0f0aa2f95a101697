"""What a producer does when the buffer fills up: nothing that waits, unless it was asked to."""

import logging
import threading
from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan

from obsv.capture import is_from_signal
from obsv.trace.blobs import Blobs
from obsv.trace.buffer import Buffer
from obsv.trace.drain import Limits
from obsv.trace.journal import Journal
from obsv.trace.notices import Notices
from obsv.trace.pulse import Pulse
from obsv.trace.stash import RECORD, Stash

# From this part of the ring on, producers encode what they make too much: the worker, which gets a ninth of the
# interpreter beside eight computing threads, then only has to write. At 200,000 calls/s this part is 50 ms.
_RELIEVE = 0.2
# Calls between two looks of the producers at how the worker does: 1 µs each, 4 ns a call.
_LOOK_EVERY = 256


class Overflow:
    """Called by the buffer when its depth is above the mark.

    Args:
        buffer: whose producers call this.
        blobs: where encoded spans wait to be written.
        stash: encodes.
        journal: where errors are safe while the worker is slow.
        pulse: how the worker does.
        limits: `on_full` and `block_timeout_s` count here.
        notices: warns.
        queue_warning_threshold: depth at which one warning an episode is logged.
        wake: wakes the worker.
    """

    def __init__(
        self,
        buffer: Buffer[ReadableSpan],
        blobs: Blobs,
        stash: Stash,
        journal: Journal,
        pulse: Pulse,
        limits: Limits,
        notices: Notices,
        queue_warning_threshold: int,
        wake: Callable[[], None],
    ) -> None:
        self._buffer = buffer
        self._blobs = blobs
        self._stash = stash
        self._journal = journal
        self._pulse = pulse
        self._limits = limits
        self._notices = notices
        self.wake = wake
        ring_size = buffer.capacity - buffer.lane_size
        self._relieve_at = (
            buffer.lane_size + int(ring_size * _RELIEVE) if limits.on_full == "spill" else buffer.capacity
        )
        self.queue_warning_threshold = queue_warning_threshold
        self.reset()

    def reset(self) -> None:
        """Begin anew, as the child of a fork must."""
        self._room = threading.Condition()  # producers wait on it for room when on_full is "block"
        self.is_sealed = False

    def on_mark(self) -> None:
        """The buffer's hook. Raises nothing but what a signal handler of the program raises meanwhile."""
        try:
            self._on_mark()
        except Exception as error:
            if is_from_signal(error):
                raise
            self._notices.once("overflow", logging.ERROR, "A full buffer could not be relieved.", exc_info=True)

    def put_error(self, span: ReadableSpan) -> None:
        """Add an error and have it written at once. Never raises."""
        try:
            # Before it is in the buffer, where the worker would make the same text at the same time.
            if self._pulse.is_slow and not self.is_sealed:
                self._journal.save(lambda: self._stash.encode([span]))
        except Exception:
            self._notices.once("journal", logging.ERROR, "An error could not be journaled.", exc_info=True)
        self._buffer.put_error(span)
        try:
            if self.is_sealed:
                self._buffer.discard()
            else:
                self.wake()
        except Exception:
            self._notices.once("wake", logging.ERROR, "The worker could not be woken.", exc_info=True)

    def seal(self) -> None:
        """From now on whatever comes is dropped, and counted."""
        self.is_sealed = True
        self._buffer.mark = -1
        with self._room:
            self._room.notify_all()

    def after_step(self) -> None:
        """Called by the worker: end the warning's episode if the buffer has emptied, let producers go on that wait."""
        depth = self._buffer.depth
        if depth < self.queue_warning_threshold // 2:
            self._notices.over("queue")
        if not self.is_sealed:
            self._buffer.mark = self._next_look(depth)
        if self._limits.on_full == "block":
            with self._room:
                self._room.notify_all()

    def _next_look(self, depth: int) -> int:
        """Depth from which on a look is worth while."""
        look = min(depth + _LOOK_EVERY, self._relieve_at if self._may_spill else self._buffer.capacity)
        return min(look, self.queue_warning_threshold) if depth <= self.queue_warning_threshold else look

    @property
    def _may_spill(self) -> bool:
        return self._limits.on_full == "spill" and self._stash.is_usable and not self._blobs.is_full

    def _on_mark(self) -> None:
        if self.is_sealed:
            self._buffer.discard()
            return
        depth = self._buffer.depth
        if depth > self.queue_warning_threshold:
            self._warn(depth)
        was_idle = self._buffer.mark == 0
        if was_idle:
            self._pulse.beat()  # nobody looked, since there was nothing to see
        self._buffer.mark = self._next_look(depth)
        if was_idle or depth > self._buffer.lane_size:
            self.wake()
        if depth > self._relieve_at or self._pulse.is_starved:
            self._relieve(depth)

    def _warn(self, depth: int) -> None:
        self._notices.once(
            "queue",
            logging.WARNING,
            "%d calls wait to be stored (queue_warning_threshold is %d): the program makes them faster than it can "
            "store them. Nothing is lost yet.",
            depth,
            self.queue_warning_threshold,
        )

    def _relieve(self, depth: int) -> None:
        if self._may_spill:
            self._encode()
            return
        if depth <= self._buffer.capacity or (self._limits.on_full == "block" and self._wait_for_room()):
            return
        if self._buffer.drop_oldest():
            self._stash.say_dropped()

    def _encode(self) -> None:
        batch = self._buffer.try_take(RECORD)
        try:
            if batch:
                self._blobs.put(self._stash.encode(batch))
        except BaseException:
            self._buffer.give_back(batch)
            raise
        if self._pulse.is_starved and (blobs := self._blobs.take_all()) and not self._stash.put_blobs(blobs):
            self._blobs.give_back(blobs)

    def _wait_for_room(self) -> bool:
        """Wait on the program's thread; False if that took too long, since obsv must never hang a program."""
        with self._room:
            return self._room.wait_for(
                lambda: self.is_sealed or self._buffer.depth <= self._buffer.capacity, self._limits.block_timeout_s
            )
