"""Service levels: what is counted, and when a budget burns too fast."""

from __future__ import annotations

from pathlib import Path

import pytest
from calls import call
from hypothesis import given
from hypothesis import strategies as st

from obsv.alerts import AlertsFileError, parse
from obsv.alerts.counting import Counting
from obsv.alerts.levels import BURNS, Sum, budget_left, budget_text, burn_rate, burns_of, curve, summed
from obsv.alerts.measure import Readings, measure
from obsv.alerts.samples import Sample
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.watching import Book, LevelBucket

NS, DAY_S = 1_000_000_000, 86_400
NOW_NS = 1_790_000_100 * NS
FILE = """
[[slo]]
name = "prices"
objective = "99.9%"
good = "status = 'OK' and duration_ms < 200"
process = "shop.*"
[[alerts.rule]]
kind = "slo"
"""


def test_factors_are_those_of_the_workbook_and_follow_the_period() -> None:
    assert [round(each.factor(30 * DAY_S), 6) for each in BURNS] == [14.4, 6, 3, 1]
    assert [round(each.factor(7 * DAY_S), 6) for each in burns_of(7 * DAY_S)] == [3.36, 1.4]
    assert burns_of(3_600) == []


def test_a_curve_shows_how_a_budget_was_spent() -> None:
    """From all of it at the beginning to what is left now, in few parts; nothing before the first call."""
    slo = parse('[[slo]]\nname = "a"\nobjective = 0.9\nperiod = "1d"').slos[0]
    now = NOW_NS // (300 * NS)
    found = curve([LevelBucket(now - 3, 10, 10), LevelBucket(now, 28, 30)], slo, NOW_NS, most=4)
    assert [(round(each.left, 6), each.rate and round(each.rate, 6)) for each in found] == [
        (1, None), (1, 0), (1, None), (1, None), (0.5, 0.666667)
    ]  # fmt: skip
    assert (found[0].end_ns, found[-1].end_ns) == ((now - 3) * 300 * NS, NOW_NS)
    assert len(curve([LevelBucket(now - 200, 1, 1)], slo, NOW_NS, most=10)) <= 11
    assert curve([], slo, NOW_NS)[-1].left == 1


def test_a_budget_is_said_as_people_say_it() -> None:
    assert budget_text(Sum(9_995, 10_000), 0.999) == "50 % left"
    assert budget_text(Sum(9_970, 10_000), 0.999) == "spent 3 times"


def test_a_budget_is_what_may_fail() -> None:
    assert budget_left(Sum(9_990, 10_000), 0.999) == pytest.approx(0)
    assert budget_left(Sum(10_000, 10_000), 0.999) == 1
    assert burn_rate(Sum(98, 100), 0.99) == pytest.approx(2)
    assert burn_rate(Sum(0, 0), 0.99) == 0


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 5), st.integers(0, 5)), max_size=40))
def test_a_window_holds_its_buckets_and_no_others(found: list[tuple[int, int, int]]) -> None:
    now = NOW_NS // NS // 300
    buckets = [LevelBucket(now - back, good, good + bad) for back, good, bad in found]
    hour = [each for each in buckets if each.bucket >= (NOW_NS // NS - 3_600) // 300]
    assert summed(buckets, 3_600, NOW_NS) == (sum(each.good for each in hour), sum(each.total for each in hour))


class World:
    """A store with calls, counted by a holder of the lease."""

    def __init__(self, path: Path, text: str = FILE) -> None:
        self.path, self.config, self.number = path, parse(text), 0
        self.writer, self.book = Writer(path), Book(path)
        assert self.book.hold("me", NOW_NS, 3_600 * NS)
        self.store = open_store(path)
        self.counting = Counting(self.store, self.book, "me")

    def record(self, good: int, bad: int, ago_s: float = 0, name: str = "shop.price") -> None:
        rows = []
        for at in range(good + bad):
            self.number += 1
            ms = 10 if at < good else 500
            rows.append(call(1, name=name, trace=f"{self.number:032x}", at=NOW_NS - int(ago_s * NS), ms=ms))
        self.writer.write(rows)

    def whole(self) -> tuple[int, int]:
        self.counting.step(self.config.slos)
        (slo,) = self.config.slos
        return summed(self.store.read_level(slo.name, slo.version, 0), slo.period_s, NOW_NS)

    def firing(self) -> set[str]:
        self.counting.step(self.config.slos)
        readings = Readings(self.store, NOW_NS, self.config.slos)
        samples: list[Sample] = measure(self.config.rules[0], readings)
        return {dict(each.labels)["window"] for each in samples if each.holds}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "o.db")


def test_calls_are_counted_once_by_their_condition_and_process(world: World) -> None:
    world.record(7, 3)
    world.record(5, 5, name="other.price")
    assert world.whole() == (7, 10)
    assert world.whole() == (7, 10)
    world.record(1, 1)
    assert world.whole() == (8, 12)


def test_another_process_counts_on_where_one_ended(world: World) -> None:
    world.record(3, 1)
    assert world.whole() == (3, 4)
    world.record(2, 0)
    world.counting = Counting(world.store, world.book, "me")
    assert world.whole() == (5, 6)


def test_a_changed_condition_is_counted_anew_and_another_objective_is_not(tmp_path: Path) -> None:
    world = World(tmp_path / "o.db")
    world.record(3, 1)
    assert world.whole() == (3, 4)
    world.config = parse(FILE.replace("99.9%", "99%"))
    assert world.whole() == (3, 4)
    world.config = parse(FILE.replace("< 200", "< 1000"))
    assert world.whole() == (4, 4)


def test_a_fast_burn_is_told_when_both_windows_have_it(world: World) -> None:
    world.record(1_000, 0, ago_s=1_800)
    assert world.firing() == set()
    world.record(100, 50, ago_s=1_800)
    assert "1h" not in world.firing()
    world.record(100, 20, ago_s=60)
    assert {"1h", "6h"} <= world.firing()


def test_few_failures_are_no_alert(world: World) -> None:
    world.record(0, 4)
    assert world.firing() == set()
    world.record(0, 1)
    assert {"1h", "period"} <= world.firing()


def test_a_condition_that_cannot_be_used_is_said_once_and_others_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(
        tmp_path / "o.db",
        FILE.replace("status = 'OK'", "stratus = 'OK'") + FILE.replace("prices", "others").split("[[alerts")[0],
    )
    world.record(3, 1)
    for _ in range(3):
        world.counting.step(world.config.slos)
    assert caplog.text.count("cannot be counted") == 1
    good = world.config.slos[1]
    assert [tuple(each)[1:] for each in world.store.read_level(good.name, good.version, 0)] == [(3, 4)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[[slo]]\nname = "a"\nobjective = 1', (3, "objective")),
        ('[[slo]]\nname = "a"', (1, "")),
        ('[[slo]]\nname = "a"\nobjective = 0', (3, "objective")),
        ('[[slo]]\nname = "a"\nobjective = 0.99999999999999999999', (3, "objective")),
        ('[[slo]]\nname = "a"\nobjective = nan', (3, "objective")),
        ('[[slo]]\nname = "a"\nobjective = 0.9\nperiod = "91d"', (4, "period")),
        ('[[slo]]\nname = "a"\nobjective = 0.9\nperiod = "0s"', (4, "period")),
        ('[[slo]]\nname = "a"\nobjective = 0.9\n[[slo]]\nname = "a"\nobjective = 0.9', (5, "name")),
        ('[[slo]]\nname = "a"\nobjective = 0.9\nfor = 1', (4, "for")),
        ('[[alerts.rule]]\nkind = "slo"', (1, "slo")),
        ("slo = 3", (1, "slo")),
    ],
)
def test_mistakes_are_told_with_line_and_key(text: str, found: tuple[int, str]) -> None:
    with pytest.raises(AlertsFileError) as caught:
        parse(text)
    assert caught.value.mistakes[0][:2] == found
