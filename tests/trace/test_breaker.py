"""The circuit breaker, against a model of it."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from obsv.testing import FakeClock
from obsv.trace.breaker import BreakerState, CircuitBreaker

THRESHOLD = 3
RECOVERY_S = 5.0


class BreakerModel(RuleBasedStateMachine):
    """A model that keeps the history of outcomes and derives from it what the breaker must say."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = CircuitBreaker(THRESHOLD, RECOVERY_S, clock=self.clock)
        self.failures_in_a_row = 0
        self.opened_at: float | None = None
        self.is_asked = False

    def must_allow(self) -> bool:
        return self.opened_at is None or self.clock() >= self.opened_at + RECOVERY_S

    @rule(seconds=st.floats(0, 2 * RECOVERY_S))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: not self.is_asked)
    @rule(probe_now=st.booleans())
    def ask(self, probe_now: bool) -> None:
        self.is_asked = self.breaker.allow(probe_now=probe_now)
        assert self.is_asked == (probe_now or self.must_allow())

    @precondition(lambda self: self.is_asked)
    @rule()
    def succeed(self) -> None:
        was_open = self.opened_at is not None
        assert self.breaker.succeeded() == was_open
        self.failures_in_a_row, self.opened_at, self.is_asked = 0, None, False

    @precondition(lambda self: self.is_asked)
    @rule()
    def fail(self) -> None:
        was_closed = self.opened_at is None
        self.failures_in_a_row += 1
        opens = self.failures_in_a_row >= THRESHOLD
        assert self.breaker.failed() == (was_closed and opens)
        self.is_asked = False
        if opens:
            self.opened_at = self.clock()

    @invariant()
    def state_and_wait_agree_with_the_history(self) -> None:
        if self.opened_at is None:
            assert self.breaker.state is BreakerState.CLOSED
        elif self.is_asked:
            assert self.breaker.state is BreakerState.HALF_OPEN
        else:
            assert self.breaker.state is BreakerState.OPEN
            assert self.breaker.wait_s() == pytest.approx(max(0.0, self.opened_at + RECOVERY_S - self.clock()))


TestBreaker = BreakerModel.TestCase


@pytest.mark.parametrize("arguments", [(0, 5.0), (-1, 5.0), (3, -0.1)])
def test_senseless_thresholds_are_refused(arguments: tuple[int, float]) -> None:
    """A breaker that could never close or never open is a mistake of the caller's."""
    with pytest.raises(ValueError, match="must"):
        CircuitBreaker(*arguments)
