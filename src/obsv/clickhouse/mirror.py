"""The part of ClickHouse that was asked for lately, in a store of our own: every question is answered over it.

ClickHouse finds and adds up; the store's own code reads. A question first brings what its answer needs: the spans that
match, whole traces, and the sums of the minutes that it covers. More spans than needed do no harm.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.clickhouse.client import Client, Row
from obsv.clickhouse.rows import RowReader
from obsv.clickhouse.sums import Minutes, Summing
from obsv.store import Reader
from obsv.store.ground import Range
from obsv.store.writing import Copied, Writer
from obsv.times import ts

# A mirror of more spans than this, some 300 bytes each, is begun anew when nobody reads it.
MOST_SPANS = 500_000
# How long counts of minutes are believed.
_FRESH_S = 2.0
# Minutes asked for at once: bounds what an answer takes.
_AT_ONCE = 360
_MISSING = """
select distinct s.trace, lower(hex(s.parent_span_id)) from span s
where s.status = 2 and s.ts >= ? and s.ts <= ? and s.parent_span_id is not null
  and not exists (select 1 from span u where u.trace = s.trace and u.span_id = s.parent_span_id)
order by s.ts desc limit ?
"""


class Mirror:
    """A store in a private temporary directory.

    Args:
        client: asks ClickHouse.
        clock: Unix time in ns.

    Attributes:
        path: the database file.
    """

    def __init__(self, client: Client, clock: Callable[[], int] = time.time_ns) -> None:
        self._client, self._clock = client, clock
        self._directory = Path(tempfile.mkdtemp(prefix="obsv-clickhouse-"))
        self.path = self._directory / "mirror.db"
        self._counting = threading.Lock()  # guards the next; never held during a query
        self._readers = 0
        self._lock = threading.RLock()  # guards everything below, and the writer's order
        self._begin()

    def _begin(self) -> None:
        self._writer = Writer(self.path, busy_timeout_s=30.0, has_sums=False)
        self._writer.limit(max_age_ns=None)
        self._reader = RowReader()
        self._summing = Summing(self._client)
        self._spans = 0
        self._sums: dict[bool, dict[int, int]] = {False: {}, True: {}}  # rows of each minute whose sums are here
        self._looked: dict[bool, tuple[float, Minutes]] = {}
        self._failed: dict[int, int] = {}  # failed calls of each minute, by its sums
        self.errors: dict[int, int] = {}  # likewise, of the minutes whose failed calls are here

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep the spans that are here until the end."""
        with self._counting:
            if self._spans > MOST_SPANS and not self._readers:
                self._writer.close()
                for file in self._directory.iterdir():
                    file.unlink()
                self._begin()
            self._readers += 1
        try:
            yield
        finally:
            with self._counting:
                self._readers -= 1

    def add(self, rows: Iterable[Row]) -> int:
        """Add spans; return how many different ones these are."""
        with self._lock:
            spans = self._reader.read(rows, self._clock())
            self._spans += self._writer.write(spans).inserted
            return len(spans)

    def add_sums(self, part: Range, *, edges: bool = False) -> None:
        """Add the sums of the minutes in a range of times: of those that have changed since."""
        minutes = Minutes.of(part)
        with self._lock:
            looked = self._looked.get(edges)
            now_s = time.monotonic()
            if (
                looked
                and now_s - looked[0] < _FRESH_S
                and looked[1].first <= minutes.first
                and minutes.last <= looked[1].last
            ):
                return
            counts, known = self._summing.counts(minutes), self._sums[edges]
            for some in _runs([each for each in minutes.all() if counts.get(each, 0) != known.get(each, 0)]):
                sums = self._summing.edges(some) if edges else self._summing.calls(some)
                self._writer.copy(sums)
                known.update({each: counts.get(each, 0) for each in some.all()})
                if not edges:
                    self._count_failed(some, sums)
            self._looked[edges] = (now_s, minutes)

    def _count_failed(self, minutes: Minutes, sums: Copied) -> None:
        for minute in minutes.all():
            self._failed.pop(minute, None)
        for each in sums.calls:
            if each.errors:
                self._failed[each.minute] = self._failed.get(each.minute, 0) + each.errors

    def add_variables(self, name: str, part: Range) -> None:
        """Add the latest values of a function's variables."""
        with self._lock:
            self._writer.copy(self._summing.variables(name, Minutes.of(part)))

    def errors_by_minute(self, part: Range) -> list[tuple[int, int]]:
        """Return the minutes of a range with failed calls, the latest first, and how many each has."""
        minutes = Minutes.of(part)
        with self._lock:
            found = [each for each in self._failed.items() if minutes.first <= each[0] <= minutes.last]
        return sorted(found, reverse=True)

    def missing_callers(self, part: Range, most: int) -> list[tuple[str, str]]:
        """Return trace and span ID of callers of failed calls that are not here."""
        reader = Reader(self.path)
        try:
            rows = reader.query(_MISSING, (ts(part.first_ns), ts(part.last_ns), most))
        finally:
            reader.close()
        return [(row[0], row[1]) for row in rows]

    def close(self) -> None:
        """Remove the store."""
        with self._lock:
            self._writer.close()
            shutil.rmtree(self._directory, ignore_errors=True)


def _runs(minutes: list[int]) -> Iterator[Minutes]:
    """Yield neighbouring minutes together."""
    at = 0
    while at < len(minutes):
        end = at
        while (
            end + 1 < len(minutes)
            and minutes[end + 1] - minutes[at] < _AT_ONCE
            and minutes[end + 1] <= minutes[end] + 5
        ):
            end += 1
        yield Minutes(minutes[at], minutes[end])
        at = end + 1
