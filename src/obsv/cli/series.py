"""`obsv series`: received metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from obsv.analysis.markdown import one_line
from obsv.analysis.metric_curve import labels, told
from obsv.cli.output import print_json, say, table
from obsv.cold import open_whole
from obsv.store.figures import SeriesFilters, SeriesLine
from obsv.store.ground import Window, read_shown
from obsv.times import MAX_NS, ts

NOTHING_YET = "No metrics. obsv serve receives those that programs send over OTLP (docs/connect.md)."


def series(db: Path, filters: SeriesFilters, start_ns: int, limit: int, as_json: bool) -> None:
    """Print series of received metrics with their latest value.

    Args:
        db: path of the store.
        filters: which ones.
        start_ns: those with a point since then, Unix time.
        limit: how many at most.
        as_json: whether to print JSON.
    """
    reader = open_whole(db)
    try:
        found = reader.read_metric_series(filters, Window(start_ns, MAX_NS), limit)
        left_out = reader.read_left_out()
    finally:
        reader.close()
    if as_json:
        print_json(*map(as_document, found.lines))
        return
    if not found.lines:
        say(NOTHING_YET)
    else:
        names = ("Service", "Metric", "Kind", "Attributes", "Latest", "At")
        table(names, [_cells(line) for line in found.lines], right=("Latest",), spare=("Kind", "At"))
        rest = f" of {found.total:,}" if found.total > len(found.lines) else ""
        say(f"{len(found.lines):,} series{rest}.")
    for each in left_out:
        say(
            f"{each.points:,} points of further series of {one_line(each.service)} were left out until "
            f"{ts(each.last_ns)[:19]}: OBSV_METRIC_SERIES of obsv serve says how many series a service may have."
        )


def as_document(line: SeriesLine) -> dict[str, Any]:
    """Return a series as JSON shows it: attributes, bounds and value as what they are."""
    document = line._asdict()
    latest = line.latest._asdict() if line.latest is not None else None
    if latest is not None and isinstance(latest["value"], str):
        latest["value"] = read_shown(latest["value"])
    document["attributes"], document["bounds"] = read_shown(line.attributes), read_shown(line.bounds)
    document["latest"] = latest
    del document["resource"], document["scope"]
    return document


def _cells(line: SeriesLine) -> tuple[str, ...]:
    at = ts(line.latest.time_ns)[:19] if line.latest is not None else ""
    texts = line.service, line.name, line.kind, labels(line), told(line), at
    return tuple(one_line(text) for text in texts)
