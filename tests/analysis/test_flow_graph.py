"""The flow as a graph."""

from __future__ import annotations

from obsv.analysis.flow_graph import Box, Graph, draw, heat
from obsv.store.figures.flow import Flow, FlowEdge, FlowNode

SECOND = 1_000_000_000
NOW = 1_000 * SECOND


def node(
    number: int, group: str, name: str = "", *, last_s: int = 999, every_s: int | None = None, **more: int
) -> FlowNode:
    feed = None if every_s is None else f"feed{number}"
    interval = None if every_s is None else every_s * SECOND
    counts = {"calls": 10, "errors": 0, "total_ns": 0} | more
    name = name or f"{group}.f{number}"
    return FlowNode(
        number, name, "s", group, 1, feed, last_ns=last_s * SECOND, last_duration_ns=5, interval_ns=interval, **counts
    )


def edge(source: int, target: int, calls: int = 10, errors: int = 0, last_ns: int = 5) -> FlowEdge:
    return FlowEdge(source, target, calls, errors, 0, last_ns, 7)


def boxes(graph: Graph) -> dict[str, Box]:
    return {box.id: box for box in graph.boxes}


def test_functions_stand_in_their_groups() -> None:
    """Labelled by what the group's name does not say, feeds by their own name."""
    graph = draw(Flow([node(1, "a"), node(2, "a", "a.Book.match"), node(3, "b", every_s=60)], [], 0), NOW)
    found = boxes(graph)
    assert [(box.kind, box.parent, box.label) for box in found.values()] == [
        ("group", None, "a"), ("process", "gs/a", "f1"), ("process", "gs/a", "Book.match"),
        ("group", None, "b"), ("feed", "gs/b", "feed3"),
    ]  # fmt: skip


def test_a_folded_group_stands_for_its_functions() -> None:
    """Their calls are added up, arrows lead to the group, those within it are gone."""
    flow = Flow([node(1, "a"), node(2, "a", errors=3), node(3, "b")], [edge(1, 2), edge(3, 1), edge(3, 2, 5, 1, 9)], 0)
    graph = draw(flow, NOW, {"gs/a"})
    group = boxes(graph)["gs/a"]
    assert (group.kind, group.calls, group.errors, group.members) == ("folded", 20, 3, 2)
    (arrow,) = graph.arrows
    assert (arrow.source, arrow.target, arrow.calls, arrow.errors, arrow.last_ns) == ("p3", "gs/a", 15, 1, 9)


def test_many_functions_begin_folded() -> None:
    """Forty-one names in one picture could not be read."""
    many = draw(Flow([node(number, f"g{number % 4}") for number in range(41)], [], 0), NOW)
    assert [box.kind for box in many.boxes] == ["folded"] * 4
    assert {box.kind for box in draw(Flow([node(1, "a")], [], 0), NOW).boxes} == {"group", "process"}


def test_a_silent_feed_and_its_arrows_are_stale() -> None:
    """When its last update is older than twice the usual interval; a function without an interval never is."""
    nodes = [node(1, "a", last_s=800, every_s=90), node(2, "a", last_s=800, every_s=101), node(3, "a", last_s=1)]
    graph = draw(Flow(nodes, [edge(1, 3), edge(2, 3), edge(3, 1)], 0), NOW)
    assert {box.id for box in graph.boxes if box.stale and box.kind != "group"} == {"p1"}
    assert [arrow.source for arrow in graph.arrows if arrow.stale] == ["p1"]


def test_heat_tells_errors() -> None:
    """None is cold, one in a thousand shows, one in ten is as hot as it gets."""
    assert heat(1_000, 0) == heat(0, 0) == 0.0
    assert 0.4 <= heat(1_000, 1) < 0.5
    assert heat(10, 1) == heat(10, 9) == 1.0


def test_places_do_not_depend_on_the_window() -> None:
    """Functions without calls in the window keep their positions."""
    busy = Flow([node(1, "a"), node(2, "b")], [edge(1, 2)], 0)
    idle = Flow([node(1, "a", calls=0), node(2, "b", calls=90_000, errors=5)], [edge(1, 2, 0)], 0)
    assert [box.place for box in draw(busy, NOW).boxes] == [box.place for box in draw(idle, NOW).boxes]


def test_groups_do_not_stand_on_each_other() -> None:
    """Called or not, open or folded."""
    nodes = [node(number, f"g{number % 7}") for number in range(35)]
    graph = draw(Flow(nodes, [edge(1, 2), edge(2, 10), edge(10, 3)], 0), NOW)
    placed = [(box.place, box.size) for box in graph.boxes if box.place and box.size]
    assert len(placed) == 35
    for at, (one, size) in enumerate(placed):
        for other, _ in placed[:at]:
            assert abs(one.x - other.x) >= size.width - 1 or abs(one.y - other.y) >= size.height - 1


def test_an_open_group_is_as_large_as_what_it_holds() -> None:
    """So its name can be cut where it would reach into the next."""
    graph = boxes(draw(Flow([node(1, "a"), node(2, "a", "a.a_much_longer_name")], [], 0), NOW))
    group, inner = graph["gs/a"].size, graph["p2"].size
    assert group is not None
    assert inner is not None
    assert inner.width < group.width < inner.width + 60
