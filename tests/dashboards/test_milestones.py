"""Deployments and new versions on charts."""

from obsv.dashboards.components.milestones import MOST, milestone_marks
from obsv.store.figures import Milestone

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
