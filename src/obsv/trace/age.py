"""How long the oldest of many entries has been waiting, without a time stamp on each."""

from collections import deque
from collections.abc import Callable

# A minute of looks every 50 ms; after that every second one is forgotten, and again.
_MAX_SEEN = 1_200


class Age:
    """Knows how many entries had come at some moments, and so an upper bound of the age of any. For one thread.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._max_seen = _MAX_SEEN
        self._seen = deque([(clock(), 0)])

    def observe(self, arrived: int) -> None:
        """Note how many entries have come so far."""
        if len(self._seen) >= self._max_seen:
            self._seen = deque(list(self._seen)[::2])
        self._seen.append((self._clock(), arrived))

    def of(self, number: int) -> float:
        """Seconds that entry `number`, counted from 0 in the order of arrival, can have waited at most."""
        while len(self._seen) > 1 and self._seen[1][1] <= number:
            self._seen.popleft()
        return self._clock() - self._seen[0][0]
