"""Positions for the nodes of a directed graph, in layers from left to right. Equal graphs get equal positions.

The usual four steps (Sugiyama, Tagawa, Toda 1981): reverse edges until there is no cycle, put each node to the right of
its callers, order each layer to reduce crossings, then move nodes towards their neighbours. Linear in nodes and edges
for a fixed number of sweeps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple, TypeVar

SWEEPS = 8
Key = TypeVar("Key", bound=Hashable)


class Size(NamedTuple):
    """Width and height in px."""

    width: float
    height: float


class Place(NamedTuple):
    """The centre of a node, in px."""

    x: float
    y: float


def layered(
    sizes: Mapping[Key, Size],
    edges: Iterable[tuple[Key, Key]],
    *,
    gap_x: float = 70,
    gap_y: float = 18,
    is_compact: bool = True,
) -> dict[Key, Place]:
    """Return the positions of nodes.

    Args:
        sizes: size of each node, in the order that breaks ties.
        edges: from caller to callee; edges of unknown nodes and self-loops are ignored.
        gap_x: gap between layers.
        gap_y: gap between the nodes of a layer.
        is_compact: whether a graph that would be a long row is made shorter, with edges that do not lead to the right.

    Returns:
        The centres; the drawing starts at (0, 0).
    """
    known = _known(sizes, edges)
    forward = _without_circles(list(sizes), known)
    layers = _layers(list(sizes), forward, known, is_compact)
    above, below = _neighbours(forward)
    _order(layers, above, below)
    ys = _heights(layers, sizes, above, below, gap_y)
    return _places(layers, sizes, ys, gap_x)


def _known(sizes: Mapping[Key, Size], edges: Iterable[tuple[Key, Key]]) -> list[tuple[Key, Key]]:
    unique = dict.fromkeys(edge for edge in edges if edge[0] != edge[1] and edge[0] in sizes and edge[1] in sizes)
    return list(unique)


def _without_circles(nodes: list[Key], edges: list[tuple[Key, Key]]) -> list[tuple[Key, Key]]:
    """Return the edges with those reversed that lead back into a walk from the sources."""
    targets = _targets(edges)
    called = {target for _, target in edges}
    done: set[Key] = set()
    on_walk: set[Key] = set()
    back: set[tuple[Key, Key]] = set()
    for start in [*(node for node in nodes if node not in called), *nodes]:
        if start in done:
            continue
        stack = [(start, iter(targets[start]))]
        on_walk.add(start)
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                on_walk.discard(node)
                done.add(node)
            elif following in on_walk:
                back.add((node, following))
            elif following not in done:
                on_walk.add(following)
                stack.append((following, iter(targets[following])))
    turned = dict.fromkeys(
        (target, source) if (source, target) in back else (source, target) for source, target in edges
    )
    return list(turned)


def _layers(
    nodes: list[Key], forward: list[tuple[Key, Key]], edges: list[tuple[Key, Key]], is_compact: bool
) -> list[list[Key]]:
    depth = _longest(nodes, forward)
    if is_compact and max(depth.values(), default=0) > 1.6 * len(nodes) ** 0.5 + 1:
        # If every node calls every other, the longest way is a long row of single nodes; the shortest is not.
        depth = _shortest(nodes, edges)
    layers: list[list[Key]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in nodes:
        layers[depth[node]].append(node)
    return layers


def _targets(edges: list[tuple[Key, Key]]) -> dict[Key, list[Key]]:
    targets: dict[Key, list[Key]] = defaultdict(list)
    for source, target in edges:
        targets[source].append(target)
    return targets


def _longest(nodes: list[Key], forward: list[tuple[Key, Key]]) -> dict[Key, int]:
    """Place each node one layer to the right of the last of its callers; for edges without a cycle."""
    targets = _targets(forward)
    waits = dict.fromkeys(nodes, 0)
    for _, target in forward:
        waits[target] += 1
    depth = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not waits[node]]
    for node in ready:
        for target in targets[node]:
            depth[target] = max(depth[target], depth[node] + 1)
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return depth


def _shortest(nodes: list[Key], edges: list[tuple[Key, Key]]) -> dict[Key, int]:
    """Place each node as many layers to the right of the sources as its shortest call chain."""
    targets = _targets(edges)
    called = {target for _, target in edges}
    depth: dict[Key, int] = {}
    for start in [[node for node in nodes if node not in called], *([node] for node in nodes)]:
        reached = [node for node in start if node not in depth]
        depth.update(dict.fromkeys(reached, 0))
        for node in reached:
            for target in targets[node]:
                if target not in depth:
                    depth[target] = depth[node] + 1
                    reached.append(target)
    return depth


def _neighbours(edges: list[tuple[Key, Key]]) -> tuple[dict[Key, list[Key]], dict[Key, list[Key]]]:
    above: dict[Key, list[Key]] = defaultdict(list)
    below: dict[Key, list[Key]] = defaultdict(list)
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    return above, below


def _order(layers: list[list[Key]], above: Mapping[Key, list[Key]], below: Mapping[Key, list[Key]]) -> None:
    """Sort each layer by the mean position of its neighbours, back and forth."""
    at = {node: position / max(1, len(layer)) for layer in layers for position, node in enumerate(layer)}
    for sweep in range(SWEEPS):
        neighbours = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            mean = {node: _mean([at[other] for other in neighbours.get(node, ())], at[node]) for node in layer}
            layer.sort(key=mean.__getitem__)
            for position, node in enumerate(layer):
                at[node] = position / max(1, len(layer))


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _heights(
    layers: list[list[Key]],
    sizes: Mapping[Key, Size],
    above: Mapping[Key, list[Key]],
    below: Mapping[Key, list[Key]],
    gap: float,
) -> dict[Key, float]:
    """Return the y of each centre: beside its neighbours, as far as the order and the gaps allow."""
    ys: dict[Key, float] = {}
    for layer in layers:
        total = sum(sizes[node].height for node in layer) + gap * (len(layer) - 1)
        y = -total / 2
        for node in layer:
            ys[node] = y + sizes[node].height / 2
            y += sizes[node].height + gap
    around = {node: (*above.get(node, ()), *below.get(node, ())) for node in ys}
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_mean([ys[other] for other in around[node]], ys[node]) for node in layer]
            ys.update(zip(layer, _apart(wanted, [sizes[node].height for node in layer], gap), strict=True))
    return ys


def _apart(wanted: list[float], heights: list[float], gap: float) -> list[float]:
    """Return the non-overlapping positions nearest to the wanted ones (in order): touching nodes move together."""
    steps = [0.0, *((one + other) / 2 + gap for one, other in pairwise(heights))]
    pools: list[_Pool] = []
    for y, step in zip(wanted, steps, strict=True):
        pools.append(_Pool(y, 1, 0.0, step))
        while len(pools) > 1 and pools[-2].last + pools[-1].step > pools[-1].first:
            pools[-2:] = [pools[-2].joined(pools[-1])]
    places: list[float] = []
    for pool in pools:
        places.append(pool.first)
        for _ in range(pool.nodes - 1):
            places.append(places[-1] + steps[len(places)])
    return places


class _Pool(NamedTuple):
    """A run of nodes below each other without free space.

    Attributes:
        total: sum over the nodes of the first node's position that would give the node its wanted position.
        length: distance from the first centre to the last.
        step: minimum distance from the centre of the last node before the pool to the first centre.
    """

    total: float
    nodes: int
    length: float
    step: float

    @property
    def first(self) -> float:
        return self.total / self.nodes

    @property
    def last(self) -> float:
        return self.first + self.length

    def joined(self, below: _Pool) -> _Pool:
        shift = self.length + below.step
        total = self.total + below.total - below.nodes * shift
        return _Pool(total, self.nodes + below.nodes, shift + below.length, self.step)


def _places(layers: list[list[Key]], sizes: Mapping[Key, Size], ys: dict[Key, float], gap: float) -> dict[Key, Place]:
    top = min((ys[node] - sizes[node].height / 2 for node in ys), default=0.0)
    places: dict[Key, Place] = {}
    x = 0.0
    for layer in layers:
        width = max(sizes[node].width for node in layer)
        for node in layer:
            places[node] = Place(round(x + width / 2, 1), round(ys[node] - top, 1))
        x += width + gap
    return places
