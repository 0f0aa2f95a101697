"""Deployments and new versions on charts."""

from obsv.dashboards.charts.milestones import MOST, milestone_links, milestone_marks, milestone_ticks
from obsv.store.figures import Milestone
from obsv.store.ground import Window

AT = 1_790_000_000_000_000_000


def test_each_is_a_line_that_says_what_it_is() -> None:
    """Text of others is no markup."""
    marks = milestone_marks([Milestone(AT, "deploy", "<b>1.4</b>", "shop", "")])
    assert len(marks["shapes"]) == 1
    assert "&lt;b&gt;1.4&lt;/b&gt; deployed of shop" in marks["annotations"][0]["hovertext"]


def test_of_many_the_latest_are_shown() -> None:
    """The chart stays readable."""
    marks = milestone_marks([Milestone(AT + at, "version", str(at), "", "code") for at in range(MOST + 5)])
    assert len(marks["shapes"]) == MOST
    assert "version 34" in marks["annotations"][-1]["hovertext"]


def test_small_charts_have_ticks_at_their_place_that_lead_to_what_changed() -> None:
    """From the left edge to the right one; the latest are named in links, too."""
    told = [Milestone(AT + at, "deploy", f"1.{at}", "", "") for at in (0, 25, 100)]
    ticks = [each.to_plotly_json()["props"] for each in milestone_ticks(told, Window(AT, AT + 100))]
    assert [each["style"]["left"] for each in ticks] == ["0.00%", "25.00%", "100.00%"]
    assert ticks[0]["data-since"] == "1.0"
    assert [each.href for each in milestone_links(told)] == [f"/changes?since=1.{at}" for at in (0, 25, 100)]


def test_a_click_on_a_line_knows_its_milestone() -> None:
    """By its name, which is not markup."""
    (note,) = milestone_marks([Milestone(AT, "deploy", "<1>", "", "")])["annotations"]
    assert note["name"] == "<1>"
