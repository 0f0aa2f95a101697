"""Deployments and new versions on time charts."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.clock import local
from obsv.dashboards.components.link import link
from obsv.dashboards.theme import DARK
from obsv.store.figures import Milestone
from obsv.store.ground import Window

# More lines than this would hide the chart.
MOST = 30
# Those that are named in a line.
MOST_NAMED = 3


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
             "font": {"size": 12}, "name": each.name, "hovertext": f"{milestone_text(each)}, {at[11:]}",
             "captureevents": True}
        )  # fmt: skip
    return {"shapes": shapes, "annotations": notes}


def milestone_ticks(milestones: list[Milestone], window: Window) -> list[Component]:
    """Return marks for a small chart of a window that is drawn without plotly; a click leads to what changed.

    Args:
        milestones: oldest first; if there are too many, the latest are shown.
        window: from the chart's left edge to its right one.
    """
    length = max(1, window.end_ns - window.start_ns)
    return [
        html.I(
            className="spark-mark",
            title=f"{milestone_words(each)}, {local(each.at_ns):%H:%M:%S}: what changed",
            style={"left": f"{100 * (each.at_ns - window.start_ns) / length:.2f}%"},
            **_since(each),
        )
        for each in milestones[-MOST:]
    ]


def milestone_links(milestones: list[Milestone]) -> list[Component]:
    """Return the latest milestones as links to what changed since each."""
    return [
        link(f"▾ {milestone_words(each)}", "/changes", {"since": each.name}, className="link milestone")
        for each in milestones[-MOST_NAMED:]
    ]


def _since(each: Milestone) -> dict[str, Any]:
    return {"data-since": each.name}


def milestone_words(each: Milestone) -> str:
    """Return a milestone in a few words."""
    what = f"{each.name} deployed" if each.kind == "deploy" else f"version {each.name}"
    return what + (f" of {each.service}" if each.service else "")


def milestone_text(each: Milestone) -> str:
    """Return a milestone in a few words, with plotly's markup escaped."""
    return milestone_words(each).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
