"""The status ribbon."""

from typing import Any

import pytest

from obsv.alerts.parts import Part
from obsv.dashboards.shell import ribbon
from obsv.store.figures import Lost
from obsv.store.figures.beat import FeedState, RecorderState
from obsv.store.ground import Loss

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
    [("OK", "ok"), ("DELAYED", "stale"), ("CIRCUIT OPEN", "err"), ("NEW", "plain")],
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


def test_a_part_of_obsv_that_is_behind_has_a_badge() -> None:
    """The others are told where the lag is."""
    parts = [Part("keeper", 0.2, "The keeper looked just now"), Part("archive", 40_000, "The archive is late")]
    shown = str(ribbon.layout([recorder()], (), NOW, parts=parts))
    assert "archive 11 h 6 min behind" in shown
    assert "keeper 0" not in shown
    assert "The keeper looked just now" in shown


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


def test_a_process_in_trouble_is_among_the_four() -> None:
    """However many others there are; of the rest one learns who is gone."""
    others = [recorder(pid) for pid in range(1, 7)]
    shown = badges(*others, recorder(8, age_s=60), recorder(9, state="CIRCUIT OPEN"))
    assert str(shown[0].children[-1]) == "shop 9 · CIRCUIT OPEN"
    assert shown[4].title.splitlines()[-1] == "shop 8: gone"


def test_only_what_says_something_else_is_set() -> None:
    """A badge that stays is not drawn anew, and keeps the hint that somebody reads."""
    before = ribbon.layout([recorder(1), recorder(2)], (), NOW)
    after = ribbon.layout([recorder(1), recorder(2, depth=7)], (), NOW)
    set_now = ribbon.updates(before, after)
    assert set(set_now) == {"ribbon-1", "ribbon-queue"}
    assert "7 calls waiting" in set_now["ribbon-1"]["title"]
    assert ribbon.updates(after, after) == {}


def test_another_process_makes_another_ribbon() -> None:
    """And so does the first look."""
    now = ribbon.layout([recorder(1), recorder(2)], (), NOW)
    assert ribbon.updates([], now) == {"ribbon": {"children": now}}
    assert set(ribbon.updates(ribbon.layout([recorder(1)], (), NOW), now)) == {"ribbon"}


def test_running_calls_are_counted_and_the_oldest_named() -> None:
    """Of all processes that live; nothing where nothing runs."""
    first = recorder(1)._replace(running=2, oldest=(("shop.order", NOW - 5 * SECOND),))
    second = recorder(2)._replace(running=1, oldest=(("shop.pay", NOW - 7 * SECOND),))
    gone = recorder(3, age_s=60)._replace(running=9)
    figures = {part.id: part for part in ribbon.layout([first, second, gone], (), NOW)[1].children}
    assert figures["ribbon-running"].children[1].children == "3"
    assert figures["ribbon-running"].title == "shop.pay, for 7.00 s\nshop.order, for 5.00 s"
    assert "ribbon-running" not in {part.id for part in ribbon.layout([recorder(1)], (), NOW)[1].children}


def test_lost_calls_are_red() -> None:
    """As long as the loss is news; the hint says which file."""
    lost = Lost((Loss(NOW, "it was emptied", "x.db.damaged-1", 1_234, 5),))
    parts = ribbon.layout((), (), NOW, lost)
    badge = parts[0].children[-1]
    assert badge.className == "badge badge-err"
    assert "lost" in str(badge.children)
    assert "x.db.damaged-1" in badge.title


def test_alerts_that_fire_are_on_every_page() -> None:
    (part, *_) = ribbon.layout(
        (), (), NOW, None, [("backpressure", "5,200 calls of shop wait"), ("slow", "p95 is 2 s")]
    )
    mark = next(each for each in part.children if each.id == "ribbon-alerts")
    assert "2 alerts" in str(mark.children)
    assert mark.title == "backpressure: 5,200 calls of shop wait\nslow: p95 is 2 s"
    assert "ribbon-alerts" not in str(ribbon.layout((), (), NOW))
