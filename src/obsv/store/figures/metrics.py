"""Received metrics: series with their latest value, and points of a series."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from obsv.store.file import Readable, Row
from obsv.store.ground import Point, Window, unpack_points

MOST_POINTS = 10_000
MOST_TEXT = 200
HAS_METRICS = "select 1 from sqlite_schema where type = 'table' and name = 'metric_series'"


class SeriesFilters(NamedTuple):
    """Filters of series; None and empty values match all.

    Args:
        metric: name of the metric.
        service: `service.name`.
        text: contained in the name or the attributes, in any case.
        patterns: GLOB patterns of names, of which one must fit; empty: any name does.
    """

    metric: str | None = None
    service: str | None = None
    text: str | None = None
    patterns: tuple[str, ...] = ()


class SeriesLine(NamedTuple):
    """A series.

    Attributes:
        id: its row.
        service, name, unit, description: as its program says.
        kind: gauge, sum, histogram, exponential histogram or summary.
        temporality: delta or cumulative; empty for others.
        is_monotonic: whether a sum never falls.
        bounds: JSON array of a histogram's bounds.
        attributes: JSON object.
        resource, scope: OTLP JSON.
        latest: its latest point; None if it has none.
    """

    id: int
    service: str
    name: str
    unit: str
    description: str
    kind: str
    temporality: str
    is_monotonic: bool
    bounds: str
    attributes: str
    resource: str
    scope: str
    latest: Point | None


class SeriesPage(NamedTuple):
    """Series by service, name and attributes. `total` is how many fit, of which these are the first."""

    lines: list[SeriesLine]
    total: int


class LeftOut(NamedTuple):
    """Points of a service's series for which there was no room, and the time of the last one, Unix time."""

    service: str
    points: int
    last_ns: int


_FROM = """
from metric_series s left join source o on o.id = s.source_id
left join metric_point p on p.series_id = s.id and p.time_ns = (
  select max(l.time_ns) from metric_point l where l.series_id = s.id)
"""
_COLUMNS = """
s.id, s.service, s.name, s.unit, s.description, s.kind, s.temporality, s.is_monotonic, s.bounds, s.attributes,
coalesce(o.resource, '{}'), coalesce(o.scope, '{}'), p.time_ns, p.start_ns, p.value
"""
# A series was there in a window if it has a point since its beginning: the latest tells, and packed ones are older.
_SINCE = "p.time_ns >= :start"
# The latest first: of a long window, what is read is what is returned, and a bit more.
_ROWS = """
select time_ns, start_ns, value from metric_point where series_id = :series and time_ns between :start and :end
order by time_ns desc limit :most
"""
_CHUNKS = """
select points, last_ns from metric_chunk where series_id = :series and last_ns >= :start and first_ns <= :end
order by last_ns desc limit :most
"""
# 64 points each. Late points make chunks overlap, so more are read than are needed.
_MOST_CHUNKS = 400
_LEFT_OUT = "select service, points, last_ns from metric_left_out order by service"


def read_metric_series(reader: Readable, filters: SeriesFilters, window: Window, limit: int = 200) -> SeriesPage:
    """Read series that had points since the beginning of a window.

    Args:
        limit: of series.
    """
    if not reader.query(HAS_METRICS):
        return SeriesPage([], 0)
    params: dict[str, Any] = {"start": window.range.first_ns, "limit": limit}
    where = " and ".join([_SINCE, *_conditions(filters, params)])
    (total,) = reader.query(f"select count(*) {_FROM} where {where}", params)[0]
    order = "order by s.service, s.name, s.attributes, s.id limit :limit"
    rows = reader.query(f"select {_COLUMNS} {_FROM} where {where} {order}", params)
    return SeriesPage([_line(row) for row in rows], total)


def read_metric_points(reader: Readable, series: int, window: Window) -> list[Point]:
    """Read the points of a series in a window, oldest first; of more than MOST_POINTS, the latest.

    Args:
        series: its row.
    """
    if not reader.query(HAS_METRICS):
        return []
    first_ns, last_ns = window.range.first_ns, window.range.last_ns
    params = {"series": series, "start": first_ns, "end": last_ns}
    found: dict[int, Point] = {}
    chunks = reader.query(_CHUNKS, {**params, "most": _MOST_CHUNKS})
    if len(chunks) == _MOST_CHUNKS:
        first_ns = max(first_ns, chunks[-1][1])  # older points may be in chunks that were not read
    for packed, _ in chunks:
        for point in unpack_points(packed) if isinstance(packed, bytes) else ():
            if first_ns <= point.time_ns <= last_ns:
                found.setdefault(point.time_ns, point)
    for row in reader.query(_ROWS, {**params, "start": first_ns, "most": MOST_POINTS}):
        found.setdefault(row[0], Point(*row))
    return [found[time_ns] for time_ns in sorted(found)[-MOST_POINTS:]]


def read_left_out(reader: Readable) -> list[LeftOut]:
    """Read what was left out of each service, for lack of room."""
    if not reader.query(HAS_METRICS):
        return []
    return [LeftOut(*row) for row in reader.query(_LEFT_OUT)]


def _conditions(filters: SeriesFilters, params: dict[str, Any]) -> list[str]:
    found = []
    for name, column, given in (("metric", "s.name", filters.metric), ("service", "s.service", filters.service)):
        if given:
            params[name] = given
            found.append(f"{column} = :{name}")
    if filters.text:
        params["text"] = filters.text[:MOST_TEXT].lower()
        found.append("instr(lower(s.name || ' ' || s.attributes), :text) > 0")
    if filters.patterns:
        params["patterns"] = json.dumps(filters.patterns)
        found.append("exists(select 1 from json_each(:patterns) e where s.name glob e.value)")
    return found


def _line(row: Row) -> SeriesLine:
    *about, time_ns, start_ns, value = row
    latest = None if time_ns is None else Point(time_ns, start_ns, value)
    return SeriesLine._make([*about[:7], bool(about[7]), *about[8:], latest])
