"""Figures that are estimated are shown as such."""

from obsv.dashboards.components.estimate import about, counted
from obsv.dashboards.overview.page import parts
from obsv.store.figures import FunctionSums, GroupSums, Overview, PeriodTotals
from obsv.store.ground import Window


def test_estimated_counts_are_marked() -> None:
    """With a ~, and how many calls are not stored."""
    assert (counted(20, 0), about(0)) == ("20", None)
    assert counted(2_000, 1_980).startswith("~")
    assert "1,980 of these calls are not stored" in str(about(1_980))


def shown(unrecorded: int) -> dict[str, str]:
    """The parts of the overview of a store with sampled calls."""
    now = PeriodTotals(2_000, 20, 5e6, 60.0, unrecorded)
    functions = [FunctionSums("shop.price", "shop", 2_000, 20, 4e6, 5e6, None, 0, unrecorded)]
    groups, window = [GroupSums("shop", 2_000, 20, unrecorded)], Window.parse({}, 0)
    found = Overview(window, now, now, [], 1, 1, 0, [], groups, functions, functions)
    return {name: str(part) for name, part in parts(found, [], []).items()}


def test_the_overview_marks_what_is_estimated() -> None:
    """Rates, percentiles and counts have a ~ where sampled calls stand for others, and only there."""
    names = {"rate", "speed", "p95", "groups", "slowest", "changed"}
    assert {name for name, text in shown(1_980).items() if "1,980 of these" in text} == names
    for unrecorded in (0, 1_980):
        texts = shown(unrecorded)
        assert {"~" in texts[name] for name in names} == {unrecorded > 0}
