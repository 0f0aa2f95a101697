"""How often somebody guessed the token wrongly."""

import threading
from collections import OrderedDict, deque

ATTEMPTS, WINDOW_S = 10, 60.0
# Of which guesses are remembered; whoever guessed least lately is forgotten first.
MOST_ADDRESSES = 4_096


class Attempts:
    """Counts wrong tokens by address: after `ATTEMPTS` within `WINDOW_S` seconds the next wrong one is told to wait.

    The right token is always let in: otherwise anybody at an address that others share (a proxy's, this machine's)
    could keep its owner out. This slows guesses down; what keeps guessers out is a token that cannot be guessed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the addresses
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def failed(self, address: str, now: float) -> bool:
        """Note a wrong token.

        Args:
            address: who sent it.
            now: monotonic time in seconds.

        Returns:
            Whether there were so many that it is to wait.
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
