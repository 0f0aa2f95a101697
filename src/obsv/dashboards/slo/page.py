"""A service level: what is left of its error budget, how it was spent, and by which functions and errors."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from obsv.alerts.levels import Slo, budget_left, budget_text, burn_rate, burns_of, curve, summed
from obsv.dashboards.alerts.tables import table
from obsv.dashboards.charts import chart
from obsv.dashboards.charts.axis import time_axis
from obsv.dashboards.clock import count, duration, local
from obsv.dashboards.components import badge, button_link, card, empty, link
from obsv.dashboards.components.card import stat, stat_figures
from obsv.dashboards.page import App, Page, View
from obsv.dashboards.theme import DARK, figure
from obsv.errors import InvalidQuery, NotFound, QueryTimeout, StoreUnavailable
from obsv.store.ground import Window
from obsv.store.seam import Store
from obsv.store.watching import LevelBucket

_NS = 1_000_000_000
_DAY_S = 86_400.0


def layout(view: View) -> Component:
    """Return the page."""
    slos = view.alerts.config.slos if view.alerts else ()
    if not slos:
        return html.Div(
            [
                html.Div(html.H1("Service levels"), className="page-head"),
                card(
                    "Budgets",
                    empty("No service levels", "Add a table [[slo]] to alerts.toml; docs/alerts.md explains it."),
                ),
            ],
            className="slo-page",
        )
    name = view.query.get("name", slos[0].name)
    slo = next((each for each in slos if each.name == name), None)
    if slo is None:
        raise NotFound(f"There is no service level {name!r}: there are {', '.join(each.name for each in slos)}.")
    buckets = view.reader.read_level(slo.name, slo.version, view.now_ns - int(slo.period_s * _NS))
    others = [button_link(each.name, "/slo", {"name": each.name}) for each in slos if each != slo]
    head = html.Div([html.H1(slo.name), html.Div([*others, button_link("Alerts", "/alerts")], className="page-tools")],
                    className="page-head")  # fmt: skip
    return html.Div([head, _about(slo), *_counted(view.reader, slo, buckets, view.now_ns)], className="slo-page")


def _about(slo: Slo) -> Component:
    level = slo.level
    named = (("process", level.process), ("group", level.group), ("service", level.service))
    which = ", ".join(f"{name} {pattern}" for name, pattern in named if pattern != "*") or "all calls"
    return html.P(
        [f"{100 * slo.objective:g} % of the calls in {_length(slo.period_s)} should be good: ",
         html.Code(level.good), f" ({which})."],
        className="muted",
    )  # fmt: skip


def _counted(store: Store, slo: Slo, buckets: list[LevelBucket], now_ns: int) -> list[Component]:
    whole = summed(buckets, slo.period_s, now_ns)
    if not whole.total:
        text = "Calls are counted as they arrive, while obsv serve or a keeper evaluates the rules."
        return [card("Budget left", empty("No calls counted yet", text))]
    points = curve(buckets, slo, now_ns)
    times = [local(each.end_ns).isoformat() for each in points]
    return [
        html.Div(_figures(slo, buckets, now_ns), className="slo-figures"),
        html.Div(
            [
                card("Budget left", _line(times, [100 * each.left for each in points], "%", 100.0)),
                card("Burn rate", _line(times, [each.rate for each in points], "×", 1.0)),
            ],
            className="slo-charts",
        ),
        card("Windows", _windows(slo, buckets, now_ns), flush=True),
        html.Div(_spenders(store, slo, now_ns), className="slo-tables"),
    ]


def _figures(slo: Slo, buckets: list[LevelBucket], now_ns: int) -> list[Component]:
    whole = summed(buckets, slo.period_s, now_ns)
    left, rate = budget_left(whole, slo.objective), burn_rate(summed(buckets, 3_600, now_ns), slo.objective)
    lasts = (
        "it is spent" if left <= 0 else "not burning" if rate <= 0 else duration(int(left * slo.period_s / rate * _NS))
    )
    bad = f"{whole.bad:,} of {whole.total:,}"
    about = f"It is {budget_text(whole, slo.objective)}." if left <= 0 else "Of the bad calls that are allowed."
    shown = (
        ("Budget left", f"{100 * max(0.0, left):.3g} %", about),
        ("Good calls", f"{100 * whole.good / whole.total:.4g} %", f"{bad} calls were not good."),
        ("Burn rate", f"{rate:.3g} ×", "Of the last hour; 1 spends the budget in exactly the period."),
        ("Budget lasts", lasts, "At the burn rate of the last hour."),
    )
    return [stat(label, stat_figures(value), html.P(text, className="muted"), id=f"slo-{at}")
            for at, (label, value, text) in enumerate(shown)]  # fmt: skip


def _line(times: list[str], values: list[float | None] | list[float], unit: str, mark: float) -> Component:
    drawn = {
        "type": "scatter", "mode": "lines+markers" if len(values) < 3 else "lines", "x": times, "y": values,
        "line": {"color": DARK["accent"], "width": 1.5}, "connectgaps": False,
        "hovertemplate": "%{y:,.4~g} " + unit + "<extra></extra>",
    }  # fmt: skip
    limit = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": mark, "y1": mark,
             "line": {"color": DARK["err"], "width": 1, "dash": "dot"}}  # fmt: skip
    zero = {**limit, "y0": 0, "y1": 0}
    shown = figure([drawn], xaxis=time_axis(fixedrange=True), yaxis={"rangemode": "tozero", "ticksuffix": f" {unit}"},
                   shapes=[zero if unit == "%" else limit], showlegend=False)  # fmt: skip
    return chart(shown, height=220, label="Budget left over time" if unit == "%" else "Burn rate over time")


def _windows(slo: Slo, buckets: list[LevelBucket], now_ns: int) -> Component:
    rows = []
    for burn in burns_of(slo.period_s):
        long, short = (burn_rate(summed(buckets, each, now_ns), slo.objective) for each in (burn.long_s, burn.short_s))
        factor = burn.factor(slo.period_s)
        state = badge("burns too fast", "err") if min(long, short) >= factor else badge("within", "ok")
        rows.append([f"{_length(burn.long_s)} and {_length(burn.short_s)}", f"{long:.3g}", f"{short:.3g}",
                     f"{factor:.3g}", burn.urgency, state])  # fmt: skip
    if not rows:
        return empty("No windows", "The period is shorter than all windows of burn rates.")
    return table(("Windows", "Long", "Short", "Limit", "Urgency", "State"), rows)


def _length(seconds: float) -> str:
    if seconds < 3_600:
        return f"{seconds / 60:g} min"
    return f"{seconds / 3_600:g} h" if seconds < 2 * _DAY_S else f"{seconds / _DAY_S:g} days"


def _spenders(store: Store, slo: Slo, now_ns: int) -> list[Component]:
    since_ns = now_ns - int(slo.period_s * _NS)
    try:
        found = store.read_spenders(slo.level, since_ns)
    except (InvalidQuery, QueryTimeout, StoreUnavailable) as error:
        return [card("Spent by", empty("Not known", str(error)))]
    if not found.functions:
        return [
            card("Spent by", empty("Nothing to show", "No stored call of the period was bad; older ones are gone."))
        ]
    window = Window(since_ns, now_ns)
    functions = [
        [
            link(name, "/code", {"process": name}, className="mono"),
            count(bad),
            count(total),
            f"{100 * bad / total:.3g} %",
        ]
        for name, bad, total in found.functions
    ]
    groups = [
        [link(store.read_error_group(id, window, 1).group.title, f"/errors/{id}", {}), count(traces)]
        for id, traces in found.groups
    ]
    stored = "of the calls that are still stored"
    errors = table(("Error", "Traces"), groups) if groups else empty("No errors", "The bad calls did not fail.")
    return [
        card("Spent by functions", table(("Function", "Bad", "Calls", "Share"), functions), actions=stored, flush=True),
        card("Spent by errors", errors, actions=stored, flush=True),
    ]


def register(app: App) -> None:
    """Declare no callbacks: a page is as it was when it was opened."""


PAGE = Page(path="/slo", title="Service level", layout=layout, register=register, subject="name")
