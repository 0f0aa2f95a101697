"""The graph of what an artifact was made of and what was made of it: links in layers, lines behind them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from obsv.analysis.layering import Place, Size, layered
from obsv.dashboards.components import badge, link
from obsv.dashboards.components.aria import aria
from obsv.dashboards.registry.shown import DIGITS
from obsv.store.figures import Artifact, Lineage

MOST_SHOWN = 120
NODE = Size(210, 54)
# It stands out enough from the surfaces of both themes.
_LINE = "#8691a0"


def lineage_graph(found: Lineage, centre: str) -> Component:
    """Return the graph around an artifact; the nearest ones if there are many."""
    nodes = nearest(found, centre)
    edges = [(parent, child) for child, parent in found.edges if child in nodes and parent in nodes]
    places = layered(dict.fromkeys(nodes, NODE), edges, is_compact=False)
    width = max(place.x for place in places.values()) + NODE.width / 2
    height = max(place.y for place in places.values()) + NODE.height / 2
    parents: dict[str, list[str]] = {}
    for parent, child in edges:
        parents.setdefault(child, []).append(_name(found.artifacts.get(parent), parent))
    by_place = sorted(nodes, key=lambda each: places[each])
    shown = [_node(each, found.artifacts.get(each), places[each], parents.get(each, []), centre) for each in by_place]
    lines = html.Img(src=_drawn(places, edges, width, height), alt="", className="lineage-lines")
    graph = html.Div([lines, *shown], className="lineage-graph", style={"width": f"{width}px", "height": f"{height}px"})
    about: dict[str, Any] = {"tabIndex": 0, "role": "region", **aria(label="Graph of artifacts")}
    frame = html.Div(graph, id="registry-lineage", className="lineage-frame", **about)
    left_out = len({each for edge in found.edges for each in edge} - nodes)
    if not left_out and not found.is_cut:
        return frame
    said = f"The nearest {len(nodes)} are shown; obsv registry lineage prints the others."
    return html.Div([frame, html.P(said, className="muted registry-note")])


def nearest(found: Lineage, centre: str) -> set[str]:
    """Return the artifacts nearest to one, itself too, at most 120."""
    beside: dict[str, list[str]] = {}
    for child, parent in found.edges:
        beside.setdefault(child, []).append(parent)
        beside.setdefault(parent, []).append(child)
    reached, border = {centre: None}, [centre]
    while border and len(reached) < MOST_SHOWN:
        border = [far for near in border for far in beside.get(near, ()) if far not in reached]
        reached |= dict.fromkeys(border[: MOST_SHOWN - len(reached)])
    return set(reached)


def _node(identity: str, known: Artifact | None, place: Place, parents: list[str], centre: str) -> Component:
    kind = badge(known.kind[:16]) if known else badge("not registered", "stale")
    name = _name(known, identity)
    cells = [
        html.Span([kind, html.Span(identity[:DIGITS], className="faint mono")]),
        html.B(name, className="ellipsis"),
    ]
    said = ["this artifact"] if identity == centre else []
    said += [f"made of {', '.join(parents[:10])}"] if parents else []
    if said:
        cells.append(html.Span(", ".join(said), className="visually-hidden"))
    style = {"left": f"{place.x - NODE.width / 2}px", "top": f"{place.y - NODE.height / 2}px"}
    look = "lineage-node" + (" here" if identity == centre else "")
    if known is None:
        return html.Div(cells, className=look, style=style, title=identity)
    return link(cells, f"/registry/{identity}", {}, className=look, style=style, title=f"{name}\n{identity}")


def _name(known: Artifact | None, identity: str) -> str:
    return known.name if known else identity[:DIGITS]


def _drawn(places: dict[str, Place], edges: list[tuple[str, str]], width: float, height: float) -> str:
    """Return the lines as an image: one curve from each parent to its child."""
    paths = []
    for parent, child in edges:
        x, y = places[parent].x + NODE.width / 2, places[parent].y
        to_x, to_y = places[child].x - NODE.width / 2, places[child].y
        bend = max(30.0, abs(to_x - x) / 2)
        paths.append(f"M{x:.0f} {y:.0f}C{x + bend:.0f} {y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}")
    body = f"<path d='{''.join(paths)}' fill='none' stroke='{_LINE}' stroke-width='1.5'/>" if paths else ""
    image = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}'>{body}</svg>"
    return f"data:image/svg+xml,{quote(image)}"
