"""Changes: what is otherwise than before a deployment, a version or an instant, what says most first."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from obsv.analysis.change_point import instant_of, sides
from obsv.analysis.changes import KINDS, Finding, findings
from obsv.dashboards.changes.diff import diff_lines
from obsv.dashboards.clock import count, when, zone_text
from obsv.dashboards.components import Kind, badge, card, empty, link
from obsv.dashboards.controls.options import option, options
from obsv.dashboards.page import App, Page, View
from obsv.nouns import plural
from obsv.store.figures import Changes, Milestone
from obsv.store.ground import Window
from obsv.times import MAX_NS

AGES = (("10m", "10 min ago"), ("1h", "1 h ago"), ("6h", "6 h ago"))
MOST, MOST_MILESTONES = 100, 6


def layout(view: View) -> Component:
    """The page, filled.

    Raises:
        InvalidQuery: what stands in the address is neither a deployment, a version nor a time.
    """
    with view.reader.view() as store:
        known = store.read_milestones(Window(0, MAX_NS), MOST_MILESTONES)
        since = view.query.get("since")
        before, after = sides(instant_of(store, since, view.now_ns), view.now_ns)
        read = store.read_changes(before, after)
    head = [html.H1("What changed"), html.Span(zone_text(view.now_ns), className="zone")]
    return html.Div(
        [
            html.Div(head, className="page-head"),
            _choices(known, since or (known[-1].name if known else AGES[1][0])),
            *_found(read, findings(read)),
        ],
        className="changes-page",
    )


def _choices(known: list[Milestone], chosen: str) -> Component:
    instants = [(each.name, [_kind(each), html.B(each.name), " ", when(each.at_ns)]) for each in reversed(known)]
    instants += [(age, [text]) for age, text in AGES]
    if chosen not in dict(instants):
        instants.insert(0, (chosen, [chosen]))
    links = [option(shown, "/changes", {"since": name}, name == chosen) for name, shown in instants]
    return options("Since when", links, shown="Since")


def _kind(each: Milestone) -> str:
    return "deployed " if each.kind == "deploy" else "version "


def _found(read: Changes, found: list[Finding]) -> list[Component]:
    before, after = (sum(getattr(each, side).calls for each in read.functions) for side in ("before", "after"))
    said: list[Component | str] = [f"{count(after)} {plural(after, 'call')} since ", when(read.since_ns, date=True)]
    said += [f" against {count(before)} {plural(before, 'call')} from ", when(read.before.start_ns, date=True), " on. "]
    if read.left_out:
        said.append("The minute in between has too many calls to be told apart, and is left out. ")
    lead = html.P(said, className="lead")
    if not found:
        text = "Shares and durations are compared where there are calls enough to tell a change from an accident."
        return [lead, card(None, empty("Nothing is otherwise", text))]
    rows = [html.Div(_row(each, read), className="change", role="listitem") for each in found[:MOST]]
    more = f"the first {MOST} of {len(found):,}" if len(found) > MOST else f"{len(found)}"
    return [lead, card("Changes", html.Div(rows, role="list"), actions=more, flush=True)]


def _row(each: Finding, read: Changes) -> list[Component]:
    tone: Kind = "accent" if each.is_worse is None else "err" if each.is_worse else "ok"
    subject = link(each.subject, *_where(each, read), className="mono row-link ellipsis", title=each.subject)
    about = [html.Div([badge(KINDS[each.kind], tone), html.Span(each.service, className="faint")]), subject]
    shown: list[Component] = [html.Div(about, className="change-what"), html.Div(each.text, className="change-text")]
    if each.diff:
        shown.append(html.Details([html.Summary("Source"), diff_lines(each.diff)], className="change-diff"))
    return shown


def _where(each: Finding, read: Changes) -> tuple[str, dict[str, str | None]]:
    """Return the link of a finding: to the group, the call, the calls or the function."""
    here: dict[str, str | None] = {**read.after.query()}
    if each.group_id is not None:
        return f"/errors/{each.group_id}", here
    if each.trace_id is not None:
        return f"/trace/{each.trace_id}", {"span": each.span_id}
    if each.kind == "error_share":
        return "/explorer", {"process": each.subject, "status": "ERR", **here}
    if each.kind in ("p95", "p50"):
        return "/compare", {"process": each.subject, "mode": "times", **here}
    return "/code", {"process": each.subject, **here}


def register(app: App) -> None:
    """It has no callbacks: each choice is a link."""


PAGE = Page(path="/changes", title="Changes", layout=layout, register=register, icon="changes", key="w")
