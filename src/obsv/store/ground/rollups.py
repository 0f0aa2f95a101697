"""The changes of the rollups by a batch: plain sums, one dictionary per table, no SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, NamedTuple

from obsv.store.ground.histogram import bucket, buckets
from obsv.store.ground.lag import lag_ns
from obsv.store.ground.rows import Signature, SpanRow
from obsv.store.ground.variables import last_runs
from obsv.store.ground.weights import Weight, sampled

MINUTE_NS = 60 * 1_000_000_000
ERROR = 2
# The minute of the rollups that counts since the file was created.
EVER = 0
# Keys of `Rollups.calls` begin with one of these; for PROCESS, the parent is 0.
PROCESS, EDGE = 0, 1


def minute_of(start_ns: int) -> int:
    """Return the minute of a start time; never 0, which represents all time."""
    return max(1, start_ns // MINUTE_NS)


class Calls:
    """The calls of one process, or from one process to another, in one minute."""

    __slots__ = (
        "count", "cpu_ns", "errors", "lag_ns", "last_duration_ns", "last_ns", "max_ns", "memory_bytes", "total_ns",
        "unrecorded",
    )  # fmt: skip

    def __init__(self) -> None:
        self.count = self.errors = self.total_ns = self.max_ns = self.last_duration_ns = 0
        self.cpu_ns = self.memory_bytes = self.lag_ns = self.unrecorded = 0
        self.last_ns = -1

    def add(self, starts: Sequence[int], durations: Sequence[int], statuses: Sequence[int]) -> None:
        """Add calls; each sequence has one value per call."""
        self.count += len(starts)
        self.errors += statuses.count(ERROR)
        self.total_ns += sum(durations)
        self.max_ns = max(self.max_ns, max(durations))
        last = max(starts)
        if last >= self.last_ns:
            self.last_ns, self.last_duration_ns = last, durations[starts.index(last)]

    def add_one(self, start: int, duration: int, status: int) -> None:
        """Add one call."""
        self.count += 1
        self.errors += status == ERROR
        self.total_ns += duration
        if duration > self.max_ns:
            self.max_ns = duration
        if start >= self.last_ns:
            self.last_ns, self.last_duration_ns = start, duration

    def add_weighted(self, start: int, duration: int, status: int, weight: Weight) -> None:
        """Add a call that stands for several."""
        self.count += weight.calls
        self.unrecorded += weight.calls - weight.recorded
        self.errors += weight.calls if status == ERROR else 0
        self.total_ns += weight.total_ns
        self.max_ns = max(self.max_ns, weight.max_ns)
        if start >= self.last_ns:
            self.last_ns, self.last_duration_ns = start, duration

    def take_back(self, duration: int, status: int, calls: int) -> None:
        """Subtract calls added before: `calls` of one duration, of which one was recorded."""
        self.count -= calls
        self.unrecorded -= calls - 1
        self.errors -= calls if status == ERROR else 0
        self.total_ns -= calls * duration

    def add_costs(self, cpu_ns: Iterable[int | None], memory_bytes: Iterable[int | None]) -> None:
        """Add the costs measured for the same calls."""
        self.cpu_ns += sum(filter(None, cpu_ns))
        self.memory_bytes += sum(filter(None, memory_bytes))


class Column(NamedTuple):
    """The values of one variable in a batch. `key`: process id, name, data type; `has_none`: None may be among them."""

    key: tuple[int, str, str]
    values: Sequence[Any]
    starts: Sequence[int]
    has_none: bool


class Rollups:
    """All changes by a batch."""

    def __init__(self) -> None:
        self.calls: dict[tuple[int, int, int, int], Calls] = {}  # (PROCESS or EDGE, minute, parent id, process id)
        self.buckets: dict[tuple[int, int], Counter[int]] = {}  # (minute, process id)
        self.failures: dict[tuple[int, int], list[int]] = {}  # (process id, bucket): count, total_ns
        self.variables: dict[tuple[int, str, str], list[Any]] = {}  # (process id, name, data type)
        self.columns: list[Column] = []
        self.feeds: dict[tuple[str, int], list[int]] = {}  # (name, process id): first and last update, count

    def add(
        self,
        process_id: int,
        starts: Sequence[int],
        durations: Sequence[int],
        statuses: Sequence[int],
        trace_ids: Sequence[bytes],
        cpu_ns: Iterable[int | None] = (),
        memory_bytes: Iterable[int | None] = (),
    ) -> None:
        """Add calls of one process that started in one minute; each sequence has one value per call."""
        minute = minute_of(starts[0])
        calls = self._calls(PROCESS, minute, 0, process_id)
        calls.add(starts, durations, statuses)
        calls.add_costs(cpu_ns, memory_bytes)
        calls.lag_ns = max(calls.lag_ns, lag_ns(starts, durations, trace_ids))
        self.buckets.setdefault((minute, process_id), Counter()).update(buckets(durations))
        if ERROR in statuses:
            self._add_failures(process_id, list(compress(durations, [each == ERROR for each in statuses])))

    def add_weighted(self, process_id: int, row: SpanRow, weight: Weight) -> None:
        """Add a call that stands for several."""
        start, duration = row.start_ns, row.duration_ns
        minute = minute_of(start)
        calls = self._calls(PROCESS, minute, 0, process_id)
        calls.add_weighted(start, duration, row.status, weight)
        calls.add_costs(((row.cpu_ns or 0) * weight.calls,), ((row.memory_bytes or 0) * weight.calls,))
        if weight.recorded:
            calls.lag_ns = max(calls.lag_ns, lag_ns((start,), (duration,), (row.trace_id,)))
        counts = self.buckets.setdefault((minute, process_id), Counter())
        for number, count in weight.buckets:
            counts[number] += count
            if row.status == ERROR:
                sums = self.failures.setdefault((process_id, number), [0, 0])
                sums[0] += count
                sums[1] += count * duration

    def add_weighted_edge(self, parent_id: int, process_id: int, row: SpanRow, weight: Weight) -> None:
        """Add a call from one process to another that stands for several."""
        edge = self._calls(EDGE, minute_of(row.start_ns), parent_id, process_id)
        edge.add_weighted(row.start_ns, row.duration_ns, row.status, weight)

    def take_back(self, process_id: int, start: int, duration: int, status: int, calls: int) -> None:
        """Subtract a row that was stored before and has been removed; it stood for `calls` calls."""
        minute = minute_of(start)
        self._calls(PROCESS, minute, 0, process_id).take_back(duration, status, calls)
        number = bucket(duration)
        self.buckets.setdefault((minute, process_id), Counter())[number] -= calls
        if status == ERROR:
            sums = self.failures.setdefault((process_id, number), [0, 0])
            sums[0] -= calls
            sums[1] -= calls * duration

    def add_adopted(
        self,
        parent_id: int,
        process_id: int,
        start: int,
        duration: int,
        status: int,
        calls: int,
        recorded: int,
        total_ns: int | None,
    ) -> None:
        """Adds a row that has waited for its caller, with what it stands for."""
        weight = Weight(calls, recorded, duration * calls if total_ns is None else total_ns, duration, ())
        self._calls(EDGE, minute_of(start), parent_id, process_id).add_weighted(start, duration, status, weight)

    def correct_edge(self, parent_id: int, process_id: int, start: int, duration: int, status: int, calls: int) -> None:
        """Add a stored row that stands for `calls` calls to an edge between processes; if negative, subtract it."""
        edge = self._calls(EDGE, minute_of(start), parent_id, process_id)
        if calls < 0:
            edge.take_back(duration, status, -calls)
        else:
            edge.add_weighted(start, duration, status, sampled(calls, duration))

    def add_edge(
        self, parent_id: int, process_id: int, starts: Sequence[int], durations: Sequence[int], statuses: Sequence[int]
    ) -> None:
        """Add calls from one process to another that started in one minute."""
        self._calls(EDGE, minute_of(starts[0]), parent_id, process_id).add(starts, durations, statuses)

    def add_edges(
        self,
        process_id: int,
        starts: Sequence[int],
        durations: Sequence[int],
        statuses: Sequence[int],
        parent_ids: Sequence[int],
    ) -> None:
        """Add calls of one process by several others in one minute; a parent of 0 is none."""
        minute = minute_of(starts[0])
        edges = {parent: self._calls(EDGE, minute, parent, process_id) for parent in set(parent_ids) if parent}
        for start, duration, status, parent in zip(starts, durations, statuses, parent_ids, strict=True):
            if parent:
                edges[parent].add_one(start, duration, status)

    def add_values(self, process_id: int, signature: Signature, starts: Sequence[int], data: Sequence[str]) -> None:
        """Add the values of calls with one signature, in order of arrival."""
        last_ns, updates = starts[-1], len(data)
        for (name, data_type), run in zip(signature.fields, last_runs(len(signature.fields), data), strict=False):
            entry = [run.value, last_ns, starts[run.first], run.repeats, updates]
            key = process_id, name, data_type
            self.columns.append(Column(key, run.values, starts, run.has_none))
            known = self.variables.get(key)
            if known is not None:  # another signature of the same process has it too
                entry[4] += known[4]
                entry = entry if last_ns >= known[1] else [*known[:4], entry[4]]
            self.variables[key] = entry
        if signature.feed is not None:
            self._add_updates(signature.feed, process_id, starts)

    def _calls(self, kind: int, minute: int, parent_id: int, process_id: int) -> Calls:
        key = kind, minute, parent_id, process_id
        calls = self.calls.get(key)
        if calls is None:
            calls = self.calls[key] = Calls()
        return calls

    def _add_failures(self, process_id: int, durations: Sequence[int]) -> None:
        for number, duration in zip(buckets(durations), durations, strict=True):
            sums = self.failures.setdefault((process_id, number), [0, 0])
            sums[0] += 1
            sums[1] += duration

    def _add_updates(self, feed: str, process_id: int, starts: Sequence[int]) -> None:
        first, last, updates = min(starts), max(starts), len(starts)
        known = self.feeds.get((feed, process_id))
        if known is not None:
            first, last, updates = min(first, known[0]), max(last, known[1]), updates + known[2]
        self.feeds[feed, process_id] = [first, last, updates]


def by_minute(starts: Sequence[int], *columns: Sequence[Any]) -> Iterable[tuple[Sequence[Any], ...]]:
    """Split the columns of a batch, the starts first, by minute: nearly always there is only one."""
    if minute_of(min(starts)) == minute_of(max(starts)):
        yield (starts, *columns)
        return
    minutes = [minute_of(start) for start in starts]
    for minute in sorted(set(minutes)):
        chosen = [each == minute for each in minutes]
        yield tuple(list(compress(column, chosen)) for column in (starts, *columns))
