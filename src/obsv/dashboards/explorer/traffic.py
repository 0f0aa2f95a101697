"""The chart above the explorer's rows: calls over time, and failed calls below them on their own scale."""

from typing import Any

from obsv.dashboards.clock import local
from obsv.dashboards.theme import DARK, figure
from obsv.store.finding import CallSeries

DAY_NS = 86_400 * 10**9
ACCENT, ERR = DARK["accent"], DARK["err"]


def traffic(found: CallSeries | None) -> dict[str, Any]:
    """Return the figure.

    Args:
        found: the calls over time; None if they cannot be counted.
    """
    if found is None or found.reason:
        told = found.reason if found else ""
        note = {"text": told, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
        return figure([], annotations=[note], xaxis={"visible": False}, yaxis={"visible": False}, **_MARGIN)
    times = [f"{local(found.start_ns + at * found.step_ns):%Y-%m-%d %H:%M:%S}" for at in range(len(found.calls))]
    bars = [
        _bars(times, found.calls, ACCENT, "calls", "y", found.step_ns),
        _bars(times, found.errors, ERR, "failed", "y2", found.step_ns),
    ]
    # One line: a second one, with the date, would be cut off.
    form = "%H:%M" if len(times) * found.step_ns <= 1.1 * DAY_NS else "%b %d %H:%M"
    end = f"{local(found.start_ns + len(found.calls) * found.step_ns):%Y-%m-%d %H:%M:%S}"
    return figure(
        bars,
        xaxis={
            "type": "date",
            "range": [times[0], end],
            "anchor": "y2",
            "nticks": 5,
            "tickangle": 0,
            "tickformat": form,
            "fixedrange": False,
        },
        yaxis={**_axis(found.calls), "domain": [0.42, 1]},
        yaxis2={**_axis(found.errors), "domain": [0, 0.34]},
        bargap=0.15,
        hovermode="x unified",
        dragmode="zoom",
        # A part that is dragged over becomes the page's time (chart.js).
        meta={"step_ms": found.step_ns / 1e6},
        **_MARGIN,
    )


_MARGIN = {"margin": {"l": 44, "r": 8, "t": 12, "b": 20}, "showlegend": False}


def _bars(times: list[str], values: list[int], colour: str, name: str, axis: str, step_ns: int) -> dict[str, Any]:
    return {
        "type": "bar",
        "x": times,
        "y": values,
        "name": name,
        "yaxis": axis,
        "width": step_ns / 1e6 * 0.85,
        "offset": 0,
        "marker": {"color": colour},
        "hovertemplate": "%{y:,} " + name + "<extra></extra>",
    }


def _axis(values: list[int]) -> dict[str, Any]:
    top = max(values, default=0) or 1
    return {"fixedrange": True, "range": [0, top * 1.05], "tickvals": [top], "ticktext": [f"{top:,}"], "gridwidth": 0}
