"""Places for the nodes of any graph."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from obsv.analysis.layering import Place, Size, layered

SIZE = Size(100, 40)
NODES = st.integers(0, 11)


def overlap(one: Place, other: Place) -> bool:
    return abs(one.x - other.x) < SIZE.width and abs(one.y - other.y) < SIZE.height


@given(st.lists(st.tuples(NODES, NODES), max_size=40), st.integers(0, 12))
def test_no_two_nodes_stand_on_each_other(edges: list[tuple[int, int]], count: int) -> None:
    """Whatever the edges: circles, edges to itself, twice the same, to nodes that are not there."""
    places = layered(dict.fromkeys(range(count), SIZE), edges)
    assert set(places) == set(range(count))
    assert not any(overlap(places[one], places[other]) for one, other in combinations(places, 2))
    assert all(place.x >= SIZE.width / 2 and place.y >= SIZE.height / 2 - 0.1 for place in places.values())


@given(st.lists(st.tuples(NODES, NODES), max_size=40))
def test_the_same_graph_gets_the_same_places(edges: list[tuple[int, int]]) -> None:
    """In whatever order its edges are told."""
    sizes = dict.fromkeys(range(12), SIZE)
    assert layered(sizes, sorted(set(edges))) == layered(sizes, sorted(set(edges)) * 2)


def test_callees_stand_right_of_their_callers() -> None:
    """In a graph without circles, always."""
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "c")]
    places = layered(dict.fromkeys("abcd", SIZE), edges)
    assert all(places[source].x < places[target].x for source, target in edges)


def test_a_node_stands_beside_what_it_calls() -> None:
    """The caller of two stands between them."""
    places = layered(dict.fromkeys("abc", SIZE), [("a", "b"), ("a", "c")])
    assert places["a"].y == (places["b"].y + places["c"].y) / 2


def test_edges_are_not_crossed_without_need() -> None:
    """Two chains stay beside each other."""
    places = layered(dict.fromkeys(["a", "b", "y", "x"], SIZE), [("a", "x"), ("b", "y")])
    assert (places["a"].y < places["b"].y) == (places["x"].y < places["y"].y)


def test_where_everybody_calls_everybody_it_is_no_long_row() -> None:
    """Ten nodes of a full mesh stand in two layers."""
    edges = [(one, other) for one in range(10) for other in range(10)]
    assert len({place.x for place in layered(dict.fromkeys(range(10), SIZE), edges).values()}) == 2


def test_a_long_row_is_kept_where_order_matters() -> None:
    """Versions that were made of each other and of data: each edge leads to the right."""
    edges = [(f"v{n}", f"v{n + 1}") for n in range(15)] + [(f"data{n}", f"v{n}") for n in range(15)]
    sizes = dict.fromkeys(sorted({name for edge in edges for name in edge}), SIZE)
    places = layered(sizes, edges, is_compact=False)
    assert all(places[one].x < places[other].x for one, other in edges)
    short = layered(sizes, edges)
    assert not all(short[one].x < short[other].x for one, other in edges)


def test_a_long_chain_needs_no_recursion() -> None:
    """Five thousand calls deep."""
    places = layered(dict.fromkeys(range(5_000), SIZE), [(number, number + 1) for number in range(4_999)])
    assert places[4_999].x > places[0].x
