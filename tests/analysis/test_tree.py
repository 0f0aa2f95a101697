"""Trees of what was recorded, however odd."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from calls import MS, call, chain, span_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obsv.analysis.tree import Flag, Tree, build
from obsv.store import SpanRow
from obsv.store.spans.trace import ProcessRow, TraceSpans

Stored = Callable[[Iterable[SpanRow]], TraceSpans]
PROCESS = ProcessRow(0, "f", "s", "g", 1)


def drawn(spans: TraceSpans, tree: Tree) -> list[tuple[int, int]]:
    """Span number and depth, in the order of drawing."""
    return [(int.from_bytes(spans.span_id[at], "big"), depth) for at, depth in zip(tree.at, tree.depth, strict=True)]


def flags_of(spans: TraceSpans, tree: Tree) -> dict[int, int]:
    return {number: flags for (number, _), flags in zip(drawn(spans, tree), tree.flags, strict=True)}


def test_children_follow_their_caller_by_start(stored: Stored) -> None:
    """Rows stand in the order of calls, however they arrived."""
    spans = stored([call(4, 2, start=3), call(3, 1, start=6), call(2, 1, start=2), call(1, start=0, ms=20)])
    tree = build(spans)
    assert drawn(spans, tree) == [(1, 0), (2, 1), (4, 2), (3, 1)]
    assert tree.parent == [-1, 0, 1, 0]
    assert tree.end == [4, 3, 3, 4]


def test_self_time_leaves_out_what_ran_below(stored: Stored) -> None:
    """Children beside each other, or beyond their caller's end, are counted once and only inside it."""
    spans = stored([call(1, ms=10), call(2, 1, start=1, ms=4), call(3, 1, start=3, ms=4), call(4, 1, start=9, ms=50)])
    tree = build(spans)
    assert [each / MS for each in tree.self_ns] == [3.0, 4.0, 4.0, 50.0]


def test_missing_parent_makes_a_marked_root(stored: Stored) -> None:
    """A span whose caller was never stored is drawn as a root that says so."""
    spans = stored([call(1), call(3, 99, start=5)])
    tree = build(spans)
    assert drawn(spans, tree) == [(1, 0), (3, 0)]
    assert flags_of(spans, tree) == {1: 0, 3: Flag.ORPHAN}


def test_circle_is_cut_at_its_first_call(stored: Stored) -> None:
    """Spans that call each other in a circle are drawn, from the earliest on; what hangs on them too."""
    spans = stored([call(1, 3, start=1), call(2, 1, start=2), call(3, 2, start=3), call(4, 3, start=4), call(5, 5)])
    tree = build(spans)
    assert drawn(spans, tree) == [(5, 0), (1, 0), (2, 1), (3, 2), (4, 3)]
    assert flags_of(spans, tree)[1] == Flag.CIRCLE


def test_another_services_clock_is_set_right(stored: Stored) -> None:
    """A call that seems to begin before its caller is put inside it, with what it called; the amount is told."""
    far = {"service": "stock", "start": -5_000}
    spans = stored([call(1, ms=10), call(2, 1, ms=4, **far), call(3, 2, name="stock.read", ms=1, **far)])
    tree = build(spans)
    assert [each / MS for each in tree.start] == [0.0, 3.0, 3.0]
    assert tree.moved == {"stock": 5_003 * MS}
    assert flags_of(spans, tree) == {1: 0, 2: Flag.MOVED, 3: Flag.MOVED}


def test_a_chain_of_any_depth_is_built(stored: Stored) -> None:
    """Twenty thousand calls inside each other need no recursion."""
    tree = build(stored(chain(20_000)))
    assert tree.depth == list(range(20_000))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_any_parents_make_a_tree(data: st.DataObject) -> None:
    """Every span is drawn once, below its caller or as a root, whatever the parents are."""
    size = data.draw(st.integers(1, 12))
    ids = [number.to_bytes(8, "big") for number in range(size)]
    parents = data.draw(st.lists(st.sampled_from([*ids, None, b"elsewher"]), min_size=size, max_size=size))
    starts = data.draw(st.lists(st.integers(0, 50), min_size=size, max_size=size))
    durations = data.draw(st.lists(st.integers(0, 50), min_size=size, max_size=size))
    zeros = [0] * size
    spans = TraceSpans(
        "00", size, {0: PROCESS}, ids, parents, starts, durations, zeros, zeros, zeros, [None] * size, zeros
    )
    tree = build(spans)
    assert sorted(tree.at) == list(range(size))
    for row, above in enumerate(tree.parent):
        assert above < row < (tree.end[above] if above >= 0 else size)
        assert tree.depth[row] == (tree.depth[above] + 1 if above >= 0 else 0)
        assert 0 <= tree.self_ns[row] <= tree.duration[row]
    roots = [row for row, above in enumerate(tree.parent) if above < 0]
    assert all(tree.end[one] == other for one, other in pairwise([*roots, size]))


def test_span_ids_stay_with_their_rows(stored: Stored) -> None:
    """`at` leads back to the span."""
    spans = stored([call(1), call(2, 1, start=1)])
    assert [spans.span_id[at].hex() for at in build(spans).at] == [span_id(1), span_id(2)]
