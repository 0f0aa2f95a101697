"""Colours, type and sizes: defined here and only referenced elsewhere.

`stylesheet()` turns the tokens into CSS variables (`--bg`, `--text`, …) for both themes. The grid uses the variables
(`GRID_THEME`); figures use `FIGURE_LAYOUT` and leave text and lines to the style sheet, so switching the theme redraws
nothing. A canvas cannot read variables: `cytoscape_stylesheet(scheme)` uses the colours of one theme.
"""

from typing import Any, Literal

Scheme = Literal["dark", "light"]

# Text tokens have a contrast of at least 4.5 on every surface token; a test computes it.
DARK = {
    "bg": "#0d1117",
    "surface": "#131922",
    "raised": "#1a212c",
    "hover": "#202835",
    "line": "#252e3b",
    "line-strong": "#38424f",
    "text": "#e6edf3",
    "muted": "#a3afbd",
    "faint": "#8e9aa9",
    "accent": "#3e8ef7",
    "accent-text": "#6cabff",
    "accent-soft": "#15294a",
    "ok": "#2dc26b",
    "ok-text": "#3fd07c",
    "ok-soft": "#11301f",
    "err": "#e55353",
    "err-text": "#ff8b85",
    "err-soft": "#3c1a1d",
    "stale": "#f0ad4e",
    "stale-text": "#f0ad4e",
    "stale-soft": "#3a2b13",
    "on-accent": "#0d1117",
    "shadow": "0 8px 32px rgb(0 0 0 / .55)",
    "code-keyword": "#ff8b85",
    "code-string": "#a5d6ff",
    "code-name": "#d2a8ff",
    "code-number": "#79c0ff",
    "code-comment": "#8e9aa9",
}
LIGHT = {
    "bg": "#f6f8fa",
    "surface": "#ffffff",
    "raised": "#ffffff",
    "hover": "#eef2f6",
    "line": "#dde3ea",
    "line-strong": "#b9c3ce",
    "text": "#1b222b",
    "muted": "#4c5866",
    "faint": "#5c6876",
    "accent": "#3e8ef7",
    "accent-text": "#0b5bc7",
    "accent-soft": "#e3effe",
    "ok": "#2dc26b",
    "ok-text": "#11703a",
    "ok-soft": "#dff6e8",
    "err": "#e55353",
    "err-text": "#b3261e",
    "err-soft": "#fdebea",
    "stale": "#f0ad4e",
    "stale-text": "#855200",
    "stale-soft": "#fdf1dd",
    "on-accent": "#0d1117",
    "shadow": "0 8px 32px rgb(27 34 43 / .16)",
    "code-keyword": "#b3261e",
    "code-string": "#0a3d75",
    "code-name": "#6f32b8",
    "code-number": "#0b5bc7",
    "code-comment": "#5c6876",
}
PALETTES: dict[Scheme, dict[str, str]] = {"dark": DARK, "light": LIGHT}
TEXT_TOKENS = ("text", "muted", "faint", "accent-text", "ok-text", "err-text", "stale-text")
SURFACE_TOKENS = ("bg", "surface", "raised", "hover")

# Adjacent services and groups; each at least 3:1 against both backgrounds (WCAG 1.4.11, non-text contrast).
SERIES = ("#3e8ef7", "#a875e8", "#1f9e8f", "#d9772b", "#d8589f", "#5b8a3c", "#8c7ae6", "#b58900")

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
MONO = "'JetBrains Mono', ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"

GRID_THEME = {
    "function": (
        "themeQuartz.withParams({"
        "backgroundColor: 'var(--surface)', foregroundColor: 'var(--text)', textColor: 'var(--text)',"
        "headerBackgroundColor: 'var(--surface)', headerTextColor: 'var(--muted)', headerFontWeight: 500,"
        "accentColor: 'var(--accent)', borderColor: 'var(--line)', chromeBackgroundColor: 'var(--surface)',"
        "rowHoverColor: 'var(--hover)', selectedRowBackgroundColor: 'var(--accent-soft)',"
        "oddRowBackgroundColor: 'var(--surface)', menuBackgroundColor: 'var(--raised)',"
        "menuTextColor: 'var(--text)', inputBackgroundColor: 'var(--bg)', inputTextColor: 'var(--text)',"
        "tooltipBackgroundColor: 'var(--raised)', tooltipTextColor: 'var(--text)',"
        "iconColor: 'var(--muted)', focusShadow: 'none', wrapperBorder: false, wrapperBorderRadius: 0,"
        "fontFamily: 'inherit', fontSize: 12.5, headerFontSize: 12, rowHeight: 30, headerHeight: 34, spacing: 6,"
        "cellHorizontalPadding: 12, headerColumnResizeHandleColor: 'var(--line-strong)',"
        "columnBorder: false, browserColorScheme: 'inherit'})"
    )
}

# The style sheet colours text, grid lines and hover boxes (components/parts.css).
FIGURE_LAYOUT: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": FONT, "size": 11},
    "margin": {"l": 44, "r": 12, "t": 8, "b": 28},
    "colorway": list(SERIES),
    "hovermode": "x unified",
    "hoverlabel": {"font": {"family": FONT, "size": 12}, "align": "left"},
    "showlegend": False,
    # Its labels are slightly lower, to avoid those of the other axis.
    "xaxis": {
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
        "ticks": "outside",
        "ticklen": 5,
        "tickcolor": "rgba(0,0,0,0)",
    },
    "yaxis": {"zeroline": False, "automargin": True, "rangemode": "tozero"},
    "dragmode": False,
}
FIGURE_CONFIG: Any = {"displayModeBar": False, "displaylogo": False, "responsive": True, "doubleClick": False}


def stylesheet() -> str:
    """Return the tokens as CSS variables: dark by default, light under `[data-theme=light]`."""

    def block(selector: str, scheme: Scheme) -> str:
        variables = "".join(f"--{name}:{value};" for name, value in PALETTES[scheme].items())
        return f"{selector}{{color-scheme:{scheme};{variables}}}"

    series = "".join(f"--series-{index}:{colour};" for index, colour in enumerate(SERIES))
    fonts = f"--font:{FONT};--mono:{MONO};"
    return f":root{{{fonts}{series}}}" + block(":root", "dark") + block(":root[data-theme=light]", "light")


def figure(data: list[dict[str, Any]], **layout: Any) -> dict[str, Any]:
    """Return a plotly figure as a plain dict in the house style.

    Args:
        data: plotly traces.
        **layout: layout entries; dicts are merged one level deep into the house layout.
    """
    merged = dict(FIGURE_LAYOUT)
    for name, value in layout.items():
        base = merged.get(name)
        merged[name] = {**base, **value} if isinstance(base, dict) and isinstance(value, dict) else value
    return {"data": data, "layout": merged}


def cytoscape_stylesheet(scheme: Scheme) -> list[dict[str, Any]]:
    """Return a cytoscape style sheet for one theme: nodes and edges in the house colours.

    Args:
        scheme: `dark` or `light`; the store `theme` of the shell holds the current one.
    """
    colour = PALETTES[scheme]
    # Cytoscape does not accept quoted names.
    label = {"color": colour["text"], "font-family": "Inter, sans-serif", "font-size": 11, "text-wrap": "ellipsis"}
    return [
        {
            "selector": "node",
            "style": {
                **label,
                "label": "data(label)",
                "text-max-width": "160px",
                "background-color": colour["raised"],
                "border-width": 1.5,
                "border-color": colour["line-strong"],
                "text-valign": "bottom",
                "text-margin-y": 5,
                "shape": "round-rectangle",
            },
        },
        {"selector": "node:parent", "style": {"background-color": colour["surface"], "border-color": colour["line"]}},
        {"selector": "node:selected", "style": {"border-color": colour["accent"], "border-width": 2.5}},
        {
            "selector": "edge",
            "style": {
                "curve-style": "bezier",
                "width": 1.5,
                "line-color": colour["line-strong"],
                "target-arrow-color": colour["line-strong"],
                "target-arrow-shape": "triangle",
                "arrow-scale": 0.9,
            },
        },
        {"selector": ".err", "style": {"line-color": colour["err"], "target-arrow-color": colour["err"]}},
        {"selector": "node.err", "style": {"border-color": colour["err"]}},
        {"selector": "node.stale", "style": {"border-color": colour["stale"]}},
        {"selector": "edge.stale", "style": {"line-color": colour["stale"], "target-arrow-color": colour["stale"]}},
    ]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two `#rrggbb` colours by WCAG 2.2: 1 to 21."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)
