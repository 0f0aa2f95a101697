"""Data points of metrics on their way into the file: rows at first, packed when a series has many."""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from obsv.store.ground import MetricSeries, Point, PointRow, pack, unpack_points
from obsv.store.writing.interning import Ids
from obsv.store.writing.sql.statements import Insert

# OpenTelemetry's SDKs stop at 2,000 a metric. Of all services together there are ten times as many.
MOST_SERIES: Final = 2_000
ALL_SERIES: Final = 10
# Points of a series that are packed together; the latest stays a row.
PACKED: Final = 64
# Seconds between searches for series to pack, and how many are packed at a time: each takes 0.2 ms.
_PACK_EVERY_S, _MOST_PACKED = 5.0, 50
_DIGEST_BYTES = 16

_SERIES = Insert(
    "metric_series",
    "digest, service, source_id, name, unit, description, kind, temporality, is_monotonic, bounds, attributes",
    "do nothing",
    unique=True,
)
_POINTS = Insert("metric_point", "series_id, time_ns, start_ns, value", "do nothing", unique=True)
_ROOM = """
select (select count(*) from metric_series where service = ?1), (select count(*) from metric_series)
"""
_LEFT_OUT = Insert(
    "metric_left_out",
    "service, points, last_ns",
    "(service) do update set points = points + excluded.points, last_ns = max(last_ns, excluded.last_ns)",
)
# A point that is sent again after it was packed is one of these.
_AROUND = """
select first_ns, last_ns, points from metric_chunk where series_id = ? and last_ns >= ? and first_ns <= ?
"""
_MANY = f"select series_id from metric_point group by series_id having count(*) > ? limit {_MOST_PACKED}"
_OLDEST = "select time_ns, start_ns, value from metric_point where series_id = ? order by time_ns limit ?"
_PACK = "insert into metric_chunk(series_id, first_ns, last_ns, points) values (?, ?, ?, ?)"
_UNPACKED = "delete from metric_point where series_id = ? and time_ns <= ?"


class MetricWriter:
    """The way of data points into one file.

    Args:
        connection: of the writer.
        most_series: series of one service; points of further ones are counted, and left out.
    """

    def __init__(self, connection: sqlite3.Connection, most_series: int = MOST_SERIES) -> None:
        self._connection, self._most = connection, most_series
        self._pack_at = 0.0

    def write(self, rows: Sequence[PointRow], ids: Ids, now_ns: int) -> None:
        """Store data points, in the transaction that is open.

        Args:
            rows: those of a series and a time that are there already are passed over: senders try again.
            ids: knows the sources of all rows.
            now_ns: Unix time.
        """
        digests = {series: digest_of(series) for series in dict.fromkeys(row.series for row in rows)}
        known = self._known(digests.values())
        new = {digest: series for series, digest in digests.items() if digest not in known}
        if new:
            self._add(new, ids)
            known = self._known(digests.values())
        values: list[Any] = []
        found: dict[int, list[PointRow]] = {}
        left_out: Counter[str] = Counter()
        for row in rows:
            number = known.get(digests[row.series])
            if number is None:
                left_out[row.series.source.service] += 1
            else:
                found.setdefault(number, []).append(row)
        for number, points in found.items():
            there = self._packed(number, points)
            for row in points:
                if row.time_ns not in there:
                    values += number, row.time_ns, row.start_ns, row.value
        _POINTS.run(self._connection, values)
        if left_out:
            _LEFT_OUT.run(
                self._connection, [each for name, count in left_out.items() for each in (name, count, now_ns)]
            )

    def _known(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        wanted = list(digests)
        for at in range(0, len(wanted), 500):
            part = wanted[at : at + 500]
            marks = ",".join("?" * len(part))
            sql = f"select digest, id from metric_series where digest in ({marks})"
            found.update(self._connection.execute(sql, part).fetchall())
        return found

    def _add(self, new: dict[bytes, MetricSeries], ids: Ids) -> None:
        """Add series as long as their services have room."""
        room: dict[str, int] = {}
        values: list[Any] = []
        for digest, series in new.items():
            service = series.source.service
            if service not in room:
                mine, all_of = self._connection.execute(_ROOM, (service,)).fetchone()
                room[service] = min(self._most - mine, ALL_SERIES * self._most - all_of - len(values) // _SERIES.width)
            if room[service] > 0:
                room[service] -= 1
                metric = series.metric
                values += (
                    bytearray(digest),
                    service,
                    ids.sources[series.source],
                    metric.name,
                    metric.unit,
                    metric.description,
                    metric.kind,
                    metric.temporality,
                    int(metric.is_monotonic),
                    series.bounds,
                    series.attributes,
                )
        _SERIES.run(self._connection, values)

    def _packed(self, number: int, points: Sequence[PointRow]) -> set[int]:
        """Return times of packed points of a series, in the chunks that may have one of these points."""
        wanted = sorted(row.time_ns for row in points)
        times: set[int] = set()
        for first_ns, last_ns, packed in self._connection.execute(_AROUND, (number, wanted[0], wanted[-1])):
            at = bisect_left(wanted, first_ns)
            if at < len(wanted) and wanted[at] <= last_ns:
                times.update(point.time_ns for point in unpack_points(packed))
        return times

    def pack(self) -> None:
        """Pack points of series that have many as rows, for a moment every few seconds."""
        now = time.monotonic()
        if now < self._pack_at:
            return
        many = self._connection.execute(_MANY, (PACKED,)).fetchall()
        self._pack_at = time.monotonic() + (0.0 if len(many) == _MOST_PACKED else _PACK_EVERY_S)
        if many:
            self._connection.execute("begin immediate")
            try:
                for (series,) in many:
                    self._pack(series)
                self._connection.execute("commit")
            except BaseException:
                self._connection.rollback()
                raise

    def _pack(self, series: int) -> None:
        points = [Point(*row) for row in self._connection.execute(_OLDEST, (series, PACKED))]
        if len(points) == PACKED:
            last_ns = points[-1].time_ns
            self._connection.execute(_PACK, (series, points[0].time_ns, last_ns, pack(points)))
            self._connection.execute(_UNPACKED, (series, last_ns))


@lru_cache(maxsize=8_192)
def digest_of(series: MetricSeries) -> bytes:
    """Return what identifies a series, whichever process stores it."""
    source = series.source
    parts = repr((source.service, source.resource, source.scope, *series.metric, series.bounds, series.attributes))
    return blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
