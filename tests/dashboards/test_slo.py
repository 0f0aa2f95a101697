"""The page of a service level."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from calls import call, traceback

from obsv.alerts.watch import Watch
from obsv.dashboards.page import View
from obsv.dashboards.slo.page import PAGE
from obsv.errors import NotFound
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.watching import LevelBucket

NS = 1_000_000_000
HOSTILE = "<img src=x onerror=alert(1)>"
SLO = '[[slo]]\nname = "prices"\nobjective = "99%"\nprocess = "shop.*"\n'


def watching(tmp_path: Path, rules: str, buckets: list[LevelBucket] | None = None) -> Watch:
    (tmp_path / "alerts.toml").write_text(rules)
    watch = Watch(tmp_path / "o.db")
    watch.file.look()
    watch.book.hold("me", 0, NS)
    if buckets:
        (slo,) = watch.config.slos
        watch.book.add_level("me", slo.name, slo.version, buckets, {})
    return watch


def text(watch: Watch, **query: str) -> str:
    return str(PAGE.layout(View(open_store(watch.db), {}, query, time.time_ns(), watch)))


def test_it_says_what_is_left_and_who_spent_it(tmp_path: Path) -> None:
    now_ns = time.time_ns()
    writer = Writer(tmp_path / "o.db")
    writer.write([
        call(1, name="shop.price", trace=f"{1:032x}", at=now_ns, error=traceback("ValueError", HOSTILE)),
        call(2, name="shop.price", trace=f"{2:032x}", at=now_ns),
        call(3, name="other", trace=f"{3:032x}", at=now_ns, error=traceback("KeyError", "not of it")),
    ])  # fmt: skip
    writer.close()
    found = text(watching(tmp_path, SLO, [LevelBucket(now_ns // (300 * NS), 9_950, 10_000)]))
    for part in ("50 %", "99.5 %", "50 of 10,000", "shop.price", HOSTILE, "Spent by errors", "30 days"):
        assert part in found, part
    assert "not of it" not in found


def test_a_spent_budget_is_none(tmp_path: Path) -> None:
    Writer(tmp_path / "o.db").open()
    found = text(watching(tmp_path, SLO, [LevelBucket(int(time.time()) // 300, 9_700, 10_000)]))
    for part in ("'0 %'", "It is spent 3 times.", "it is spent", "burns too fast"):
        assert part in found, part


def test_one_of_several_is_chosen_by_name(tmp_path: Path) -> None:
    """Another name is told with those that there are."""
    Writer(tmp_path / "o.db").open()
    watch = watching(tmp_path, SLO + SLO.replace("prices", "orders"))
    assert "No calls counted yet" in text(watch, name="orders")
    with pytest.raises(NotFound, match="prices, orders"):
        text(watch, name="nope")


def test_without_levels_it_says_how_to_have_one(tmp_path: Path) -> None:
    Writer(tmp_path / "o.db").open()
    assert "[[slo]]" in text(watching(tmp_path, ""))


def test_a_condition_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """The rest of the page is there."""
    Writer(tmp_path / "o.db").open()
    watch = watching(tmp_path, SLO + 'good = "no_such = 1"\n', [LevelBucket(int(time.time()) // 300, 9, 10)])
    found = text(watch)
    assert "Not known" in found
    assert "no_such" in found
