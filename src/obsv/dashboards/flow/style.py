"""The flow graph's style: one cytoscape style sheet per theme, because a canvas cannot read the page's variables."""

from typing import Any

from obsv.dashboards.theme import PALETTES, Scheme, cytoscape_stylesheet


def flow_style(scheme: Scheme) -> list[dict[str, Any]]:
    """Return the style sheet of one theme.

    Args:
        scheme: `dark` or `light`.
    """
    colour = PALETTES[scheme]
    heat = f"mapData(heat, 0, 1, {colour['line-strong']}, {colour['err']})"
    return [*cytoscape_stylesheet(scheme), *_nodes(colour, heat), *_edges(colour, heat)]


def _nodes(colour: dict[str, str], heat: str) -> list[dict[str, Any]]:
    card = {
        "width": "data(w)",
        "height": "data(h)",
        "text-valign": "center",
        "text-halign": "center",
        "text-margin-y": 0,
        "text-wrap": "wrap",
        "text-max-width": "236px",
        "line-height": 1.35,
        "font-size": 11.5,
        "border-color": heat,
    }
    group = {
        "shape": "round-rectangle",
        "text-valign": "top",
        "text-halign": "center",
        "text-margin-y": -5,
        "font-size": 11,
        "font-weight": 600,
        "color": colour["muted"],
        "background-color": colour["bg"],
        "background-opacity": 0.55,
        "border-width": 1,
        "border-color": colour["line"],
        "padding": "14px",
        "text-max-width": "data(w)",
        "text-background-color": colour["surface"],
        "text-background-opacity": 0.85,
        "text-background-padding": "2px",
    }
    return [
        {"selector": "node.process, node.feed, node.folded", "style": card},
        {"selector": "node.feed", "style": {"shape": "ellipse", "background-color": colour["accent-soft"]}},
        {"selector": "node.folded", "style": {"border-style": "double", "border-width": 4, "font-weight": 600}},
        {"selector": "node.group", "style": group},
        {"selector": "node.stale", "style": {"border-color": colour["err"], "border-style": "dashed"}},
        {"selector": "node.group.stale", "style": {"border-style": "solid", "border-color": colour["line"]}},
        {"selector": "node.idle", "style": {"color": colour["faint"], "border-style": "dashed",
                                            "background-color": colour["bg"]}},
        {"selector": "node.dim", "style": {"opacity": 0.22}},
        {"selector": "node.near", "style": {"border-color": colour["accent"], "border-width": 2.5}},
    ]  # fmt: skip


def _edges(colour: dict[str, str], heat: str) -> list[dict[str, Any]]:
    label = {
        "label": "data(label)",
        "font-family": "Inter, sans-serif",
        "font-size": 10.5,
        "color": colour["muted"],
        "text-background-color": colour["surface"],
        "text-background-opacity": 0.92,
        "text-background-padding": "3px",
        "text-background-shape": "round-rectangle",
        "text-max-width": "150px",
        "text-wrap": "ellipsis",
        "line-color": colour["accent"],
        "target-arrow-color": colour["accent"],
    }
    return [
        {"selector": "edge", "style": {"width": "data(width)", "line-color": heat, "target-arrow-color": heat,
                                       "arrow-scale": 0.8, "curve-style": "bezier", "opacity": 0.9}},
        {"selector": "edge[loop]", "style": {"loop-direction": "90deg", "loop-sweep": "-30deg",
                                             "control-point-step-size": "data(loop)"}},
        {"selector": "edge.stale", "style": {"line-color": colour["err"], "target-arrow-color": colour["err"],
                                             "line-style": "dashed"}},
        {"selector": "edge.idle", "style": {"line-style": "dashed", "opacity": 0.35}},
        {"selector": "edge.handover", "style": label},
        {"selector": "edge.dim", "style": {"opacity": 0.08}},
        {"selector": "edge.near", "style": {"line-color": colour["accent"], "target-arrow-color": colour["accent"],
                                            "opacity": 1}},
    ]  # fmt: skip
