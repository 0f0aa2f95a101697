"""The status ribbon."""

from typing import Any

import pytest

from obsv.dashboards import ribbon
from obsv.store.beat import FeedState, RecorderState

NOW = 1_790_000_000_000_000_000
SECOND = 1_000_000_000


def recorder(pid: int = 1, state: str = "OK", age_s: float = 1, depth: int = 0) -> RecorderState:
    return RecorderState("shop", pid, "host", state, depth, 12.0, NOW - int(age_s * SECOND))


def badges(*recorders: RecorderState, feeds: tuple[FeedState, ...] = ()) -> list[Any]:
    found: list[Any] = []

    def walk(node: Any) -> None:
        if isinstance(node, (list, tuple)):
            for each in node:
                walk(each)
        elif hasattr(node, "className"):
            if "badge" in str(node.className).split():
                found.append(node)
            walk(getattr(node, "children", None))

    walk(ribbon.layout(recorders, feeds, NOW))
    return found


@pytest.mark.parametrize(
    ("state", "kind"),
    [("OK", "ok"), ("DELAYED", "stale"), ("CIRCUIT OPEN", "err"), ("SPILLING", "stale"), ("NEW", "plain")],
)
def test_the_writers_state_has_a_colour(state: str, kind: str) -> None:
    """A badge a process says which."""
    (badge,) = badges(recorder(state=state))
    assert badge.className == f"badge badge-{kind}"
    assert state in str(badge.children)


def test_a_process_that_is_gone_is_grey() -> None:
    """More than five seconds without a word."""
    (badge,) = badges(recorder(age_s=5.1))
    assert badge.className == "badge badge-plain"
    assert "gone since" in badge.title


def test_many_processes_are_counted() -> None:
    """Four badges and how many more there are; those that live come first."""
    shown = badges(recorder(9, age_s=60), *(recorder(pid) for pid in range(1, 7)))
    assert [str(badge.children[-1]) for badge in shown[:4]] == [f"shop {pid} · OK" for pid in range(1, 5)]
    assert shown[4].children == ["+3"]


@pytest.mark.parametrize(("age_s", "kind"), [(5, "plain"), (21, "stale")])
def test_a_feed_is_stale_after_twice_its_interval(age_s: int, kind: str) -> None:
    """Usually every ten seconds."""
    feed = FeedState("prices", NOW - age_s * SECOND, 10 * SECOND)
    assert badges(recorder(), feeds=(feed,))[-1].className == f"badge badge-{kind}"


def test_nobody_records() -> None:
    """Said in words."""
    (badge,) = badges()
    assert "no recording process" in str(badge.children)
