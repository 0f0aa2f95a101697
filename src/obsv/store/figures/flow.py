"""The call graph, from the rollups: functions and feeds, and the calls between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from obsv.store.figures.beat import is_stale
from obsv.store.figures.minutes import Minutes
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.ground import EVER, Window

# With more functions than this, only the busiest are drawn.
MOST_NODES = 2_000
MOST_EDGES = 10_000

CALLED = """
select process_id, sum(count), sum(errors), sum(total_ns) from process_minute
where minute between :first and :last group by process_id
"""
CALLS = f"""
select parent_id, process_id, sum(count) as count, sum(errors), sum(total_ns), max(last_ns), last_duration_ns
from edge_minute where minute between :first and :last group by parent_id, process_id
order by count desc limit {MOST_EDGES}
"""
# With max(), `last_duration_ns` comes from the row with the greatest last_ns: SQLite's rule for bare columns.
PROCESSES = "select id, name, service, process_group, kind, name_id from process order by id"
FEEDS = "select process_id, name, last_ns, interval_ns from feed"
# The latest call of a name; at most one row is read per name.
LATEST = """
select j.value, s.start_ns, s.duration_ns from json_each(:processes) j cross join process p on p.id = j.value
cross join span s on s.id = (select id from span where name_id = p.name_id order by ts desc limit 1)
"""


class FlowNode(NamedTuple):
    """A function or feed. Times are Unix time, durations in ns; counts cover the window.

    Attributes:
        feed: name of the feed that its calls update.
        last_ns: start of the latest call; None if unknown.
        last_duration_ns: its duration.
        interval_ns: for a feed, the usual time between updates.
    """

    id: int
    name: str
    service: str
    process_group: str
    kind: int
    feed: str | None
    calls: int
    errors: int
    total_ns: int
    last_ns: int | None
    last_duration_ns: int | None
    interval_ns: int | None

    def stale(self, now_ns: int) -> bool:
        """Return whether it is a feed whose last update is older than twice the usual interval."""
        return is_stale(self.last_ns, self.interval_ns, now_ns)


class FlowEdge(NamedTuple):
    """Calls from one function to another; if `calls` is 0, there were calls only before the window."""

    source: int
    target: int
    calls: int
    errors: int
    total_ns: int
    last_ns: int
    last_duration_ns: int


class Flow(NamedTuple):
    """Everything ever recorded, with the counts of a window."""

    nodes: list[FlowNode]
    edges: list[FlowEdge]
    left_out: int


def read_flow(reader: Readable, window: Window) -> Flow:
    """Read the call graph.

    Args:
        reader: reader of the store.
        window: window of the counts, in whole minutes; functions called only before it are included.
    """
    minutes = Minutes.of(window).params()
    with reader.snapshot() as store:
        ever = {row[0]: row for row in store.query(CALLED, _EVER)}
        now = {row[0]: row for row in store.query(CALLED, minutes)}
        # A window that contains everything needs no sum over its minutes, which takes 0.2 s for five busy hours.
        whole = now.keys() == ever.keys() and all(now[each][1] == ever[each][1] for each in now)
        edges = _edges(store, minutes, whole)
        return _flow(store, ever, now, edges)


_EVER = {"first": EVER, "last": EVER}


def _edges(store: Snapshot, minutes: dict[str, object], whole: bool) -> list[FlowEdge]:
    ever = [FlowEdge(*row) for row in store.query(CALLS, _EVER)]
    if whole:
        return ever
    now = {(row[0], row[1]): FlowEdge(*row) for row in store.query(CALLS, minutes)}
    return [now.get((edge.source, edge.target), edge._replace(calls=0, errors=0, total_ns=0)) for edge in ever]


def _flow(store: Snapshot, ever: dict[int, Row], now: dict[int, Row], edges: list[FlowEdge]) -> Flow:
    busiest = sorted(ever, key=lambda each: (each not in now, -ever[each][1]))
    shown = set(busiest[:MOST_NODES])
    processes = [row for row in store.query(PROCESSES) if row["id"] in shown]
    feeds = {row["process_id"]: row for row in store.query(FEEDS)}
    latest = _latest(store, edges, shown)
    nodes = [_node(row, now.get(row["id"]), feeds.get(row["id"]), latest.get(row["id"])) for row in processes]
    kept = [edge for edge in edges if edge.source in shown and edge.target in shown]
    return Flow(nodes, kept, len(ever) - len(shown))


def _node(row: Row, counts: Row | None, feed: Row | None, latest: tuple[int, int] | None) -> FlowNode:
    last_ns, last_duration_ns = latest or (None, None)
    return FlowNode(
        id=row["id"],
        name=row["name"],
        service=row["service"],
        process_group=row["process_group"],
        kind=row["kind"],
        feed=feed["name"] if feed else None,
        calls=counts[1] if counts else 0,
        errors=counts[2] if counts else 0,
        total_ns=counts[3] if counts else 0,
        last_ns=feed["last_ns"] if feed else last_ns,
        last_duration_ns=last_duration_ns,
        interval_ns=feed["interval_ns"] if feed else None,
    )


def _latest(store: Snapshot, edges: Iterable[FlowEdge], shown: set[int]) -> dict[int, tuple[int, int]]:
    """Return start and duration of the latest call of each function: from its edges, else looked up."""
    found: dict[int, tuple[int, int]] = {}
    for edge in edges:
        if edge.last_ns >= found.get(edge.target, (0, 0))[0]:
            found[edge.target] = edge.last_ns, edge.last_duration_ns
    roots = sorted(shown - found.keys())
    return found | {row[0]: (row[1], row[2]) for row in store.query(LATEST, {"processes": str(roots)})}
