"""The part of a size limit that points of metrics may take up: up to which time they are deleted."""

from __future__ import annotations

import sqlite3
import time

SHARE = 0.1
# Measured with dbstat on 500 series: bytes of a packed chunk with its entry in the index, and of a point that is a row.
CHUNK_BYTES, POINT_BYTES = 750, 34
# Counting takes a twentieth of the time.
_PAUSES = 20
_COUNTS = """
select (select count(*) from metric_chunk), (select count(*) from (select 1 from metric_point limit ?)),
  (select min(first_ns) from metric_chunk), (select min(time_ns) from metric_point),
  (select max(time_ns) from metric_point)
"""


class MetricRoom:
    """Points of metrics of one file as a part of its size.

    Args:
        connection: of the writer.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._weigh_at, self._until_ns = 0.0, 0

    def until(self, max_bytes: int) -> int:
        """Return the time up to which points go, Unix time: a quarter of theirs; 0 while they have room."""
        began = time.monotonic()
        if not self._until_ns and began >= self._weigh_at:
            most = int(SHARE * max_bytes)
            counts = self._connection.execute(_COUNTS, (most // POINT_BYTES + 1,)).fetchone()
            chunks, points, chunk_ns, point_ns, last_ns = counts
            if chunks * CHUNK_BYTES + points * POINT_BYTES > most:
                first_ns = min(each for each in (chunk_ns, point_ns) if each is not None)
                self._until_ns = first_ns + max(1, ((last_ns or first_ns) - first_ns) // 4)
            self._weigh_at = time.monotonic() + _PAUSES * (time.monotonic() - began)
        return self._until_ns

    def done(self) -> None:
        """Take note that no point is older."""
        self._until_ns, self._weigh_at = 0, 0.0 if self._until_ns else self._weigh_at
