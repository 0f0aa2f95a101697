"""How well the worker keeps up, as the producers see it."""

from collections.abc import Callable

from obsv.own_time import monotonic

# An error should be on disk within 50 ms; a worker slower than this to come leaves too little of them.
_SLOW_S = 0.02


class Pulse:
    """Written by the worker, read by producers, who do its urgent work themselves while it cannot.

    Beside eight computing threads a thread waits tens to hundreds of milliseconds for the interpreter lock.

    Args:
        lag_s: seconds after which a success should be on disk.
        clock: seconds that never go back.
    """

    def __init__(self, lag_s: float, clock: Callable[[], float] = monotonic) -> None:
        self._lag_s = lag_s
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin anew, as the child of a fork must."""
        self._seen_at = self._clock()
        self._called_at = 0.0
        self._wake_s = 0.0
        self._busy_until = 0.0
        self._export_s = 2 * _SLOW_S  # until it is known

    # -- told by the worker --------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """The worker is looking at the buffer now."""
        self._seen_at = self._clock()

    def woke(self) -> None:
        """The worker has woken because it was called."""
        self._wake_s += 0.3 * (max(0.0, self._clock() - self._called_at) - self._wake_s)

    def busy_for(self, seconds: float) -> None:
        """The worker is about to be in the exporter for so long; 0 when it is back."""
        self._busy_until = self._clock() + seconds if seconds else 0.0

    def takes(self, seconds: float) -> None:
        """The exporter takes so long for an error or a few."""
        self._export_s = seconds

    # -- told by producers ---------------------------------------------------------------------------------------------

    def call(self) -> None:
        """The worker is being woken."""
        self._called_at = self._clock()

    # -- asked by producers --------------------------------------------------------------------------------------------

    @property
    def is_starved(self) -> bool:
        """Whether successes get too old because the worker does not come."""
        return self._clock() - self._seen_at > self._lag_s / 2

    @property
    def is_slow(self) -> bool:
        """Whether an error might wait too long for the worker."""
        return self._wake_s + self._export_s > _SLOW_S or self._busy_until - self._clock() > _SLOW_S
