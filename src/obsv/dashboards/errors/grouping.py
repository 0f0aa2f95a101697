"""Why errors are one group, and the buttons that merge and split groups; each decision can be taken back."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component

from obsv.dashboards.components import card, facts
from obsv.dashboards.components.aria import aria
from obsv.dashboards.page import App
from obsv.store.figures import ErrorDetail, ErrorGroup, ErrorWhy
from obsv.store.ground import Window
from obsv.store.seam import Store

# Groups to merge with: those of a week, the latest first.
_MOST_OTHERS, _WEEK_NS = 200, 7 * 86_400_000_000_000
RULES = {
    "frames": "Errors are grouped by the exception, its direct cause, and the program's frames.",
    "stack": "Errors are grouped by the exception, its cause, and the program's frames.",
    "message": "No frame belongs to the program, so errors are grouped by the message, without numbers, IDs "
    "and quoted parts.",
    "attribute": "Errors are grouped by the attribute error.fingerprint.",
}


def grouping(reader: Store, found: ErrorDetail, now_ns: int) -> Component:
    """Return the card of a group."""
    return card("Grouping", _shown(reader, found, now_ns), id="error-grouping")


def _shown(reader: Store, found: ErrorDetail, now_ns: int) -> list[Component]:
    group = found.group
    window = Window(now_ns - _WEEK_NS, now_ns + 1)
    others = [each for each in reader.read_error_groups(window, limit=_MOST_OTHERS).groups if each.id != group.id]
    tools = html.Div([_split(group), *_merge(others)], className="error-tools")
    return [*(part for why in found.why for part in _why(why, is_merged=why.id != group.id)), tools]


def _split(group: ErrorGroup) -> Component:
    """A button for each of the two: only one of them is to be seen."""
    is_split = group.split_by is not None
    return html.Span(
        [
            html.Button("Split by message", id="error-split", className="button", hidden=is_split,
                        title="From now on, errors with another message are a group of their own"),
            html.Button("Unite", id="error-unite", className="button", hidden=not is_split,
                        title="Take the split back: groups that it made are shown here again"),
        ]
    )  # fmt: skip


def _merge(others: list[ErrorGroup]) -> list[Component]:
    field: Component = dmc.Select(
        id="error-into",
        data=[{"value": str(each.id), "label": f"{each.id}: {each.title[:80]}"} for each in others],
        placeholder="Another group",
        searchable=True,
        nothingFoundMessage="No such group in the last week",
        size="xs",
        **aria(label="Group to merge with"),
    )
    title = "Show this group with the chosen one; Separate takes it back"
    return [field, html.Button("Merge", id="error-merge", className="button", title=title)]


def _why(why: ErrorWhy, *, is_merged: bool) -> list[Component]:
    compared: dict[str, Any] = why.compared
    frames = [html.Li(html.Code(f"{frame['in']}: {frame['line']}")) for frame in compared.get("frames", ())]
    names = ("type", "cause", "process", "message", "value", "split_by", "library_frames")
    said = [(name.replace("_", " "), str(compared[name])) for name in names if compared.get(name)]
    shown: list[Component] = [
        html.P(RULES.get(compared.get("rule", ""), "")),
        html.Ol(frames),
        facts([*said, ("fingerprint", why.fingerprint)]),
    ]
    if not is_merged:
        return shown
    button = html.Button("Separate", id={"type": "error-separate", "group": why.id}, className="button",
                         title="Show this group by itself again")  # fmt: skip
    return [html.H3([f"Merged: group {why.id} ", button]), *shown]


def watch_grouping(app: App) -> None:
    """Declare the callback of the buttons."""

    @app.callback(
        Output("error-grouping", "children"),
        Input("error-split", "n_clicks"),
        Input("error-unite", "n_clicks"),
        Input("error-merge", "n_clicks"),
        Input({"type": "error-separate", "group": ALL}, "n_clicks"),
        State("error-into", "value"),
        State("error-number", "data"),
        prevent_initial_call=True,
    )
    def decide(split: Any, unite: Any, merge: Any, separate: list[Any], into: str | None, number: int) -> Any:
        pressed = ctx.triggered_id
        if not any((split, unite, merge, *separate)) or (pressed == "error-merge" and not into):
            return no_update
        triage = app.reader.triage()
        if isinstance(pressed, dict):
            triage.separate(int(pressed["group"]))
        elif pressed == "error-merge":
            triage.merge([number], int(into or 0))
        elif pressed == "error-split":
            triage.split(number)
        else:
            triage.unite(number)
        now_ns = app.now_ns()
        return _shown(app.reader, app.reader.read_error_group(number, Window.last("6h", now_ns)), now_ns)
