"""Metrics beside a call."""

from pathlib import Path

from obsv.dashboards.components.metric_lines import AROUND_NS, MOST_SHOWN, metric_lines, read_beside
from obsv.store import Source, Writer
from obsv.store.ground import CUMULATIVE, GAUGE, SUM, Metric, MetricSeries, PointRow
from obsv.store.seam import open_store

START_NS = 1_790_000_000_000_000_000
S = 10**9


def written(tmp_path: Path, *points: PointRow) -> Path:
    writer = Writer(tmp_path / "obsv.db")
    writer.write([], points=points)
    writer.close()
    return tmp_path / "obsv.db"


def series(name: str, service: str = "shop", kind: str = GAUGE) -> MetricSeries:
    metric = Metric(name, "s", "", kind, CUMULATIVE if kind == SUM else "", kind == SUM)
    return MetricSeries(Source(service), metric, "[]", '{"route":"/a"}')


def test_metrics_of_the_same_service_and_time(tmp_path: Path) -> None:
    """Those of other services, and of other times, are not shown."""
    near, total = series("near"), series("total", kind=SUM)
    db = written(
        tmp_path, PointRow(near, START_NS + 5, 0, 0.5), PointRow(near, START_NS + 9 * S, 0, 9.0),
        PointRow(total, START_NS - S, 1, 10), PointRow(total, START_NS + S, 1, 14),
        PointRow(series("far"), START_NS + 2 * AROUND_NS, 0, 1), PointRow(series("other", "bank"), START_NS, 0, 1),
    )  # fmt: skip
    found = read_beside(open_store(db), "shop", START_NS, START_NS + S)
    assert [line.name for line, _ in found.lines] == ["near", "total"]
    shown = str(metric_lines(found, "shop", START_NS))
    assert all(part in shown for part in ("near", "0.5 s", "2 s/s", "route=/a", "obsv series --service shop"))


def test_few_are_shown(tmp_path: Path) -> None:
    """The rest is counted."""
    db = written(tmp_path, *(PointRow(series(f"m{number}"), START_NS, 0, 1) for number in range(10)))
    found = read_beside(open_store(db), "shop", START_NS, START_NS)
    assert (len(found.lines), found.total) == (MOST_SHOWN, 10)
    assert "4 more: obsv series --service shop" in str(metric_lines(found, "shop", START_NS))


def test_no_metrics_take_no_room(tmp_path: Path) -> None:
    """The panel of a call without them has none."""
    db = written(tmp_path, PointRow(series("other", "bank"), START_NS, 0, 1))
    assert metric_lines(read_beside(open_store(db), "shop", START_NS, START_NS), "shop", START_NS) == []
