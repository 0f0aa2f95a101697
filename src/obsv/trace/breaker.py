"""A circuit breaker: after several consecutive failures, the exporter is not called for a while."""

import enum
from collections.abc import Callable

from obsv.own_time import monotonic


class BreakerState(enum.Enum):
    """The state of a `CircuitBreaker`."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Circuit breaker, pure: no thread, no I/O, time comes from `clock`. Used by one thread at a time.

    Closed, every attempt is allowed. `failure_threshold` failures in a row open it. Open, nothing is allowed until
    `recovery_time_s` has passed; then it is half-open and allows one attempt, whose outcome closes it or opens it
    again.

    Args:
        failure_threshold: failures in a row that open it; at least 1.
        recovery_time_s: seconds that it stays open; 0 or more.
        clock: seconds that never go back.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        failure_threshold: int = 3,
        recovery_time_s: float = 5.0,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if failure_threshold < 1:
            raise ValueError("failure_threshold must be at least 1")
        if recovery_time_s < 0:
            raise ValueError("recovery_time_s must not be negative")
        self._failure_threshold = failure_threshold
        self._recovery_time_s = recovery_time_s
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        """Return its state. An open breaker whose time has passed is still OPEN until `allow` is called."""
        return self._state

    def allow(self, *, probe_now: bool = False) -> bool:
        """Return whether an attempt may be made now. Its outcome must be reported before the next call.

        Args:
            probe_now: do not wait for the recovery time (for a flush that somebody waits for).
        """
        if self._state is BreakerState.OPEN and (probe_now or self.wait_s() == 0):
            self._state = BreakerState.HALF_OPEN
        return self._state is not BreakerState.OPEN

    def wait_s(self) -> float:
        """Return the seconds until an attempt is allowed."""
        if self._state is not BreakerState.OPEN:
            return 0.0
        return max(0.0, self._opened_at + self._recovery_time_s - self._clock())

    def succeeded(self) -> bool:
        """Report a successful attempt.

        Returns:
            True if this closed the breaker.
        """
        closed_now = self._state is not BreakerState.CLOSED
        self._failures = 0
        self._state = BreakerState.CLOSED
        return closed_now

    def failed(self) -> bool:
        """Report a failed attempt.

        Returns:
            True if this opened a closed breaker.
        """
        self._failures += 1
        was_closed = self._state is BreakerState.CLOSED
        if was_closed and self._failures < self._failure_threshold:
            return False
        self._state = BreakerState.OPEN
        self._opened_at = self._clock()
        return was_closed
