"""The status ribbon: a badge for each recording process and each feed."""

from collections.abc import Sequence
from datetime import datetime, timezone

from dash import html
from dash.development.base_component import Component

from obsv.dashboards.clock import NS, ago, count, duration
from obsv.dashboards.components.badge import Kind, badge
from obsv.store.beat import FeedState, RecorderState

STATE_KINDS: dict[str, Kind] = {"OK": "ok", "DELAYED": "stale", "CIRCUIT OPEN": "err", "SPILLING": "stale"}
SHOWN = 4


def layout(recorders: Sequence[RecorderState], feeds: Sequence[FeedState], now_ns: int) -> list[Component]:
    """The ribbon's content.

    Args:
        recorders: newest first; the first `SHOWN` get a badge, the rest a count.
        feeds: by name.
        now_ns: Unix time in ns.
    """
    alive = [one for one in recorders if not one.gone(now_ns)]
    ordered = [*alive, *(one for one in recorders if one.gone(now_ns))]
    badges = [_recorder(one, now_ns) for one in ordered[:SHOWN]] or [badge("no recording process", dot=True)]
    if len(ordered) > SHOWN:
        rest = "\n".join(f"{one.service} {one.pid}: {one.state}" for one in ordered[SHOWN:])
        badges.append(badge(f"+{len(ordered) - SHOWN}", title=rest))
    return [html.Div(badges, className="ribbon-part"), html.Div(_totals(alive), className="ribbon-part ribbon-totals"),
            html.Div([_feed(one, now_ns) for one in feeds], className="ribbon-part ribbon-feeds")]  # fmt: skip


def _recorder(one: RecorderState, now_ns: int) -> Component:
    about = f"{one.service}, process {one.pid} on {one.host}"
    if one.gone(now_ns):
        last = datetime.fromtimestamp(one.updated_ns // NS, timezone.utc)
        return badge(
            f"{one.service} {one.pid}", "plain", dot=True, title=f"{about}\ngone since {last:%Y-%m-%d %H:%M:%S} UTC"
        )
    lines = [about, f"writer {one.state}", f"{one.queue_depth:,} calls waiting", f"write lag {one.write_lag_ms:.0f} ms"]
    return badge(
        f"{one.service} {one.pid} · {one.state}", STATE_KINDS.get(one.state, "plain"), dot=True, title="\n".join(lines)
    )


def _totals(alive: Sequence[RecorderState]) -> list[Component]:
    if not alive:
        return []
    depth, lag = sum(one.queue_depth for one in alive), max(one.write_lag_ms for one in alive)
    return [_figure("queue", count(depth)), _figure("lag", duration(lag * 1_000_000) if lag else "0 ms")]


def _figure(label: str, value: str) -> Component:
    return html.Span([html.Span(label, className="ribbon-label"), html.Span(value, className="mono")])


def _feed(one: FeedState, now_ns: int) -> Component:
    usual = f"usually every {duration(one.interval_ns)}" if one.interval_ns else "its usual interval is not known yet"
    kind: Kind = "stale" if one.stale(now_ns) else "plain"
    return badge(f"{one.name} {ago(one.last_ns, now_ns)}", kind, title=f"feed {one.name}\n{usual}")
