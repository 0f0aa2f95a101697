"""Reading of the segments of one lane in order."""

from typing import NamedTuple

from obsv.record.layout import HEAD, SEGMENT_HEADER, place, position
from obsv.record.scan import scan
from obsv.record.source import Opened, Source

# Read at once: some thousand records.
CHUNK = 512 << 10
# Maximum number of segments that one `read` skips.
_MOST_STEPS = 1_000


class Piece(NamedTuple):
    """Consecutive records.

    Args:
        data: their bytes.
        records: kind (0 damaged), start and stop of each in `data`.
        position: position of the lane after them.
    """

    data: bytes
    records: list[tuple[int, int, int]]
    position: int


class LaneReader:
    """The reader of one lane.

    Args:
        source: its segments.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._opened: Opened | None = None
        self._number, self._offset = 1, SEGMENT_HEADER
        self._done: list[int] = []

    @property
    def position(self) -> int:
        """Return the position after the last record read."""
        return position(self._number, self._offset)

    def go_to(self, where: int) -> None:
        """Continue from a committed position; 0 is the beginning."""
        self.close()
        number, offset = place(where)
        self._number, self._offset = max(1, number), max(SEGMENT_HEADER, offset)
        # A keeper that died between committing and returning has left these.
        self._done = sorted(found for found in self._source.numbers() if found < self._number)

    def read(self, *, is_final: bool, limit: int = CHUNK) -> Piece | None:
        """Return the next records.

        Args:
            is_final: the process has ended: nothing will be added.
            limit: maximum bytes to read; more if one record is larger.

        Returns:
            None if there are none now.
        """
        for _ in range(_MOST_STEPS):
            opened = self._opened or self._open(is_final)
            if opened is None:
                return None
            # Before its records are read: a sealed segment is complete.
            is_whole = opened.is_sealed() or is_final
            if is_whole and not opened.claim():
                self._go_on()  # the program has dropped it
                continue
            piece = self._piece(opened, is_whole, limit)
            if piece is not None or not is_whole:
                return piece
            if is_final and not any(number > self._number for number in self._source.numbers()):
                return None
            self._done.append(self._number)
            self._go_on()
        return None

    def give_back(self, committed: int, *, is_alive: bool) -> None:
        """Return the segments that lie completely before a committed position."""
        while self._done and self._done[0] < place(committed)[0]:
            self._source.give_back(self._done.pop(0), is_alive=is_alive)

    def has_more(self) -> bool:
        """Return whether something has arrived since `read` returned None."""
        opened = self._opened
        if opened is None:
            return any(number >= self._number for number in self._source.numbers())
        return opened.is_sealed() or any(opened.read(HEAD.size, self._offset))

    def unread_bytes(self) -> int:
        """Return the bytes of the segments after this position, without the last, whose content is unknown."""
        numbers = sorted(number for number in self._source.numbers() if number >= self._number)
        total = 0
        for number in numbers[:-1]:
            opened = self._source.open(number)
            if opened is not None:
                total += opened.size - (self._offset if number == self._number else SEGMENT_HEADER)
                opened.close()
        return max(0, total)

    def close(self) -> None:
        """Stop reading."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _open(self, is_final: bool) -> Opened | None:
        numbers = [number for number in self._source.numbers() if number >= self._number]
        if not numbers:
            return None
        # Those before the first existing one have been dropped.
        if min(numbers) > self._number:
            self._number, self._offset = min(numbers), SEGMENT_HEADER
        try:
            self._opened = self._source.open(self._number)
        except OSError:
            self._opened = None
        if self._opened is None and is_final:
            self._number, self._offset = self._number + 1, SEGMENT_HEADER  # nobody will make it readable
        return self._opened

    def _go_on(self) -> None:
        self.close()
        self._number, self._offset = self._number + 1, SEGMENT_HEADER

    def _piece(self, opened: Opened, is_whole: bool, limit: int) -> Piece | None:
        rest = max(0, opened.size - self._offset)
        data = opened.read(min(limit, rest), self._offset)
        records = self._records(data, is_whole, rest)
        if not records and HEAD.size <= len(data) < rest:
            size = HEAD.unpack_from(data)[0]
            if not size:
                return None
            # One record that is larger than the read size; or damage, with no way to the rest.
            data = opened.read(min(size, rest), self._offset)
            records = self._records(data, is_whole, rest) if size <= rest else []
            if not records and is_whole:
                records = [(0, 0, rest)]
        if not records:
            return None
        self._offset += records[-1][2]
        return Piece(data, records, self.position)

    @staticmethod
    def _records(data: bytes, is_whole: bool, rest: int) -> list[tuple[int, int, int]]:
        records = list(scan(data, 0, is_final=is_whole))
        if records and records[-1][0] == 0 and records[-1][2] == len(data) < rest:
            records.pop()  # the end of the read bytes has cut it off
        return records
