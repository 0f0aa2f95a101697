"""Artifacts as they are shown: names, authors, commits, values."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components import badge, link
from obsv.dashboards.decisions.shown import number
from obsv.store.figures import Artifact

DIGITS = 12
_DIRTY = {True: "modified files", False: None, None: "not known whether modified"}


def artifact_link(artifact_id: str, text: str, **props: Any) -> Component:
    """Return a link to the page of an artifact."""
    return link(text, f"/registry/{artifact_id}", {}, **{"className": "link mono", "title": artifact_id, **props})


def author(artifact: Artifact) -> str:
    """Return who registered an artifact, where, and from which program."""
    where = f"{artifact.who}@{artifact.host}" if artifact.host else artifact.who
    return f"{where}, {artifact.service}" if artifact.service else where


def commit(artifact: Artifact) -> Component | str:
    """Return the commit of the program that registered an artifact."""
    if not artifact.git_commit:
        return html.Span("—", className="faint", title="The program is not in a git work tree")
    about = _DIRTY[artifact.git_dirty]
    shown: list[Any] = [html.Span(artifact.git_commit[:DIGITS], className="mono", title=artifact.git_commit)]
    return html.Span(shown + ([" ", badge(about, "stale")] if about else []))


def value(given: Any) -> str:
    """Format a value of a configuration or of what was said of an artifact."""
    return "—" if given is None else number(given)
