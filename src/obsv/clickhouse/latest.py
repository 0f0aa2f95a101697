"""When the latest span began: what tells open pages that there is something new."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from obsv.clickhouse.client import Client
from obsv.clickhouse.columns import START_US
from obsv.clickhouse.finding import HORIZON_NS
from obsv.clickhouse.sql import Bound

_NEAR_NS = 600_000_000_000
# Looking at the last ten minutes reads a column of a part of a day; at the whole horizon, of two days.
_EVERY_S, _FAR_EVERY_S = 2.0, 60.0
_LATEST = f"select max({START_US}) from {{table}} where Timestamp >= {{start}}"


class Latest:
    """The start of the latest span.

    Args:
        client: asks ClickHouse.
        clock: Unix time in ns.

    Attributes:
        us: Unix time in µs; 0 if there is none in the last 24 hours.
    """

    def __init__(self, client: Client, clock: Callable[[], int]) -> None:
        self._client, self._clock = client, clock
        self._lock = threading.Lock()  # guards everything below
        self._due_s = self._far_due_s = 0.0
        self.us = 0

    def look(self) -> None:
        """Look for later spans, unless that was done a moment ago."""
        with self._lock:
            now_s = time.monotonic()
            if now_s < self._due_s:
                return
            self._due_s = now_s + _EVERY_S
            self.us = max(self.us, self._read(_NEAR_NS))
            if not self.us and now_s >= self._far_due_s:
                self._far_due_s = now_s + _FAR_EVERY_S
                self.us = self._read(HORIZON_NS)

    def _read(self, since_ns: int) -> int:
        bound = Bound()
        start = bound.instant(self._clock() - since_ns)
        rows = self._client.rows(_LATEST.format(table=self._client.address.table, start=start), bound.params)
        return max(0, int(rows[0][0])) if rows else 0
