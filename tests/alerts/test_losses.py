"""Calls lost within a period, from totals."""

from obsv.alerts.losses import Losses
from obsv.store.watching import Recorder

NS = 1_000_000_000


def recorder(lost: int, pid: int = 1, service: str = "shop") -> Recorder:
    return Recorder(service, pid, "h", "OK", 0, 0.0, 0, False, lost)


def test_what_was_lost_before_the_first_look_is_history() -> None:
    losses = Losses()
    losses.observe([recorder(100)], 0)
    assert losses.within(60, 0) == {"shop": 0}


def test_an_increase_counts_within_its_period() -> None:
    losses = Losses()
    losses.observe([recorder(100)], 0)
    losses.observe([recorder(103)], NS)
    losses.observe([recorder(103)], 2 * NS)
    assert losses.within(60, 2 * NS) == {"shop": 3}
    assert losses.within(60, 62 * NS) == {"shop": 0}


def test_a_process_that_is_new_has_lost_all_that_it_says() -> None:
    losses = Losses()
    losses.observe([], 0)
    losses.observe([recorder(5), recorder(2, 2)], NS)
    assert losses.within(60, NS) == {"shop": 7}


def test_a_number_of_a_process_that_is_used_again_begins_at_zero() -> None:
    losses = Losses()
    losses.observe([recorder(100)], 0)
    losses.observe([recorder(4)], NS)
    assert losses.within(60, NS) == {"shop": 4}


def test_a_clock_that_is_set_back_forgets_the_future() -> None:
    losses = Losses()
    losses.observe([recorder(0)], 0)
    losses.observe([recorder(9)], 100 * NS)
    losses.observe([recorder(9)], 0)
    assert losses.within(60, 0) == {"shop": 0}
