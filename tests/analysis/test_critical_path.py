"""The critical path of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from calls import MS, call, chain

from obsv.analysis.critical_path import critical_path
from obsv.analysis.tree import build
from obsv.store import SpanRow
from obsv.store.spans.trace import TraceSpans

Stored = Callable[[Iterable[SpanRow]], TraceSpans]


def path(spans: TraceSpans) -> list[tuple[int, float, float]]:
    """Span number, start and end in ms, earliest first."""
    tree = build(spans)
    found = [
        (int.from_bytes(spans.span_id[tree.at[row]], "big"), start / MS, end / MS)
        for row, start, end in zip(*critical_path(tree), strict=True)
    ]
    return sorted(found, key=lambda segment: segment[1])


def test_calls_one_after_the_other_are_all_on_it(stored: Stored) -> None:
    """The caller's own time fills the gaps."""
    spans = stored([call(1, ms=10), call(2, 1, start=1, ms=3), call(3, 1, start=5, ms=4)])
    assert path(spans) == [(1, 0, 1), (2, 1, 4), (1, 4, 5), (3, 5, 9), (1, 9, 10)]


def test_of_calls_beside_each_other_the_last_to_end_counts(stored: Stored) -> None:
    """Calls that ended sooner were not waited for."""
    spans = stored([call(1, ms=10), call(2, 1, start=1, ms=3), call(3, 1, start=1, ms=8)])
    assert path(spans) == [(1, 0, 1), (3, 1, 9), (1, 9, 10)]


def test_a_call_that_outlives_its_caller_counts_to_its_end(stored: Stored) -> None:
    """Nobody waited for the rest."""
    spans = stored([call(1, ms=10), call(2, 1, start=4, ms=100)])
    assert path(spans) == [(1, 0, 4), (2, 4, 10)]


def test_segments_cover_the_longest_root(stored: Stored) -> None:
    """The segments of a deep chain add up to the root's duration."""
    spans = stored([*chain(3_000), call(9_000, start=50, ms=0.1)])
    _, starts, ends = critical_path(build(spans))
    assert sum(ends) - sum(starts) == max(spans.duration_ns)
