"""The connections of a port, and which of them is ended when there are too many."""

from collections import Counter
from typing import Protocol

# With two HTTP ports and their files well below the 1,024 files that many systems let a process have open.
MOST_CONNECTIONS = 300


class Connection(Protocol):
    """A connection, as this room sees it.

    Attributes:
        address: of the other side, without its port.
        waiting_since: when it began to wait for a whole request, in seconds; None while a request is being answered.
        has_asked: whether it has sent a whole request before.
    """

    address: str
    waiting_since: float | None
    has_asked: bool

    def end(self) -> None:
        """Close it; `leave` comes of that later."""
        ...


class Connections:
    """Bounds connections, in all and with that per address: nobody is shut out by others who only wait.

    When a connection is one too many, one that waits is ended: of the address that has most of them, first those that
    never sent a whole request, of those the one that waits longest. An ordinary sender waits a millisecond.

    Args:
        most: connections.
    """

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        self._all: dict[int, Connection] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)

    def join(self, connection: Connection) -> bool:
        """Take a connection in; False when all others are being answered, and it has to try again later."""
        if len(self._all) >= self._most and not self._end_one():
            return False
        self._all[id(connection)] = connection
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection; nothing if it is not known."""
        self._all.pop(id(connection), None)

    def _end_one(self) -> bool:
        waiting = [each for each in self._all.values() if each.waiting_since is not None]
        if not waiting:
            return False
        address, _ = Counter(each.address for each in waiting).most_common(1)[0]
        chosen = min((each for each in waiting if each.address == address), key=_worth)
        self.leave(chosen)
        chosen.end()
        return True


def _worth(connection: Connection) -> tuple[bool, float]:
    return connection.has_asked, connection.waiting_since or 0.0
