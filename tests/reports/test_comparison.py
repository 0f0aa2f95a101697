"""Two artifacts by their decisions."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest
import warm
from journals import START_NS, WINDOW, decide, outcome, write_journals

import obsv
from obsv.measures import shipped
from obsv.reports import Comparison, compare_artifacts
from obsv.store.figures.paired import _differing
from obsv.store.seam import open_store

SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models that decided about the same ten times: the second passes two that the first blocks."""
    path = tmp_path_factory.mktemp("comparison") / "store.db"
    write_journals(path, [])
    old, new = (
        obsv.register("model", each, {"auc": auc}, name="m", db=path) for each, auc in ((b"1", 0.6), (b"2", 0.7))
    )
    with sqlite3.connect(path) as file:
        for number in range(10):
            at_ns = START_NS + number * 100 * SECOND_NS
            decide(file, f"old-{number}", at_ns, "scalp", "block" if number < 4 else "pass", actor=old)
            decide(file, f"new-{number}", at_ns + SECOND_NS, "scalp", "block" if number < 2 else "pass", actor=new)
            for name in ("old", "new"):
                outcome(file, f"{name}-{number}", at_ns + 2 * SECOND_NS, {"pnl": float(number)})
        decide(file, "other", START_NS + 50 * SECOND_NS, "swing", actor=new)
    file.close()
    return path


@pytest.fixture(scope="module")
def comparison(place: Path) -> Comparison:
    """The first model and the second, which has the name now."""
    store = open_store(place)
    first = store.list_artifacts()[1].artifact_id
    found = compare_artifacts(store, shipped(), first, "m", WINDOW)
    store.close()
    return found


def test_metrics_of_both(comparison: Comparison) -> None:
    """Each of its own decisions; metrics without any are left out."""
    by_name = {old.definition.name: (old.value, new.value) for old, new in comparison.metrics}
    assert by_name["decisions"] == (10, 11)
    assert by_name["blocked"] == (4, 2)
    assert by_name["trades"] == (6, 8)
    assert "auc" not in by_name


def test_decisions_that_differ(comparison: Comparison) -> None:
    """With what came of them, the latest first."""
    paired = comparison.paired
    assert (paired.pairs, paired.different) == (10, 2)
    assert [(each.before_id, each.after_id, each.after_pnl) for each in paired.disagreements] == [
        ("old-3", "new-3", 3.0),
        ("old-2", "new-2", 2.0),
    ]


def test_differences_of_the_artifacts(comparison: Comparison) -> None:
    """By what was said of them."""
    (found,) = [each for each in comparison.differences if each.part == "meta"]
    assert (found.path, found.before, found.after) == ("auc", 0.6, 0.7)


def test_time_between_decisions(place: Path) -> None:
    """Those that are further apart are not about the same; an unknown actor has none."""
    store = open_store(place)
    first = store.list_artifacts()[1].artifact_id
    assert compare_artifacts(store, shipped(), first, "m", WINDOW, within_s=0.5).paired.pairs == 0
    nothing = compare_artifacts(store, shipped(), "nobody", "model-7", WINDOW)
    assert (nothing.metrics, nothing.paired.pairs, nothing.differences) == ([], 0, [])
    store.close()


def test_each_is_paired_with_the_nearest() -> None:
    """As a search through all of them finds it, for random times, sides and distances."""
    rng = random.Random(3)
    for _ in range(200):
        times = sorted(rng.randrange(100) for _ in range(rng.randrange(1, 25)))
        firsts, verdicts = ([rng.choice(sides) for _ in times] for sides in ((0, 1), "ab"))
        others = [time_ns for time_ns, is_first in zip(times, firsts, strict=True) if not is_first]
        bounds = {"start": 10, "end": 90, "within": rng.randrange(20)}
        row = ("entry", "ETH", "", *map(json.dumps, (list(range(len(times))), firsts, times, verdicts)))
        pairs, different = _differing([row], bounds)  # type: ignore[list-item]
        nearest = {time_ns: min((abs(other - time_ns) for other in others), default=99) for time_ns in times}
        mine = [time_ns for time_ns, is_first in zip(times, firsts, strict=True) if is_first and 10 <= time_ns < 90]
        assert pairs == sum(nearest[time_ns] <= bounds["within"] for time_ns in mine)
        assert all(abs(times[each.before] - times[each.after]) == nearest[each.time_ns] for each in different)


def test_command(place: Path) -> None:
    """As a table and as JSON."""
    store = open_store(place)
    first = store.list_artifacts()[1].artifact_id
    store.close()
    arguments = ("registry", "compare", first[:12], "m", "--since", "2026-01-01", "--db", str(place))
    done = warm.obsv(*arguments)
    assert "10 pairs of decisions about the same; 2 differ." in done.stdout, done.stderr
    (document,) = map(json.loads, warm.obsv(*arguments, "--json").stdout.splitlines())
    assert (document["pairs"], len(document["disagreements"])) == (10, 2)
