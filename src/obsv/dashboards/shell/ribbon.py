"""The status ribbon: a badge for each recording process and each feed."""

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from obsv.alerts.parts import Part
from obsv.dashboards.clock import ago, count, duration
from obsv.dashboards.components.badge import Kind, badge
from obsv.nouns import counted, plural
from obsv.store.figures import FeedState, Lost, RecorderState
from obsv.times import ts
from obsv.web.senders import SenderCounts

STATE_KINDS: dict[str, Kind] = {"OK": "ok", "DELAYED": "stale", "CIRCUIT OPEN": "err"}
SHOWN = 4
# Number of running calls listed in the tooltip of their count.
OLDEST = 10
# How long a refusal of a sender's request is shown.
REFUSED_NS = 60 * 1_000_000_000
_MASKED = "Recorded values are masked for you: an admin can add values = true to your user in the users file."


def layout(
    recorders: Sequence[RecorderState],
    feeds: Sequence[FeedState],
    now_ns: int,
    lost: Lost | None = None,
    firing: Sequence[tuple[str, str]] = (),
    parts: Sequence[Part] = (),
    unanswered: Sequence[str] = (),
    senders: Sequence[SenderCounts] = (),
    is_masked: bool = False,
) -> list[Component]:
    """Return the ribbon's content.

    Args:
        recorders: newest first; the first `SHOWN` get a badge, those in trouble first and those that are gone last; the
            rest are counted.
        feeds: by name.
        now_ns: Unix time in ns.
        lost: recently lost files.
        firing: rules and summaries of firing alerts.
        parts: the parts of obsv; those that are late get a badge.
        senders: senders of spans; those that were refused within the last minute get a badge together.
        unanswered: what the store cannot answer; empty for one of obsv itself, which programs record into.
        is_masked: whether values are masked for the reader.
    """
    ordered = sorted(recorders, key=lambda one: (one.gone(now_ns), one.state == "OK"))
    badges = [_recorder(one, now_ns, f"ribbon-{at}") for at, one in enumerate(ordered[:SHOWN])]
    if is_masked:
        badges.append(badge("values masked", dot=True, title=_MASKED, id="ribbon-masked"))
    if unanswered:
        badges.append(badge("read-only store", dot=True, title="\n".join(unanswered), id="ribbon-unanswered"))
    elif not ordered:
        badges.append(badge("no recording process", dot=True, id="ribbon-nobody"))
    if len(ordered) > SHOWN:
        rest = "\n".join(_short(one, now_ns) for one in ordered[SHOWN:])
        badges.append(badge(f"+{len(ordered) - SHOWN}", title=rest, id="ribbon-more"))
    if lost is not None and lost.losses:
        about = "\n".join(str(loss) for loss in lost.losses[:SHOWN])
        badges.append(
            badge(
                f"{count(lost.calls)} {plural(lost.calls, 'call')} lost", "err", dot=True, title=about, id="ribbon-lost"
            )
        )
    if firing:
        about = "\n".join(f"{rule}: {summary}" for rule, summary in firing[:OLDEST])
        text = f"{len(firing)} alert{'s' * (len(firing) != 1)}"
        badges.append(badge(text, "err", dot=True, title=about, id="ribbon-alerts"))
    badges += [
        badge(f"{one.name} {duration(int(one.lag_s * 1e9))} behind", "err", dot=True, title=one.about,
              id=f"ribbon-part-{one.name}")
        for one in parts if one.is_late
    ]  # fmt: skip
    badges += _refused([one for one in senders if now_ns - one.refused_ns < REFUSED_NS])
    alive = [one for one in ordered if not one.gone(now_ns)]
    named = [_feed(one, now_ns, f"ribbon-feed-{at}") for at, one in enumerate(feeds)]
    totals = _totals(alive, now_ns, "\n".join(one.about for one in parts))
    return [html.Div(badges, className="ribbon-part"), html.Div(totals, className="ribbon-part ribbon-totals"),
            html.Div(named, className="ribbon-part ribbon-feeds")]  # fmt: skip


def updates(shown: Sequence[Component], now: Sequence[Component]) -> dict[str, dict[str, Any]]:
    """Return the properties to set: an unchanged component stays, with its open tooltip.

    Args:
        shown: the current content of the ribbon; empty before the first.
        now: the new content.
    """
    old, new = _by_id(shown), _by_id(now)
    if list(old) != list(new):
        return {"ribbon": {"children": now}}
    return {id: _props(one) for id, one in new.items() if str(one) != str(old[id])}


def _by_id(parts: Sequence[Component]) -> dict[str, Component]:
    return {one.id: one for part in parts for one in part.children}


def _props(one: Component) -> dict[str, Any]:
    return {name: getattr(one, name, None) for name in ("children", "className", "title")}


def _refused(senders: Sequence[SenderCounts]) -> list[Component]:
    if not senders:
        return []
    about = "\n".join(
        f"{one.name or 'without a name'}: " + ", ".join(f"{number:,} {why}" for why, number in one.refused.items())
        for one in senders[:OLDEST]
    )
    text = f"{len(senders)} sender{'s' * (len(senders) != 1)} refused"
    return [badge(text, "stale", dot=True, title=f"Requests refused, by reason\n{about}", id="ribbon-refused")]


def _short(one: RecorderState, now_ns: int) -> str:
    return f"{one.service} {one.pid}: {'gone' if one.gone(now_ns) else one.state}"


def _recorder(one: RecorderState, now_ns: int, id: str) -> Component:
    about, name = f"{one.service}, process {one.pid} on {one.host}", f"{one.service} {one.pid}"
    if one.gone(now_ns):
        return badge(name, dot=True, title=f"{about}\ngone since {ts(one.updated_ns)[:19]} UTC", id=id)
    lines = [
        about,
        f"writer {one.state}",
        f"{counted(one.queue_depth, 'call')} waiting",
        f"write lag {one.write_lag_ms:.0f} ms",
    ]
    kind = STATE_KINDS.get(one.state, "plain")
    return badge(f"{name} · {one.state}", kind, dot=True, title="\n".join(lines), id=id)


def _totals(alive: Sequence[RecorderState], now_ns: int, about: str) -> list[Component]:
    if not alive:
        return []
    depth, lag = sum(one.queue_depth for one in alive), max(one.write_lag_ms for one in alive)
    behind = duration(lag * 1_000_000) if lag else "0 ms"
    figures = [_figure("queue", count(depth)), _figure("lag", behind, about or None)]
    running = sum(one.running for one in alive)
    if running:
        figures.append(_figure("running", count(running), _oldest(alive, now_ns)))
    return figures


def _oldest(alive: Sequence[RecorderState], now_ns: int) -> str:
    """Return the longest-running calls, one per line."""
    calls = sorted((call for one in alive for call in one.oldest), key=lambda call: call[1])[:OLDEST]
    return "\n".join(f"{name}, for {duration(max(0, now_ns - start_ns))}" for name, start_ns in calls)


def _figure(label: str, value: str, title: str | None = None) -> Component:
    parts = [html.Span(label, className="ribbon-label"), html.Span(value, className="mono")]
    return html.Span(parts, id=f"ribbon-{label}", title=title)


def _feed(one: FeedState, now_ns: int, id: str) -> Component:
    usual = f"usually every {duration(one.interval_ns)}" if one.interval_ns else "its usual interval is not known yet"
    kind: Kind = "stale" if one.stale(now_ns) else "plain"
    return badge(f"{one.name} {ago(one.last_ns, now_ns)}", kind, title=f"feed {one.name}\n{usual}", id=id)
