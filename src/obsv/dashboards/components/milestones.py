"""Deployments and new versions on time charts."""

from __future__ import annotations

from typing import Any

from obsv.dashboards.clock import local
from obsv.dashboards.theme import DARK
from obsv.store.figures import Milestone

# More lines than this would hide the chart.
MOST = 30


def milestone_marks(milestones: list[Milestone]) -> dict[str, list[dict[str, Any]]]:
    """Return lines across a chart with local time on its x axis, and their names on hover.

    Args:
        milestones: oldest first; if there are too many, the latest are shown.

    Returns:
        `shapes` and `annotations` for plotly's layout.
    """
    shapes, notes = [], []
    for each in milestones[-MOST:]:
        at = f"{local(each.at_ns):%Y-%m-%d %H:%M:%S}"
        line = {"color": DARK["faint"], "width": 1, "dash": "dot"}
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line})
        notes.append(
            {"x": at, "y": 1, "yref": "paper", "yanchor": "bottom", "text": "▾", "showarrow": False,
             "font": {"size": 12}, "hovertext": f"{milestone_text(each)}, {at[11:]}", "captureevents": True}
        )  # fmt: skip
    return {"shapes": shapes, "annotations": notes}


def milestone_text(each: Milestone) -> str:
    """Return a milestone in a few words, with plotly's markup escaped."""
    what = f"{each.name} deployed" if each.kind == "deploy" else f"version {each.name}"
    whose = f" of {each.service}" if each.service else ""
    return (what + whose).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
