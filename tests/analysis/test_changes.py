"""Findings about two periods, and their order."""

from __future__ import annotations

from typing import Any

from obsv.analysis.changes import Finding, findings
from obsv.store.figures import Changes, EdgeChange, FunctionChange, NewForm, Side, SourceChange
from obsv.store.ground import Window, bucket

AT = 1_790_000_000_000_000_000
WINDOWS = Window(AT - 3_600_000_000_000, AT), Window(AT, AT + 3_600_000_000_000)


def changes(**given: Any) -> Changes:
    """Two hours of which nothing is known but what is given."""
    nothing: dict[str, Any] = {
        "milestones": [], "groups": [], "functions": [], "edges": [], "sources": [], "forms": [],
    }  # fmt: skip
    minutes = given.pop("minutes", {"shop": (60.0, 60.0)})
    return Changes(AT, *WINDOWS, minutes, False, **{**nothing, **given})


def function(name: str, before: Side, after: Side, **given: Any) -> FunctionChange:
    """A function of the shop."""
    about: dict[str, Any] = {"id": 1, "service": "shop", "kind": 1, "feed": None, "is_new": False, **given}
    return FunctionChange(name=name, before=before, after=after, **about)


def side(calls: int, errors: int = 0, ms: float = 1.0, slow: int = 0, **given: Any) -> Side:
    """Calls of a duration, some of them ten times as long, in as many minutes."""
    quick, late = bucket(int(ms * 1e6)), bucket(int(ms * 1e7))
    return Side(calls, errors, {quick: calls - slow, late: slow}, **{"minutes": min(calls, 60), **given})


def form(name: str, form: str, *known: str) -> NewForm:
    """A value of shop.rate."""
    return NewForm("shop.rate", "shop", name, "OUTPUT", form, known, AT, "ab", "cd", AT - 3_600_000_000_000)


def told(*functions: FunctionChange, **given: Any) -> list[Finding]:
    return findings(changes(functions=list(functions), **given))


def test_share_that_rose_is_told_with_its_counts() -> None:
    """Counts say how much it is worth."""
    (found,) = told(function("shop.pay", side(1_000, 2), side(1_000, 60)))
    assert found.kind == "error_share"
    assert found.is_worse
    assert found.text == "0.2 % → 6 % of calls fail (2 of 1,000 → 60 of 1,000)"


def test_one_error_of_a_few_calls_is_no_change() -> None:
    """It may be an accident."""
    assert told(function("shop.pay", side(40), side(12, 1))) == []


def test_p95_is_told_where_calls_are_enough() -> None:
    """Slower by more than its uncertainty; twenty calls before leave it uncertain."""
    (found,) = told(function("shop.pay", side(1_000), side(1_000, slow=200)))
    assert (found.kind, found.is_worse) == ("p95", True)
    assert told(function("shop.pay", side(20), side(1_000, slow=200))) == []
    (better,) = told(function("shop.pay", side(1_000, slow=200), side(1_000)))
    assert better.is_worse is False


def test_function_that_is_missed_is_told_one_that_is_rare_is_not() -> None:
    """Ten calls in an hour are missed after an hour, two are not; a service that has ended ends all."""
    alive = function("shop.main", side(1_000), side(1_000))
    found = told(alive, function("shop.pay", side(10), Side()), function("shop.tax", side(2), Side()))
    assert [(each.kind, each.subject) for each in found] == [("function_gone", "shop.pay")]
    assert told(function("shop.pay", side(10), Side()), minutes={"shop": (60.0, 0.0)}) == []


def test_functions_that_were_not_called_for_three_seconds_are_not_missed() -> None:
    """However often they were called; after three minutes they are."""
    alive = function("shop.main", side(1_000), side(1_000))
    gone = [function(f"shop.step_{at}", side(60_000), Side(), id=at) for at in range(35)]
    assert told(alive, *gone, minutes={"shop": (60.0, 0.05)}) == []
    assert len(told(alive, *gone, minutes={"shop": (60.0, 3.0)})) == 35


def test_function_that_is_called_in_bursts_is_missed_when_a_burst_is() -> None:
    """A thousand calls at a start: in the ten minutes after there need not be another start."""
    alive = function("shop.main", side(1_000), side(1_000))
    start = function("shop.load", side(1_000, minutes=1), Side())
    assert told(alive, start, minutes={"shop": (60.0, 10.0)}) == []


def test_share_of_sampled_calls_is_told_by_rows() -> None:
    """Two rows that stand for a thousand calls each are two; twenty errors that are rows are twenty."""
    few = side(2_000, unrecorded=1_998, error_rows=0), side(2_000, 1_000, unrecorded=1_998, error_rows=1)
    assert told(function("shop.pay", *few)) == []
    thin = side(10_000, unrecorded=9_900, error_rows=0), side(10_000, 40, unrecorded=9_860, error_rows=40)
    assert [each.kind for each in told(function("shop.pay", *thin))] == ["error_share"]


def test_percentile_of_sampled_calls_is_told_by_rows() -> None:
    """Ten rows have no P95."""
    thin = side(10_000, unrecorded=9_990), side(10_000, slow=2_000, unrecorded=9_990)
    assert told(function("shop.pay", *thin)) == []


def test_median_of_few_calls_is_told() -> None:
    """Of forty calls P95 is not known, but all of them are slower."""
    (found,) = told(function("shop.pay", side(40), side(40, slow=40)))
    assert (found.kind, found.is_worse) == ("p50", True)
    assert found.text.startswith("P50 999 µs → 10.1 ms")


def test_value_that_comes_late_is_no_news() -> None:
    """After half an hour, of an hour before: but for one of a function in which a new error began."""
    late = form("limit", "= 60", "a whole number", "= 30")._replace(first_ns=AT + 1_800_000_000_000)
    assert told(forms=[late]) == []
    rare = form("quantity", "0", "a whole number", "many")._replace(first_ns=AT + 300_000_000_000)
    assert told(forms=[rare]) == []
    assert len(told(forms=[rare._replace(form="None")])) == 1


def test_feed_that_ended_says_more_than_a_function() -> None:
    """It is named as the feed."""
    alive = function("shop.main", side(1_000), side(1_000))
    found = told(
        alive, function("shop.on_tick", side(100), Side(), feed="ticks"), function("shop.pay", side(50), Side())
    )
    assert [(each.kind, each.subject) for each in found] == [("feed_gone", "ticks"), ("function_gone", "shop.pay")]


def test_edges_of_new_functions_are_no_news() -> None:
    """Their calls are reported once."""
    lasting = [function(name, side(100), side(100)) for name in ("shop.main", "shop.pay")]
    new = function("shop.tax", Side(), side(100), is_new=True)
    edges = [EdgeChange("shop.main", name, "shop", 0, 100, True) for name in ("shop.pay", "shop.tax")]
    found = told(*lasting, new, edges=edges)
    assert [(each.kind, each.subject) for each in found] == [("function_new", "shop.tax"), ("edge_new", "shop.pay")]


def test_none_says_more_than_another_number() -> None:
    """And what the value was before is said."""
    found = told(forms=[form("limit", "= 60", "a whole number", "= 30"), form("return", "None", "a number")])
    assert [each.text for each in found] == [
        "its result was None for the first time; before: a number",
        "limit was 60 for the first time; before: 30",
    ]
    assert (found[0].trace_id, found[0].span_id) == ("ab", "cd")


def test_value_of_a_new_form_is_told_once() -> None:
    """Not as a form and as a value."""
    found = told(forms=[form("return", "None", "a number"), form("return", "= None", "a number")])
    assert len(found) == 1


def test_source_is_told_as_a_diff() -> None:
    """With how many lines."""
    (found,) = told(
        sources=[SourceChange("shop.pay", "shop", "/shop.py", 1, "def pay():\n    a\n", "def pay():\n    b\n")]
    )
    assert found.text == "changed: 1 line added, 1 taken away"
    assert found.diff is not None
    assert "-    a\n+    b" in found.diff
