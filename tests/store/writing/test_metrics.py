"""Data points of metrics in the file: once each, packed when there are many, and no longer than they may stay."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from obsv.store.figures import SeriesFilters
from obsv.store.ground import (
    CUMULATIVE,
    GAUGE,
    HISTOGRAM,
    SUM,
    Metric,
    MetricSeries,
    Point,
    PointRow,
    Source,
    Window,
    pack,
    unpack_points,
)
from obsv.store.seam import open_store
from obsv.store.writing import Writer, metrics
from obsv.store.writing.metrics import PACKED

NOW_NS = 1_790_000_000_000_000_000
MINUTE_NS = 60 * 10**9
EVER = Window(0, 2**62)
SHOP = Source("shop", "{}", "{}", True)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path / "obsv.db")
    yield writer
    writer.close()


def series(number: int = 0, kind: str = SUM) -> MetricSeries:
    metric = Metric(f"requests.{number}", "1", "", kind, CUMULATIVE, kind == SUM)
    return MetricSeries(SHOP, metric, "[1.0]" if kind == HISTOGRAM else "[]", json.dumps({"route": f"/{number}"}))


def points(count: int, of: MetricSeries, first: int = 0) -> list[PointRow]:
    return [PointRow(of, NOW_NS + at * MINUTE_NS, NOW_NS, at * 3) for at in range(first, first + count)]


def read(writer: Writer, number: int = 1) -> list[Point]:
    return open_store(writer.path).read_metric_points(number, EVER)


def pack_now(writer: Writer) -> None:
    writer._do(lambda opened: setattr(opened._metrics, "_pack_at", 0.0))
    writer._do(lambda opened: opened._metrics.pack())


def count(writer: Writer, table: str) -> int:
    return int(writer._do(lambda opened: opened.connection.execute(f"select count(*) from {table}").fetchone()[0]))


@pytest.mark.parametrize(
    "values",
    [[1, 2, 9], [0.5, 0.25], [None, 3, 2.5], [2**63 - 1, -(2**63)], ["[1,0.5,null,null,[1,0]]"], [float("inf")]],
)
def test_packed_points_are_the_same(values: list[int | float | str | None]) -> None:
    """Numbers of 64 bits, floats, gaps and distributions come back as they were."""
    made = [Point(NOW_NS + at * MINUTE_NS + at * 17, NOW_NS - at, value) for at, value in enumerate(values)]
    assert unpack_points(pack(made)) == made


@pytest.mark.parametrize("damaged", [b"", b"x", pack([Point(1, 1, 1)])[:-5], zlib.compress(b"[[1],[],3]")])
def test_damaged_bytes_have_no_points(damaged: bytes) -> None:
    """A reader goes on without them."""
    assert unpack_points(damaged) == []


def test_many_points_are_packed_and_read_as_one(writer: Writer) -> None:
    """Those that are rows and those that are packed are one series, in order of time."""
    made = points(2 * PACKED + 5, series())
    for at in range(0, len(made), 10):
        writer.write([], points=made[at : at + 10])
        pack_now(writer)
    assert count(writer, "metric_chunk") == 2
    assert [(point.time_ns, point.value) for point in read(writer)] == [(row.time_ns, row.value) for row in made]


def test_points_that_come_again_are_stored_once(writer: Writer) -> None:
    """Also when they were packed meanwhile; late ones are put in their place."""
    late = PointRow(series(), NOW_NS + 7, NOW_NS, 1)
    made = points(PACKED + 3, series())
    writer.write([], points=made)
    pack_now(writer)
    writer.write([], points=[*made, late, late])
    assert [point.time_ns for point in read(writer)] == sorted({row.time_ns for row in [*made, late]})
    assert count(writer, "metric_point") == 4


def test_a_late_point_unpacks_the_chunk_that_it_belongs_to(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not each later one of its series: a sender that lags would read them all with every message."""
    made = points(4 * PACKED + 1, series())
    writer.write([], points=made)
    for _ in range(4):
        pack_now(writer)
    assert count(writer, "metric_chunk") == 4
    unpacked: list[int] = []

    def unpack(packed: bytes) -> list[Point]:
        unpacked.append(1)
        return unpack_points(packed)

    monkeypatch.setattr(metrics, "unpack_points", unpack)
    between = PointRow(series(), made[PACKED].time_ns - 1, NOW_NS, 1)
    writer.write([], points=[made[3], made[-1], between])
    assert len(unpacked) == 1
    assert count(writer, "metric_point") == 2


def test_of_a_long_series_the_latest_points_are_read(writer: Writer) -> None:
    """However many chunks it has."""
    connection = "insert into metric_chunk(series_id, first_ns, last_ns, points) values (1, ?, ?, ?)"
    writer.write([], points=points(2, series(), 11_000))
    chunks = []
    for at in range(11_000):
        time_ns = NOW_NS + at * MINUTE_NS
        chunks.append((time_ns, time_ns, pack([Point(time_ns, NOW_NS, at)])))
    writer._do(lambda opened: opened.connection.executemany(connection, chunks))
    window = Window(NOW_NS, NOW_NS + 12_000 * MINUTE_NS)
    found = [point.time_ns for point in open_store(writer.path).read_metric_points(1, window)]
    assert found[-3:] == [NOW_NS + at * MINUTE_NS for at in (10_999, 11_000, 11_001)]
    assert found == sorted(set(found))
    assert 300 < len(found) <= 10_000


def test_a_window_has_its_points(writer: Writer) -> None:
    """Packed ones outside it are left out."""
    writer.write([], points=points(PACKED + 3, series()))
    pack_now(writer)
    window = Window(NOW_NS + 10 * MINUTE_NS, NOW_NS + 12 * MINUTE_NS + 1)
    found = open_store(writer.path).read_metric_points(1, window)
    assert [point.value for point in found] == [30, 33, 36]


def test_a_point_takes_less_than_twenty_bytes(writer: Writer) -> None:
    """Of twenty series over six hours, a point a minute, with all indexes."""
    made = [series(number) for number in range(20)]
    for at in range(360):
        writer.write([], points=[row for each in made for row in points(1, each, at)])
    while count(writer, "metric_point") > 64 * len(made):
        pack_now(writer)
    tables = "select name from sqlite_schema where tbl_name like 'metric%'"
    sizes = f"select sum(pgsize) from dbstat where name in ({tables})"
    used = writer._do(lambda opened: opened.connection.execute(sizes).fetchone()[0])
    empty = 9 * 8_192  # pages that an empty table or index has all the same
    assert (used - empty) / (360 * len(made)) <= 20


def test_points_are_deleted_by_age(writer: Writer) -> None:
    """After four times the age of calls, as rollups are; series without points go with them."""
    writer.write([], points=[*points(PACKED, series(0)), *points(5, series(1))])
    pack_now(writer)
    writer.write([], points=[PointRow(series(2), NOW_NS + 900 * MINUTE_NS, 0, 1)])
    now_ns = NOW_NS + 1_000 * MINUTE_NS
    while writer.retain(now_ns, max_age_ns=60 * MINUTE_NS).more:
        pass
    assert [count(writer, f"metric_{name}") for name in ("series", "point", "chunk")] == [1, 1, 0]


def test_points_are_deleted_by_size(tmp_path: Path) -> None:
    """The oldest go if all take more than a tenth of a size limit that is reached, and the latest stay."""
    writer = Writer(tmp_path / "small.db")
    made = [series(number) for number in range(200)]
    for at in range(80):
        writer.write([], points=[row for each in made for row in points(1, each, at)])
    writer.limit(max_bytes=1_200_000, max_age_ns=None)
    while writer.retain(NOW_NS).more:
        pass
    assert 0 < count(writer, "metric_point") < 80 * len(made) * 0.8
    assert max(point.time_ns for point in read(writer)) == NOW_NS + 79 * MINUTE_NS
    writer.close()


def test_series_are_found(writer: Writer) -> None:
    """By name, service, text and pattern, with their latest point."""
    writer.write([], points=[*points(3, series(0)), *points(2, series(1, GAUGE))])
    store = open_store(writer.path)
    page = store.read_metric_series(SeriesFilters(), EVER)
    assert [(line.name, line.latest and line.latest.value) for line in page.lines] == [
        ("requests.0", 6),
        ("requests.1", 3),
    ]
    for filters in (
        SeriesFilters("requests.1"), SeriesFilters(text="/1"), SeriesFilters(patterns=("x*", "*.1")),
        SeriesFilters(service="shop", text="REQUESTS.1"),
    ):  # fmt: skip
        assert [line.name for line in store.read_metric_series(filters, EVER).lines] == ["requests.1"]
    assert store.read_metric_series(SeriesFilters(service="other"), EVER) == ([], 0)
    assert store.read_metric_series(SeriesFilters(), EVER, limit=1).total == 2
