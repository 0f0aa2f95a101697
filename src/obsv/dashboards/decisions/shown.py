"""Values, verdicts and margins of decisions as they are shown."""

from __future__ import annotations

import json
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.components import Kind, badge
from obsv.dashboards.components.aria import aria
from obsv.store.ground import read_shown

_VERDICTS: dict[str, Kind] = {"pass": "ok", "block": "stale", "error": "err"}
_JUDGEMENTS: dict[str, Kind] = {"good": "ok", "bad": "err", "neutral": "plain"}
_TEXT_CHARS = 200


def verdict_badge(verdict: str) -> Component:
    """Return the badge of a verdict: pass, block or error."""
    return badge(verdict[:_TEXT_CHARS], _VERDICTS.get(verdict, "plain"))


def judgement_badge(judgement: str) -> Component:
    """Return the badge of a judged refusal: good, bad or neutral."""
    return badge(f"{judgement[:_TEXT_CHARS]} block", _JUDGEMENTS.get(judgement, "plain"))


def number(value: Any) -> str:
    """Format a value: numbers with six digits, all else as its text."""
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _TEXT_CHARS else f"{text[:_TEXT_CHARS]}…"


def signed(value: float) -> str:
    """Format a number with its sign."""
    return f"{value:+,.4g}".replace("-", "−")


def margin(distance: float | None, share: float | None) -> Component:
    """Return the distance to a threshold: a bar to the right where the gate holds, to the left where it refuses."""
    if distance is None:
        return html.Span("—", className="faint", title="Not a comparison of numbers")
    text = signed(distance) + ("" if share is None else f" ({signed(100 * share)} %)")
    width = min(abs(share if share is not None else 1.0), 1.0) * 50
    side = {"left": "50%"} if distance >= 0 else {"right": "50%"}
    bar = html.I(className="good" if distance >= 0 else "bad", style={"width": f"{width:.1f}%", **side})
    return html.Span([html.Span(bar, className="margin-bar", **aria(hidden=True)), text], className="margin")


def result(metrics: str) -> str:
    """Return the first figures of an outcome, in one line."""
    found = read_shown(metrics) if metrics else {}
    if not isinstance(found, dict):
        return ""
    return ", ".join(f"{name} {number(value)}" for name, value in list(found.items())[:3])
