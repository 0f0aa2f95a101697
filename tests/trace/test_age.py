"""The age of the oldest entry is bounded from counts alone."""

from hypothesis import given
from hypothesis import strategies as st

from obsv.testing import FakeClock
from obsv.trace.age import Age


@given(st.lists(st.tuples(st.floats(0.001, 1), st.integers(0, 5), st.booleans()), max_size=60), st.integers(4, 50))
def test_the_bound_is_never_below_the_true_age(steps: list[tuple[float, int, bool]], most: int) -> None:
    """Whatever arrives and leaves when, no entry is older than said."""
    clock = FakeClock()
    age = Age(clock)
    age._max_seen = most
    arrivals: list[float] = []
    left = 0
    for seconds, count, leaves in steps:
        clock.advance(seconds)
        age.observe(len(arrivals))
        arrivals += [clock()] * count
        if leaves and left < len(arrivals):
            left += 1
        if left < len(arrivals):
            assert age.of(left) >= clock() - arrivals[left]


def test_the_bound_is_as_sharp_as_the_observations() -> None:
    """An entry that came since the last look is not taken for older."""
    clock = FakeClock()
    age = Age(clock)
    clock.advance(10)
    age.observe(0)
    clock.advance(1)
    assert age.of(0) == 1
