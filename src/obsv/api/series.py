"""`GET /api/v1/series`: received metrics, their series and points."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from obsv.api.depends import StoreReader, TimeWindow
from obsv.store.figures import SeriesFilters, SeriesLine
from obsv.store.finding import MAX_ID, MAX_SEARCH_CHARS
from obsv.store.ground import Point, read_shown

router = APIRouter(tags=["metrics"])

_MOST = 1_000
Name = Annotated[str | None, Query(max_length=1000)]


class PointOut(BaseModel):
    """A data point."""

    time_ns: int = Field(description="Unix time.")
    start_ns: int = Field(description="Unix time from which on it counts; 0: not told.")
    value: Any = Field(
        description="A number; null: none. histogram: [count, sum, min, max, [count of each bucket]]; exponential "
        "histogram: [count, sum, min, max, scale, zero count, zero threshold, [offset, [counts]] of positive, then of "
        "negative values]; summary: [count, sum, [[quantile, value], …]]."
    )


class SeriesOut(BaseModel):
    """A series: a metric with one set of attributes, from one source."""

    id: int
    service: str
    name: str
    unit: str
    description: str
    kind: str = Field(description="gauge, sum, histogram, exponential histogram or summary.")
    temporality: str = Field(description="delta or cumulative; empty: it has none.")
    is_monotonic: bool = Field(description="Whether a sum never falls.")
    bounds: list[float] = Field(description="Upper bounds of a histogram's buckets but the last.")
    attributes: dict[str, Any]
    latest: PointOut | None = Field(description="Its latest point; null if it has none.")


class LeftOutOut(BaseModel):
    """Points of a service for whose series there was no room (`OBSV_METRIC_SERIES`)."""

    service: str
    points: int
    last_ns: int = Field(description="Time of the last one, Unix time.")


class SeriesListOut(BaseModel):
    """Series by service, name and attributes."""

    series: list[SeriesOut]
    total: int = Field(description="How many there are that fit the filters.")
    left_out: list[LeftOutOut]


class PointsOut(BaseModel):
    """Points of a series, oldest first; of more than 10,000, the latest."""

    points: list[PointOut]


@router.get("/series", summary="List series of received metrics")
def series(
    reader: StoreReader,
    window: TimeWindow,
    metric: Name = None,
    service: Name = None,
    q: Annotated[str | None, Query(max_length=MAX_SEARCH_CHARS, description="Text in name or attributes.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 200,
) -> SeriesListOut:
    """List series that had points since the beginning of the window, with their latest point."""
    found = reader.read_metric_series(SeriesFilters(metric, service, q), window, limit)
    left_out = [LeftOutOut(**each._asdict()) for each in reader.read_left_out()]
    return SeriesListOut(series=[series_out(line) for line in found.lines], total=found.total, left_out=left_out)


@router.get("/series/{series_id}/points", summary="Points of a series")
def points(reader: StoreReader, window: TimeWindow, series_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> PointsOut:
    """List the points of a series in the window; none for a series that is not there."""
    return PointsOut(points=[point_out(point) for point in reader.read_metric_points(series_id, window)])


def series_out(line: SeriesLine) -> SeriesOut:
    """Return a series for an answer."""
    attributes, bounds = read_shown(line.attributes), read_shown(line.bounds)
    parts = line._asdict() | {
        "attributes": attributes if isinstance(attributes, dict) else {},
        "bounds": bounds if isinstance(bounds, list) else [],
        "latest": None if line.latest is None else point_out(line.latest),
    }
    return SeriesOut(**parts)


def point_out(point: Point) -> PointOut:
    """Return a point for an answer."""
    value = read_shown(point.value) if isinstance(point.value, str) else point.value
    return PointOut(time_ns=point.time_ns, start_ns=point.start_ns, value=value)
