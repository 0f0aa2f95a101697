"""The connections of a port, and which of them is ended when there are too many."""

from collections import Counter
from typing import Protocol

# With two HTTP ports and their files well below the 1,024 files that many systems let a process have open.
MOST_CONNECTIONS = 300


class Connection(Protocol):
    """The interface of a connection.

    Attributes:
        address: address of the other side, without its port.
        waiting_since: when it began to wait for a complete request, in seconds; None while a request is being
            processed.
        has_asked: whether it has sent a complete request before.
    """

    address: str
    waiting_since: float | None
    has_asked: bool

    def end(self) -> None:
        """Close it; `leave` follows from that later."""
        ...


class Connections:
    """A limit on connections, in total and per address: nobody is shut out by others who only wait.

    If there is one connection too many, a waiting one is closed: from the address that has most of them, first those
    that never
    sent a complete request, and of those the one that has waited longest. An ordinary sender waits a millisecond.

    Args:
        most: maximum number of connections.
    """

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        self._all: dict[int, Connection] = {}

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._all)

    def join(self, connection: Connection) -> bool:
        """Add a connection; return False if all others are busy, and it must try again later."""
        if len(self._all) >= self._most and not self._end_one():
            return False
        self._all[id(connection)] = connection
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection; does nothing if it is unknown."""
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
