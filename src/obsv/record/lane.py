"""One lane of a ring: records go into the newest segment, and when it is full, into the next."""

import contextlib
import errno
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from obsv.own_threads import get_ident
from obsv.own_time import monotonic, sleep
from obsv.record.keep import is_end, kept
from obsv.record.layout import SEGMENT_HEADER, place, position
from obsv.record.left_out import LeftOut
from obsv.record.room import Room
from obsv.record.scan import scan
from obsv.record.segment import Segment

OnFull = Literal["spill", "drop", "block"]
_POLL_S = 0.002
_NEWEST = 2
# How long a call waits for the thread that takes the next segment: usually a few ms, because that thread waits for the
# interpreter after every system call.
_TURN_S = 0.25
_GIVE_WAY_S = 0.0002
_SAMPLE = 64 << 10
# Where there is no room, none is looked for so long: each look costs a call 150 µs.
_NO_ROOM_S = 0.005
_NO_FILES = (errno.EMFILE, errno.ENFILE)


class Lane:
    """A writer of records for any number of threads.

    `put` is the whole hot path: `mmap.write`, which raises ValueError when the segment is full. `add` then takes the
    next
    segment. If another native thread is doing that, the record is left to it, and the caller waits a moment until it is
    written:
    it must not continue with a call that is only in memory. If its own thread is doing that, in a signal handler or a
    finalizer,
    it cannot wait.

    Args:
        room: source of segments.
        first: bytes of the first segment; each further one is twice as large, up to `most`.
        most: bytes of a segment.
        cap: bytes of all segments above which the oldest records are dropped; None never drops: records without space
            wait
            in memory.
        block_s: seconds to wait for a reader before anything is dropped.

    Attributes:
        put: appends a record.
        room: source of segments.
        dropped: number of dropped calls.
        on_segment: called when a segment has been filled; must not raise.
    """

    def __init__(self, room: Room, first: int, most: int, cap: int | None, block_s: float = 0.0) -> None:
        self.room, self._most, self._cap, self._block_s = room, most, cap, block_s
        self._size = first
        self.dropped = 0
        self._is_closed = False
        self.on_segment: Callable[[], object] = _nothing
        # Records that arrived while a thread took the next segment, or without space.
        self._late: deque[bytes] = deque()
        # The threads that take segments: inserted and removed under a constant key, in one step each.
        self._taker: dict[None, tuple[int]] = {}
        self._next: Segment | None = None
        self._look_at = 0.0
        self._left_out = LeftOut()
        # Of dropped segments: parts of calls that stay, until there is a segment for them.
        self._reaching: list[bytes] = []
        self._segment = self._make(1)
        self._last = 1
        self._is_space_short = True
        # The position after the previous segment; the bytes of records before each segment not read yet.
        self._full = 0
        self._starts = {1: 0}
        self.put: Callable[[bytes], object] = self._segment.write

    @property
    def waiting(self) -> int:
        """Return the number of records without space so far."""
        return len(self._late)

    @property
    def position(self) -> int:
        """Return the position after everything recorded so far; 0 if nothing was."""
        segment = self._segment
        end = segment.end
        return self._full if end == SEGMENT_HEADER else position(segment.number, end)

    def waiting_since(self, committed: int) -> int:
        """Return the bytes of records after a position of the reader."""
        number, offset = place(committed)
        if number > self._segment.number:
            return 0  # the reader has passed the last segment, which was closed
        for old in [known for known in self._starts if known < number]:
            del self._starts[old]
        start = self._starts.get(number)
        if start is None:
            start = min(self._starts.values(), default=0)
        return max(0, self._starts[self._segment.number] + self._segment.end - start - max(offset, SEGMENT_HEADER))

    def calls_in(self, amount: int) -> int:
        """Return the approximate number of calls in this many bytes, from those at the beginning of the segment."""
        if amount <= 0:
            return 0
        segment = self._segment
        sample = segment.bytes(SEGMENT_HEADER, min(segment.end, SEGMENT_HEADER + max(amount, _SAMPLE)))
        ends = sum(is_end(sample[start:stop]) for _, start, stop in scan(sample, 0, is_final=False))
        return max(1, round(ends * amount / len(sample))) if sample else 1

    def add(self, record: bytes) -> bool:
        """Append a record for which the segment seemed too full.

        Returns:
            False for a begin that found no room: an end alone would be read as nothing and counted nowhere, so the
            call is recorded whole when it ends.
        """
        if self._is_closed:
            self.dropped += is_end(record)
        elif not self._try_put(record):
            self._late.append(record)
            self._see_written()
            return not self._left_out.forgets(record)
        return True

    def _see_written(self) -> None:
        """Find space for waiting records, or let the thread that is doing so continue."""
        own = (get_ident(),)
        deadline = monotonic() + _TURN_S
        while not self._push() and self._late and self._taker.get(None) != own and monotonic() < deadline:
            sleep(_GIVE_WAY_S)

    def push(self) -> None:
        """Find room for what waits, now."""
        self._look_at = 0.0
        self._push()
        if self._left_out.owes:
            self._pay()

    def _push(self) -> bool:
        """Find room for what waits; False where another is at it already, and looks again before it goes."""
        while self._late:
            taker = (get_ident(),)  # a new object each time: one's own thread may be doing so, below this
            if self._taker.setdefault(None, taker) is not taker:
                return False
            try:
                if not self._write_late():
                    return True
            finally:
                del self._taker[None]
        return True

    def close(self) -> None:
        """Seal the segment: what comes now is dropped."""
        if self._left_out.owes:
            self._pay()
        self._is_closed = True
        self.dropped += sum(map(is_end, self._reaching))
        with contextlib.suppress(ValueError):
            self._segment.seal()

    def _pay(self) -> None:
        """Write the ends that readers are owed into a segment of their own, if there is one at last."""
        taker = (get_ident(),)
        if self._taker.setdefault(None, taker) is not taker:
            return
        try:
            self._look_at = 0.0
            if self._turn(0):
                self.dropped += self._left_out.pay(self._try_put)
        finally:
            del self._taker[None]

    # -- by the taker ------------------------------------------------------------------------------------------------

    def _write_late(self) -> bool:
        while self._late:
            record = self._late[0]
            if not self._try_put(record):
                if not self._turn(len(record)):
                    return self._give_up()
                continue
            self._late.popleft()
        self.dropped += self._left_out.pay(self._try_put)
        if self._next is None:
            self._prepare(0)
        return True

    def _give_up(self) -> bool:
        """Handle missing space: errors wait, calls are dropped."""
        if self._cap is not None:
            while self._late:
                self.dropped += self._left_out.add(self._late.popleft())
        return False

    def _try_put(self, record: bytes) -> bool:
        try:
            self.put(record)
        except ValueError:
            return False
        return True

    def _turn(self, size: int) -> bool:
        """Continue in the next segment; return False if there is none for a record of this size."""
        if self._next is None and not self._prepare(size):
            return False
        following, self._next = self._next, None
        assert following is not None
        full = self._segment
        self._full = position(full.number, full.end)
        self._starts[following.number] = self._starts[full.number] + full.end - SEGMENT_HEADER
        self._segment = following
        self.put = following.write
        full.seal()
        self.room.keep(full)
        self.on_segment()
        if following.size - SEGMENT_HEADER >= size:
            return True
        return self._turn(size)

    def _prepare(self, size: int) -> bool:
        """Have a segment ready for a record of a size."""
        if monotonic() < self._look_at:
            return False
        needed = size + SEGMENT_HEADER
        number = self._last + 1
        if needed <= self._most:
            self._next = self.room.reuse(number)
        if self._next is None and not self._is_at_cap():
            self._next = self._try_make(number, needed)
        if self._next is None and self._cap is not None and self._is_space_short:
            self._next = self._after_dropping(number, needed)
        if self._next is None:
            self._look_at = monotonic() + _NO_ROOM_S
            return False
        for record in self._reaching:
            with contextlib.suppress(ValueError):
                self._next.write(record)
        self._reaching.clear()
        self._last = number
        return True

    def _is_at_cap(self) -> bool:
        self._is_space_short = True
        if self._cap is None or self.room.held() + self._size <= self._cap:
            return False
        deadline = monotonic() + self._block_s
        while self._block_s and monotonic() < deadline:
            time.sleep(_POLL_S)
            if self.room.held() + self._size <= self._cap:
                return False
        return True

    def _try_make(self, number: int, needed: int) -> Segment | None:
        try:
            return self._make(number, needed)
        except OSError as error:
            # Without descriptors a dropped segment would make room for nothing.
            self._is_space_short = error.errno not in _NO_FILES
            return None

    def _make(self, number: int, needed: int = 0) -> Segment:
        segment = self.room.make(number, max(self._size, needed))
        self._size = min(2 * self._size, self._most)
        return segment

    def _after_dropping(self, number: int, needed: int) -> Segment | None:
        """Return a segment that replaces the oldest; calls that extend into another one stay."""
        # A reader that keeps up may have read the newest ones before they were sealed, and not claimed them yet.
        oldest = self.room.claim_oldest(self._segment.number - _NEWEST)
        if oldest is None:
            return None
        reaching, dropped = kept(oldest, len(oldest) // 2)
        self._reaching += reaching
        self.dropped += dropped
        return self._try_make(number, needed)


def _nothing() -> None:
    """Do nothing: there is no listener."""
