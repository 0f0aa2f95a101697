"""The states of an alert, held against a plain reading of the whole history."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from obsv.alerts.states import FIRING, INACTIVE, PENDING, RECOVERING, RESOLVED, step
from obsv.store.watching import AlertRow

NS = 1_000_000_000
NEW = AlertRow("f", "rule", (), INACTIVE, 0)


class Look(NamedTuple):
    at_s: int
    holds: bool | None


def walked(looks: list[Look], for_s: float, keep_s: float) -> list[AlertRow]:
    alert, found = NEW, []
    for look in looks:
        alert = step(alert, look.holds, look.at_s * NS, for_s, keep_s)
        found.append(alert)
    return found


def model(looks: list[Look], for_s: float, keep_s: float) -> str:
    """The state after all looks, found from the ends of its runs: nothing is kept between looks but the runs."""
    known = [look for look in looks if look.holds is not None]
    runs: list[list[Look]] = []
    for look in known:
        if runs and runs[-1][0].holds == look.holds:
            runs[-1].append(look)
        else:
            runs.append([look])
    is_firing, state = False, INACTIVE
    for run in runs:
        lasted = run[-1].at_s - run[0].at_s
        if run[0].holds:
            # A run that begins while it fires goes on firing; one that begins otherwise has to last.
            is_firing = is_firing or lasted >= for_s
            state = FIRING if is_firing else PENDING
        elif is_firing:
            is_firing = keep_s > 0 and lasted < keep_s
            state = RECOVERING if is_firing else RESOLVED
        elif state == PENDING:
            state = INACTIVE
    return state


LOOKS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([True, True, False, None])), max_size=30).map(
    lambda pairs: [Look(sum(step for step, _ in pairs[: at + 1]), holds) for at, (_, holds) in enumerate(pairs)]
)


@given(looks=LOOKS, for_s=st.sampled_from([0, 1, 30, 60]), keep_s=st.sampled_from([0, 1, 30, 60]))
def test_the_state_is_that_of_the_model(looks: list[Look], for_s: float, keep_s: float) -> None:
    for count in range(1, len(looks) + 1):
        found = walked(looks[:count], for_s, keep_s)[-1].state
        assert found == model(looks[:count], for_s, keep_s), looks[:count]


@given(looks=LOOKS, for_s=st.sampled_from([0, 30]), keep_s=st.sampled_from([0, 30]))
def test_an_episode_begins_once_and_ends_once(looks: list[Look], for_s: float, keep_s: float) -> None:
    before = NEW
    for after in walked(looks, for_s, keep_s):
        began = after.state == FIRING and before.state not in (FIRING, RECOVERING)
        assert after.episode - before.episode == int(began)
        assert (after.starts_ns == after.since_ns) if began else (after.starts_ns == before.starts_ns)
        if after.state == RESOLVED:
            assert after.ends_ns >= after.starts_ns
        before = after


def test_an_unknown_value_changes_nothing() -> None:
    for state in (INACTIVE, PENDING, FIRING, RECOVERING, RESOLVED):
        alert = NEW._replace(state=state, since_ns=5)
        assert step(alert, None, 10**18, 1, 1) is alert


def test_a_clock_that_was_set_back_begins_the_wait_anew() -> None:
    pending = NEW._replace(state=PENDING, since_ns=1_000 * NS)
    pending = step(pending, True, 10 * NS, 60, 0)
    assert (pending.state, pending.since_ns) == (PENDING, 10 * NS)
    assert step(pending, True, 71 * NS, 60, 0).state == FIRING


def test_an_end_is_not_before_its_beginning_though_the_clock_was_set_back() -> None:
    """Receivers refuse such an alert, and would keep it open."""
    firing = NEW._replace(state=FIRING, since_ns=1_000 * NS, starts_ns=1_000 * NS)
    ended = step(firing, False, 10 * NS, 0, 0)
    assert (ended.state, ended.starts_ns, ended.ends_ns) == (RESOLVED, 10 * NS, 10 * NS)
