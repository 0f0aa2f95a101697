"""Wrong tokens are counted by address."""

from obsv.web.attempts import ATTEMPTS, MOST_ADDRESSES, WINDOW_S, Attempts


def test_after_ten_within_a_minute_it_is_to_wait() -> None:
    """The eleventh is told to wait, until the first is a minute old."""
    attempts = Attempts()
    assert not any(attempts.failed("a", float(i)) for i in range(ATTEMPTS))
    assert attempts.failed("a", ATTEMPTS + 1.0)
    assert not attempts.failed("a", WINDOW_S + 0.5)
    assert attempts.failed("a", WINDOW_S + 0.6)


def test_addresses_are_counted_apart() -> None:
    """One guesser costs another address nothing."""
    attempts = Attempts()
    for _ in range(20):
        attempts.failed("a", 0.0)
    assert not attempts.failed("b", 0.0)


def test_addresses_are_bounded() -> None:
    """However many addresses guess, some thousand are remembered."""
    attempts = Attempts()
    for number in range(MOST_ADDRESSES + 10):
        attempts.failed(f"{number}", 0.0)
    assert len(attempts._times) == MOST_ADDRESSES
