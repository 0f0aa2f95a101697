"""Calls of which a part found no room: each is counted once, and none stays open that has ended."""

from collections import deque
from collections.abc import Callable

from obsv.record.keep import is_end
from obsv.record.layout import BEGIN, END, END_HEAD, IS_ELSEWHERE, READ_BEGIN, READ_END

# Of more calls that are open at once, some are stored as ended with their process.
_MOST = 4_096
_KIND = 8


class LeftOut:
    """Of a lane; used by one thread at a time, except `forgets`.

    The begin of a call may stand in a file while its end found no room. Readers are then owed an end that has nothing
    to be stored. As long as it is not written, the call is open to them, and is not counted as dropped.
    """

    def __init__(self) -> None:
        self._begun: dict[bytes, None] = {}
        self._owed: deque[tuple[bytes, bool]] = deque(maxlen=_MOST)

    @property
    def owes(self) -> bool:
        """Return whether an end is owed."""
        return bool(self._owed)

    def add(self, record: bytes) -> int:
        """Leave a record out; return how many calls are dropped with it."""
        if record[_KIND] == BEGIN:
            if len(self._begun) < _MOST:
                self._begun[READ_BEGIN.unpack_from(record)[7]] = None
            return 0
        if record[_KIND] == END:
            head = READ_END.unpack_from(record)
            if head[7] not in self._begun:
                span_id = int.from_bytes(head[7], "big")
                end = END_HEAD.pack(END_HEAD.size, 1, END, 0, IS_ELSEWHERE, 0, 0, span_id, head[8])
                self._owed.append((end, is_end(record)))
                return 0
            del self._begun[head[7]]
        return int(is_end(record))

    def forgets(self, record: bytes) -> bool:
        """Return whether a record is a begin that was left out; its end is then not expected any more."""
        return record[_KIND] == BEGIN and self._begun.pop(READ_BEGIN.unpack_from(record)[7], self) is None

    def pay(self, put: Callable[[bytes], bool]) -> int:
        """Write the ends that are owed, as far as there is room; return how many calls are dropped with it."""
        dropped = 0
        while self._owed and put(self._owed[0][0]):
            dropped += self._owed.popleft()[1]
        return dropped
