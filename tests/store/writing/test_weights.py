"""Rows that stand for several calls are counted as several."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_rows import PRICE, TAX, call, span_id

from obsv import semconv
from obsv.store import Reader
from obsv.store.figures.stats import ProcessStats, process_stats
from obsv.store.figures.totals import read_totals
from obsv.store.ground import Signature, Weight, counted, sampled
from obsv.store.ground.histogram import bucket
from obsv.store.writing.writer import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "obsv.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    writer = Writer(path)
    yield writer
    writer.close()


def stats(path: Path) -> dict[str, ProcessStats]:
    reader = Reader(path)
    try:
        return {each.process: each for each in process_stats(reader)}
    finally:
        reader.close()


def weighed(number: int, calls: int, signature: Signature = PRICE, duration_ns: int = 5_000, **changes: object):  # type: ignore[no-untyped-def]
    return call(number, signature, duration_ns=duration_ns, weight=sampled(calls, duration_ns), **changes)


def test_counts_errors_and_percentiles_are_those_of_all_calls(path: Path, writer: Writer) -> None:
    """One percent of the successes is recorded, and all errors: their share is that of all calls."""
    successes = [weighed(n, 100, duration_ns=1_000_000 if n % 10 else 9_000_000) for n in range(1, 201)]
    writer.write([*successes, *(call(n, status=2, duration_ns=50_000_000) for n in range(201, 221))])
    found = stats(path)["shop.price"]
    assert (found.calls, found.errors, found.unrecorded) == (20_020, 20, 19_800)
    assert found.error_rate == pytest.approx(0.001, rel=0.01)
    assert found.p50_ns == pytest.approx(1e6, rel=0.04)
    assert found.p95_ns == pytest.approx(9e6, rel=0.04)
    assert found.p99_ns == pytest.approx(9e6, rel=0.04)
    assert found.mean_ns == pytest.approx((18_000 * 1e6 + 2_000 * 9e6 + 20 * 50e6) / 20_020)


def test_a_weighted_error_is_several(path: Path, writer: Writer) -> None:
    """Of a sender that samples errors as well; the histogram of failures has them too."""
    writer.write([weighed(1, 7, status=2), call(2)])
    assert (stats(path)["shop.price"].errors, stats(path)["shop.price"].calls) == (7, 8)
    reader = Reader(path)
    (total,) = read_totals(reader, 0).processes
    reader.close()
    assert (total.good.calls, total.failed.calls, total.failed.total_ns) == (1, 7, 35_000)


def test_calls_that_were_only_counted(path: Path, writer: Writer) -> None:
    """Exactly as many and as long as they were; the row itself is no call, and its values are no variables."""
    values = {"obsv.left_out.calls": 3, "obsv.left_out.total_ns": 30, "obsv.left_out.max_ns": 20}
    signature = Signature("shop", "shop.price", "shop", 1, tuple((name, "INPUT") for name in values))
    weight = Weight(3, 0, 30, 20, ((bucket(5), 2), (bucket(20), 1)))
    writer.write([call(1, signature, data=json.dumps(list(values.values())), weight=weight), call(2)])
    found = stats(path)["shop.price"]
    assert (found.calls, found.unrecorded, found.max_ns) == (4, 3, 5_000)
    assert found.mean_ns == pytest.approx(5_030 / 4)
    reader = Reader(path)
    assert [row[0] for row in reader.query("select name from variable order by 1")] == ["order", "return"]
    assert [tuple(row) for row in reader.query("select weight from span order by span_id")] == [(0,), (None,)]
    reader.close()


def test_edges_and_repeats(path: Path, writer: Writer) -> None:
    """Callers' counts are weighed too, where the caller is known at once and where it comes in the batch.

    A row that comes again adds nothing."""
    rows = [
        call(1),
        weighed(2, 10, TAX, parent_span_id=span_id(1), parent=PRICE, depth=1),
        weighed(3, 10, TAX, parent_span_id=span_id(1)),
    ]
    writer.write(rows)
    writer.write(rows)
    reader = Reader(path)
    edges = reader.query("select count, minute = 0 from edge_minute")
    assert [tuple(row) for row in edges] == [(20, 1), (20, 0)]
    assert reader.query("select sum(count) from minute_histogram where minute = 0")[0][0] == 21
    reader.close()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_edges_of_orphans(path: Path, writer: Writer, order: tuple[int, int]) -> None:
    """A sampled call counts for as many below its caller, whichever comes first; counted ones with their times."""
    counted = call(3, TAX, parent_span_id=span_id(1), weight=Weight(4, 0, 100, 90, ((bucket(5), 4),)))
    batches = [[call(1)], [weighed(2, 10, TAX, parent_span_id=span_id(1)), counted]]
    for at in order:
        writer.write(batches[at])
    reader = Reader(path)
    edges = reader.query("select count, errors, total_ns from edge_minute where minute = 0")
    assert [tuple(row) for row in edges] == [(14, 0, 50_100)]
    reader.close()


def test_a_percentile_is_at_most_the_longest(path: Path, writer: Writer) -> None:
    """The middle of a bucket lies above durations at its lower end."""
    writer.write([call(n, duration_ns=int(1.08**200) + 1) for n in range(1, 4)])
    found = stats(path)["shop.price"]
    assert found.p50_ns == found.p99_ns == found.max_ns


@pytest.mark.parametrize(
    "change",
    [
        {semconv.LEFT_OUT_CALLS: 0},
        {semconv.LEFT_OUT_CALLS: 10**12},
        {semconv.LEFT_OUT_CALLS: "many"},
        {semconv.LEFT_OUT_TOTAL_NS: -1},
        {semconv.LEFT_OUT_MAX_NS: 31},
        {semconv.LEFT_OUT_DURATIONS: "[[1, 2]]"},
        {semconv.LEFT_OUT_DURATIONS: "[[9999, 3]]"},
        {semconv.LEFT_OUT_DURATIONS: "[[1, 4], [2, -1]]"},
        {semconv.LEFT_OUT_DURATIONS: "[" * 100_000},
        {semconv.LEFT_OUT_DURATIONS: None},
    ],
)
def test_counts_that_cannot_be_are_not_believed(change: dict[str, object]) -> None:
    """A sender may say anything."""
    sane = {
        semconv.LEFT_OUT_CALLS: 3,
        semconv.LEFT_OUT_TOTAL_NS: 30,
        semconv.LEFT_OUT_MAX_NS: 20,
        semconv.LEFT_OUT_DURATIONS: "[[20, 2], [38, 1]]",
    }
    assert counted(sane) == Weight(3, 0, 30, 20, ((20, 2), (38, 1)))
    assert counted(sane | change) is None
