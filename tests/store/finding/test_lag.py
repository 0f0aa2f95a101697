"""The length derived from a trace's ID is never too short."""

from __future__ import annotations

import tempfile
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_rows import FIELDS, START_NS, call, span_id

from obsv.store import Reader, Signature, SpanRow, Writer
from obsv.store.finding import condition_search
from obsv.store.finding.condition_search import find_traces
from obsv.store.finding.conditions import INTRINSIC, Compare, Field
from obsv.store.ground.lag import SKEW_NS, UNKNOWN_NS, lag_ns

MS, SECOND = 10**6, 10**9
SIGNATURES = [Signature("shop", f"shop.{name}", "shop", 1, FIELDS) for name in ("price", "tax")]


def made(time_ns: int, rest: int = 0) -> bytes:
    """An id of ours, made at a time."""
    return (time_ns // MS << 80 | rest).to_bytes(16, "big")


def test_lag_is_from_the_making_of_the_id_to_the_end() -> None:
    """To the nanosecond where calls ended long after, each by its own trace."""
    traces = [made(START_NS), made(START_NS + 5 * SECOND)]
    assert lag_ns([START_NS + 3 * SECOND, START_NS + 5 * SECOND], [7, 9], traces) == 3 * SECOND + 7


def test_lag_of_a_short_batch_is_a_bound() -> None:
    """Not less than what it was."""
    traces = [made(START_NS), made(START_NS + 100 * MS)]
    assert 50 * MS <= lag_ns([START_NS, START_NS + 100 * MS], [50 * MS, 5], traces) <= SECOND


@pytest.mark.parametrize("trace", [made(START_NS + SKEW_NS + 2 * MS), b"\xff" * 16])
def test_lag_is_unknown_where_the_id_comes_after_the_call(trace: bytes) -> None:
    """Alone, and among others."""
    assert lag_ns([START_NS], [5], [trace]) == UNKNOWN_NS
    assert lag_ns([START_NS, START_NS + 10**18], [5, 5], [trace, made(START_NS)]) == UNKNOWN_NS


offsets = st.integers(-15 * MS, 15 * MS) | st.integers(-70 * SECOND, 70 * SECOND)


@st.composite
def traces(draw: st.DrawFn) -> list[SpanRow]:
    """One trace, perhaps over several minutes; its id was made before, after or at any time."""
    number, first_ns = draw(st.integers(1, 10**6)), START_NS + draw(offsets)
    made_ns = first_ns + draw(offsets) if draw(st.booleans()) else draw(st.integers(0, 2**48 - 1)) * MS
    trace_id = made(made_ns, number)
    return [
        call(
            1,
            draw(st.sampled_from(SIGNATURES)),
            trace_id=trace_id,
            span_id=span_id(place),
            start_ns=first_ns + draw(st.just(0) | offsets),
            duration_ns=draw(st.integers(0, 3 * SECOND)),
        )
        for place in range(1, draw(st.integers(2, 5)))
    ]


def check(batches: list[list[SpanRow]], least_ns: int, first_ns: int) -> list[str]:
    """Check that a search finds the same as a recount of all rows."""
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(condition_search, "RECENT", 1)
        path = Path(directory) / "store.db"
        writer, reader = Writer(path), Reader(path)
        writer.open()
        for batch in batches:
            writer.write(batch)
        rows = reader.query(_RECOUNT, (least_ns, first_ns))
        with reader.snapshot() as snapshot:
            condition = Compare(Field(INTRINSIC, "trace:duration"), ">", least_ns)
            found = find_traces(snapshot, condition, first_ns, limit=1_000)
        writer.close()
        reader.close()
    assert sorted(found) == sorted(row["trace"] for row in rows)
    return found


_RECOUNT = """
select trace from span group by trace
having max(start_ns + duration_ns) - min(start_ns) > ? and max(start_ns) >= ?
"""


@settings(max_examples=80)
@given(
    batches=st.lists(st.lists(traces(), max_size=4), min_size=1, max_size=3),
    least_ns=st.sampled_from((5 * MS, 20 * MS, 500 * MS, 1_500 * MS, 4 * SECOND, 20 * SECOND, 60 * SECOND)),
    first=st.just(-(10**9)) | st.integers(-70, 70),
)
def test_long_traces_are_all_found(batches: list[list[list[SpanRow]]], least_ns: int, first: int) -> None:
    """Whatever their ids say, and wherever in a range they have a span."""
    check([[*chain(*batch)] for batch in batches], least_ns, START_NS + first * SECOND)


@pytest.mark.parametrize(
    ("least_ns", "first_ns", "calls"),
    [
        pytest.param(1_500 * MS, 0, [(-500 * MS, MS), (0, 1_200 * MS)], id="an id made half a second late"),
        pytest.param(20 * MS, 0, [(-8 * MS, MS), (0, 15 * MS)], id="an id made a few milliseconds late"),
        pytest.param(20 * MS, 0, [(-12 * MS, MS), (0, 9 * MS)], id="an id made late, ended soon"),
        pytest.param(95 * SECOND, 80 * SECOND, [(0, 100 * SECOND), (90 * SECOND, 5)], id="the root begins before"),
        pytest.param(60 * SECOND, 0, [(-65 * SECOND, 5), (0, 5)], id="an id made a minute late, in the range"),
        pytest.param(
            60 * SECOND, -SECOND, [(-199 * SECOND, 5), (0, 5)], id="an id made minutes late, out of the range"
        ),
        pytest.param(60 * SECOND, 0, [(61 * SECOND, 5), (0, 5)], id="the latest call was written first"),
    ],
)
def test_long_trace_is_found(least_ns: int, first_ns: int, calls: list[tuple[int, int]]) -> None:
    """The id is of START_NS, and the range begins so long after it. Calls are written one by one: start, duration."""
    rows = [
        call(place, trace_id=made(START_NS, 1), start_ns=START_NS + start, duration_ns=duration)
        for place, (start, duration) in enumerate(calls, start=1)
    ]
    others = [call(9, trace_id=made(row.start_ns, 9), start_ns=row.start_ns, span_id=span_id(9 + at))
              for at, row in enumerate(rows)]  # fmt: skip
    newest = [call(at, trace_id=made(START_NS + 10**12, 8), start_ns=START_NS + 10**12) for at in range(50)]
    assert check([*([row] for row in rows), others, newest], least_ns, START_NS + first_ns) == [rows[0].trace_id.hex()]
