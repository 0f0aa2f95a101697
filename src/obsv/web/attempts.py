"""Counts of wrong tokens."""

import threading
from collections import OrderedDict, deque

ATTEMPTS, WINDOW_S = 10, 60.0
# Maximum number of remembered addresses; the one that has not guessed for the longest is forgotten first.
MOST_ADDRESSES = 4_096


class Attempts:
    """Counts wrong tokens by address: after `ATTEMPTS` within `WINDOW_S` seconds, the next wrong one must wait.

    The right token is always accepted: otherwise anyone at a shared address (a proxy's, this machine's) could lock out
    its owner.
    This slows guesses down; a token that cannot be guessed is what keeps guessers out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the addresses
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def failed(self, address: str, now: float) -> bool:
        """Record a wrong token.

        Args:
            address: address of the sender.
            now: monotonic time in seconds.

        Returns:
            Whether there were too many, so that it must wait.
        """
        with self._lock:
            times = self._times.pop(address, None) or deque(maxlen=ATTEMPTS)
            exhausted = len(times) == ATTEMPTS and now - times[0] < WINDOW_S
            if not exhausted:
                times.append(now)
            self._times[address] = times
            if len(self._times) > MOST_ADDRESSES:
                self._times.popitem(last=False)
            return exhausted
