"""The flow as a graph to draw: boxes in their groups, arrows between them, and all positions.

Positions depend on everything ever recorded, not on the time window, so that nothing moves when the window changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from math import ceil, log2
from typing import NamedTuple

from obsv.analysis.layering import Place, Size, layered
from obsv.store.figures import Flow, FlowEdge, FlowNode

# With more functions than this, groups start folded.
UNFOLDED = 40
# Above this error rate an arrow has the maximum heat; a single failure is visible too.
FULL_HEAT, LEAST_HEAT = 0.1, 0.4
_CHAR, _PADDING, _HEIGHT = 6.9, 26, 40
# Space for any figures below a name: sizes must not change with the window.
_LEAST_WIDTH, _MOST_WIDTH = 116.0, 250.0
_GROUP_PADDING, _GROUP_HEAD = 14, 20
_ROW_WIDTH = 1_100
_ROWS, _GAP = 6, 18


class Box(NamedTuple):
    """A function, a feed, or a group of them.

    Attributes:
        kind: `process`, `feed`, `group` (open, contains others) or `folded` (represents others).
        parent: the open group that contains it.
        name: the full name.
        members: number of functions it represents.
        place: its centre; None for an open group, which surrounds its content.
        size: width and height; for an open group, what its content needs.
    """

    id: str
    kind: str
    label: str
    parent: str | None
    name: str
    service: str
    calls: int
    errors: int
    last_ns: int | None
    last_duration_ns: int | None
    interval_ns: int | None
    stale: bool
    members: int
    place: Place | None
    size: Size | None


class Arrow(NamedTuple):
    """Calls from one box to another.

    Attributes:
        width: 1 to 4.5, by calls.
        heat: 0 (no errors) to 1.
        stale: whether it comes from a silent feed.
    """

    id: str
    source: str
    target: str
    calls: int
    errors: int
    last_ns: int
    last_duration_ns: int
    width: float
    heat: float
    stale: bool


class Graph(NamedTuple):
    """Boxes, arrows, and all groups, open or folded."""

    boxes: list[Box]
    arrows: list[Arrow]
    groups: list[str]


def draw(flow: Flow, now_ns: int, folded: Collection[str] | None = None) -> Graph:
    """Return the graph of a flow.

    Args:
        flow: who calls whom.
        now_ns: Unix time.
        folded: IDs of the folded groups; None decides by the number of functions.
    """
    groups = _groups(flow.nodes)
    if folded is None:
        folded = set(groups) if len(flow.nodes) > UNFOLDED else ()
    home = {node.id: group for group, nodes in groups.items() for node in nodes}
    shown = {node.id: home[node.id] if home[node.id] in folded else f"p{node.id}" for node in flow.nodes}
    boxes = [
        box
        for group, nodes in groups.items()
        for box in ([_folded(group, nodes, now_ns)] if group in folded else _open(group, nodes, now_ns))
    ]
    stale = {shown[node.id] for node in flow.nodes if node.stale(now_ns)}
    arrows = _arrows(flow.edges, shown, stale, folded)
    return Graph(_placed(boxes, arrows), arrows, list(groups))


def heat(calls: int, errors: int) -> float:
    """Return the heat of an arrow: 0 without errors, 1 if a tenth of the calls failed."""
    if not errors or not calls:
        return 0.0
    return round(LEAST_HEAT + (1 - LEAST_HEAT) * min(1.0, errors / calls / FULL_HEAT), 2)


def _groups(nodes: Iterable[FlowNode]) -> dict[str, list[FlowNode]]:
    groups: dict[str, list[FlowNode]] = defaultdict(list)
    for node in nodes:
        groups[f"g{node.service}/{node.process_group}"].append(node)
    return dict(sorted(groups.items()))


def _folded(group: str, nodes: list[FlowNode], now_ns: int) -> Box:
    latest = max(nodes, key=lambda node: node.last_ns or 0)
    name = nodes[0].process_group or nodes[0].service
    return Box(
        group,
        "folded",
        name,
        None,
        name,
        nodes[0].service,
        sum(node.calls for node in nodes),
        sum(node.errors for node in nodes),
        latest.last_ns,
        latest.last_duration_ns,
        None,
        any(node.stale(now_ns) for node in nodes),
        len(nodes),
        None,
        _size(f"{name}  +{len(nodes)}"),
    )


def _open(group: str, nodes: list[FlowNode], now_ns: int) -> list[Box]:
    outer = _folded(group, nodes, now_ns)._replace(kind="group", size=None)
    return [outer, *(_box(node, group, now_ns) for node in nodes)]


def _box(node: FlowNode, group: str, now_ns: int) -> Box:
    label = _short(node.feed or node.name.removeprefix(f"{node.process_group}."))
    size = _size(label)
    return Box(
        f"p{node.id}",
        "feed" if node.feed else "process",
        label,
        group,
        node.name,
        node.service,
        node.calls,
        node.errors,
        node.last_ns,
        node.last_duration_ns,
        node.interval_ns,
        node.stale(now_ns),
        1,
        None,
        Size(size.width + 18, 50) if node.feed else size,
    )


def _short(label: str) -> str:
    """Return the beginning and the end of a long name, to fit a box."""
    half = int((_MOST_WIDTH - _PADDING) / _CHAR) // 2
    return label if len(label) <= 2 * half else f"{label[: half - 1]}…{label[-half:]}"


def _size(label: str) -> Size:
    return Size(round(max(_LEAST_WIDTH, min(_MOST_WIDTH, len(label) * _CHAR + _PADDING)), 1), _HEIGHT)


def _arrows(
    edges: Iterable[FlowEdge], shown: dict[int, str], stale: Collection[str], folded: Collection[str]
) -> list[Arrow]:
    sums: dict[tuple[str, str], FlowEdge] = {}
    for edge in edges:
        key = shown[edge.source], shown[edge.target]
        if key[0] == key[1] and key[0] in folded:
            continue  # inside a folded group
        known = sums.get(key)
        sums[key] = edge if known is None else _sum(known, edge)
    most = max((edge.calls for edge in sums.values()), default=1)
    return [
        Arrow(
            f"{source}>{target}",
            source,
            target,
            edge.calls,
            edge.errors,
            edge.last_ns,
            edge.last_duration_ns,
            round(1 + 3.5 * log2(1 + edge.calls) / log2(1 + max(most, 1)), 1),
            heat(edge.calls, edge.errors),
            source in stale,
        )
        for (source, target), edge in sums.items()
    ]


def _sum(one: FlowEdge, other: FlowEdge) -> FlowEdge:
    later = one if one.last_ns >= other.last_ns else other
    return later._replace(
        calls=one.calls + other.calls, errors=one.errors + other.errors, total_ns=one.total_ns + other.total_ns
    )


def _placed(boxes: list[Box], arrows: list[Arrow]) -> list[Box]:
    """Lay out each open group separately, then the groups as wholes."""
    inside: dict[str, dict[str, Size]] = defaultdict(dict)
    for box in boxes:
        if box.parent is not None and box.size is not None:
            inside[box.parent][box.id] = box.size
    edges = [(arrow.source, arrow.target) for arrow in arrows]
    inner = {group: _columns(sizes, edges) for group, sizes in inside.items()}
    outer_sizes = {
        box.id: box.size if box.size is not None else _around(inside[box.id], inner[box.id])
        for box in boxes
        if box.parent is None
    }
    home = {box.id: box.parent or box.id for box in boxes}
    outer = _outer(outer_sizes, [(home[source], home[target]) for source, target in edges])
    return [
        box._replace(place=_place(box, outer, outer_sizes, inner), size=outer_sizes.get(box.id, box.size))
        for box in boxes
    ]


def _columns(sizes: dict[str, Size], edges: list[tuple[str, str]]) -> dict[str, Place]:
    """Place callers above their callees, in as few columns as fit: groups are placed side by side."""
    depth = layered(sizes, edges)
    ordered = sorted(sizes, key=lambda each: depth[each])
    rows = max(_ROWS, ceil(len(ordered) ** 0.5))
    places: dict[str, Place] = {}
    left = 0.0
    for first in range(0, len(ordered), rows):
        column = ordered[first : first + rows]
        width, y = max(sizes[each].width for each in column), 0.0
        for each in column:
            places[each] = Place(left + width / 2, y + sizes[each].height / 2)
            y += sizes[each].height + _GAP
        left += width + 2 * _GAP
    return places


def _around(sizes: dict[str, Size], places: dict[str, Place]) -> Size:
    width = max(places[each].x + sizes[each].width / 2 for each in sizes)
    height = max(places[each].y + sizes[each].height / 2 for each in sizes)
    return Size(width + 2 * _GROUP_PADDING, height + 2 * _GROUP_PADDING + _GROUP_HEAD)


def _outer(sizes: dict[str, Size], edges: list[tuple[str, str]]) -> dict[str, Place]:
    """Place groups that call each other in layers, and the others in rows below."""
    joined = {end for source, target in edges if source != target for end in (source, target)}
    places = layered({each: size for each, size in sizes.items() if each in joined}, edges, gap_x=84, gap_y=30)
    bottom = max((places[each].y + sizes[each].height / 2 for each in places), default=-34.0)
    limit = max((places[each].x + sizes[each].width / 2 for each in places), default=0.0)
    x, y, row = 0.0, bottom + 34, 0.0
    for each, size in sizes.items():
        if each in joined:
            continue
        if x and x + size.width > max(limit, _ROW_WIDTH):
            x, y, row = 0.0, y + row + 34, 0.0
        places[each] = Place(x + size.width / 2, y + size.height / 2)
        x, row = x + size.width + 34, max(row, size.height)
    return places


def _place(
    box: Box, outer: dict[str, Place], sizes: dict[str, Size], inner: dict[str, dict[str, Place]]
) -> Place | None:
    if box.parent is None:
        return outer[box.id] if box.kind == "folded" else None
    centre, size, own = outer[box.parent], sizes[box.parent], inner[box.parent][box.id]
    left, top = centre.x - size.width / 2 + _GROUP_PADDING, centre.y - size.height / 2 + _GROUP_PADDING + _GROUP_HEAD
    return Place(round(left + own.x, 1), round(top + own.y, 1))
