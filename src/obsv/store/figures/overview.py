"""The overview: totals compared with the previous period, latest errors, groups, functions; nearly all from rollups."""

from __future__ import annotations

from collections import Counter, defaultdict
from math import log
from typing import NamedTuple

from obsv.store.figures.minutes import ENDS
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.ground import MINUTE_NS, Window, percentile_within, raised
from obsv.times import NS, ts

BINS = 60
LATEST_ERRORS = 10
# An error that passes through five calls is five failed calls but one error.
CALLS_AN_ERROR = 6
LISTED = 6
# A mean of fewer calls says little about a change.
ENOUGH_TO_COMPARE = 20

SPANS = """
select s.start_ns, p.name as process, p.process_group, coalesce(s.exception, '') as exception, s.trace as trace_id,
  lower(hex(s.span_id)) as span_id, lower(hex(s.parent_span_id)) as parent_span_id
from span s indexed by span_errors cross join process p on p.id = s.process_id
where s.status = 2 and s.ts >= :start and s.ts < :end order by s.ts desc, s.id desc limit :limit
"""
SUMS_BY_BIN = """
select (minute - :first) / :step as bin, sum(errors) as errors, max(max_ns) as max_ns, sum(unrecorded) as unrecorded,
  sum(total_ns) as total_ns
from process_minute
where minute between :first and :last group by bin
"""
HISTOGRAM = (
    "select bucket, sum(count) as count from minute_histogram where minute between :first and :last group by bucket"
)
FIRST_CALL = "select start_ns from span where ts >= :start and ts < :end order by ts limit 1"
FUNCTIONS = """
select r.process_id, p.name, p.process_group, r.count, r.errors, r.total_ns, r.max_ns, r.unrecorded from (
  select process_id, sum(count) as count, sum(errors) as errors, sum(total_ns) as total_ns, max(max_ns) as max_ns,
    sum(unrecorded) as unrecorded from process_minute
  where minute between :first and :last group by process_id
) r cross join process p on p.id = r.process_id
"""
# One look-up per minute and function: the key begins with the minute.
FUNCTION_HISTOGRAMS = """
with recursive ends(first, last) as (
  select max(:first, (select min(minute) from minute_histogram where minute > 0)),
    min(:last, (select max(minute) from minute_histogram))
), span_of_minutes(minute) as (
  select first from ends union all select minute + 1 from span_of_minutes where minute < (select last from ends)
)
select h.process_id, h.bucket, sum(h.count) as count
from span_of_minutes m cross join json_each(:processes) j
cross join process_histogram h on h.minute = m.minute and h.process_id = j.value
group by h.process_id, h.bucket
"""


class PeriodTotals(NamedTuple):
    """All calls of a period.

    Attributes:
        calls: how many.
        errors: how many failed.
        p95_ns: 95th percentile of their durations; None without a call.
        seconds: length of the period.
        unrecorded: of `calls` those that are not stored: sampled ones stand for them, or they were only counted.
    """

    calls: int
    errors: int
    p95_ns: float | None
    seconds: float
    unrecorded: int = 0

    @property
    def error_rate(self) -> float:
        """Return the share of failed calls, 0..1."""
        return self.errors / self.calls if self.calls else 0.0

    @property
    def throughput(self) -> float:
        """Return the calls per second."""
        return self.calls / self.seconds if self.seconds else 0.0


class Bin(NamedTuple):
    """One point of a sparkline: the totals of a part of the window, which starts at `start_ns`."""

    start_ns: int
    totals: PeriodTotals


class ErrorCall(NamedTuple):
    """A failed call. `exception`: its traceback, or the status message of a span without one."""

    start_ns: int
    process: str
    process_group: str
    exception: str
    trace_id: str
    span_id: str


class GroupSums(NamedTuple):
    """A process group: its calls, how many failed, and how many of them are not stored."""

    name: str
    calls: int
    errors: int
    unrecorded: int = 0


class FunctionSums(NamedTuple):
    """A function in the window: mean and P95 of its durations, and the mean of the previous period, if any."""

    name: str
    process_group: str
    calls: int
    errors: int
    mean_ns: float
    p95_ns: float | None
    mean_before_ns: float | None
    calls_before: int
    unrecorded: int = 0


class Overview(NamedTuple):
    """The data of the overview.

    Attributes:
        functions: number of functions called; `failing` of them failed at least once, `failing_before` in the previous
            period.
    """

    window: Window
    now: PeriodTotals
    before: PeriodTotals
    bins: list[Bin]
    functions: int
    failing: int
    failing_before: int
    errors: list[ErrorCall]
    groups: list[GroupSums]
    slowest: list[FunctionSums]
    changed: list[FunctionSums]


class _Sums(NamedTuple):
    process_id: int
    name: str
    process_group: str
    calls: int
    errors: int
    total_ns: int
    max_ns: int
    unrecorded: int

    @property
    def mean_ns(self) -> float:
        return self.total_ns / self.calls


class Lived(NamedTuple):
    """The time from the first recorded call to the end of the last minute with one; Unix time in ns."""

    start_ns: int
    end_ns: int

    @classmethod
    def read(cls, store: Snapshot) -> Lived:
        """Read the recorded time of the file; empty if there are no calls."""
        row = store.one(ENDS)
        if row is None or row["first"] is None:
            return cls(0, 0)
        start_ns = row["first"] * MINUTE_NS
        first = store.one(FIRST_CALL, {"start": ts(start_ns), "end": ts(start_ns + MINUTE_NS)})
        return cls(first["start_ns"] if first else start_ns, (row["last"] + 1) * MINUTE_NS)


class _Minutes(NamedTuple):
    """A window in whole minutes: the smallest part in the rollups. Minute 0, of all time, is none of them."""

    first: int
    last: int

    @classmethod
    def of(cls, window: Window) -> _Minutes:
        last = (window.end_ns - 1) // MINUTE_NS
        return cls(max(1, last - max(1, round(window.seconds / 60)) + 1), last)

    def before(self) -> _Minutes:
        return _Minutes(max(1, 2 * self.first - self.last - 1), self.first - 1)

    def seconds(self, end_ns: int, lived: Lived) -> float:
        """Return the length of the recorded part: unrecorded time before or after it would lower each rate."""
        first, last = (
            max(self.first * MINUTE_NS, lived.start_ns),
            min(end_ns, (self.last + 1) * MINUTE_NS, lived.end_ns),
        )
        return max(0, last - first) / NS

    def params(self, **more: object) -> dict[str, object]:
        return {"first": self.first, "last": self.last, **more}


def read_overview(reader: Readable, window: Window) -> Overview:
    """Read the data of the overview.

    Args:
        reader: reader of the store.
        window: the period; figures from rollups cover its whole minutes.

    Raises:
        StoreError: the store cannot be read.
    """
    minutes = _Minutes.of(window)
    with reader.snapshot() as store:
        now, before = _functions(store, minutes), _functions(store, minutes.before())
        slowest, changed = _slowest(now), _changed(now, before)
        p95 = _p95(store, minutes, [*slowest, *changed])
        listed = [[_function(each, p95, before) for each in each_list] for each_list in (slowest, changed)]
        lived = Lived.read(store)
        bins, buckets = _bins(store, minutes, window.end_ns, lived)
        buckets_before = _histogram(store, minutes.before())
        return Overview(
            window,
            _totals(buckets, now, minutes.seconds(window.end_ns, lived)),
            _totals(buckets_before, before, minutes.before().seconds(window.end_ns, lived)),
            bins,
            len(now),
            _failing(now),
            _failing(before),
            latest_errors(store, window),
            _groups(now),
            *listed,
        )


def latest_errors(store: Readable, window: Window, limit: int = LATEST_ERRORS) -> list[ErrorCall]:
    """Return the latest failed calls of a window, newest first, each where its error originated.

    A call that failed with the exception of a call below it is left out, and so is a call without details of its own.
    """
    bounds = {"start": ts(window.start_ns), "end": ts(window.end_ns), "limit": limit * CALLS_AN_ERROR}
    rows = store.query(SPANS, bounds)
    below: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        below[row["trace_id"], row["parent_span_id"]].add(raised(row["exception"]))
    began = [row for row in rows if not _passed_on(row, below.get((row["trace_id"], row["span_id"])))]
    names = ("start_ns", "process", "process_group", "exception", "trace_id", "span_id")
    return [ErrorCall(*(row[name] for name in names)) for row in began[:limit]]


def _passed_on(row: Row, below: set[str] | None) -> bool:
    return bool(below) and raised(row["exception"]) in {"", *(below or ())}


def _functions(store: Snapshot, minutes: _Minutes) -> dict[int, _Sums]:
    return {row["process_id"]: _Sums(*row) for row in store.query(FUNCTIONS, minutes.params())}


def _failing(functions: dict[int, _Sums]) -> int:
    return sum(1 for each in functions.values() if each.errors)


def _histogram(store: Snapshot, minutes: _Minutes) -> Counter[int]:
    return Counter({row["bucket"]: row["count"] for row in store.query(HISTOGRAM, minutes.params())})


def _totals(buckets: Counter[int], functions: dict[int, _Sums], seconds: float) -> PeriodTotals:
    sums = functions.values()
    errors, longest = sum(each.errors for each in sums), max((each.max_ns for each in sums), default=0)
    unrecorded = sum(each.unrecorded for each in sums)
    p95 = percentile_within(buckets, 0.95, sum(each.total_ns for each in sums), longest)
    return PeriodTotals(buckets.total(), errors, p95, seconds, unrecorded)


# One query per bin: grouping all of them by bin and bucket takes twice as long.
def _bins(store: Snapshot, minutes: _Minutes, end_ns: int, lived: Lived) -> tuple[list[Bin], Counter[int]]:
    step = max(1, -(-(minutes.last - minutes.first + 1) // BINS))
    sums = {row["bin"]: tuple(row)[1:] for row in store.query(SUMS_BY_BIN, minutes.params(step=step))}
    bins, together = [], Counter[int]()
    for at in range((minutes.last - minutes.first) // step + 1):
        part = _Minutes(minutes.first + at * step, min(minutes.last, minutes.first + (at + 1) * step - 1))
        found = _histogram(store, part)
        together += found
        errors, longest, unrecorded, total_ns = sums.get(at, (0, 0, 0, 0))
        p95 = percentile_within(found, 0.95, total_ns, longest)
        totals = PeriodTotals(found.total(), errors, p95, part.seconds(end_ns, lived), unrecorded)
        bins.append(Bin(part.first * MINUTE_NS, totals))
    return bins, together


def _groups(functions: dict[int, _Sums]) -> list[GroupSums]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for each in functions.values():
        sums[each.process_group][0] += each.calls
        sums[each.process_group][1] += each.errors
        sums[each.process_group][2] += each.unrecorded
    return sorted((GroupSums(name, *all_of_it) for name, all_of_it in sums.items()), key=lambda group: -group.calls)


def _slowest(functions: dict[int, _Sums]) -> list[_Sums]:
    return sorted(functions.values(), key=lambda each: -each.mean_ns)[:LISTED]


def _changed(now: dict[int, _Sums], before: dict[int, _Sums]) -> list[_Sums]:
    def change(each: _Sums) -> float:
        known = before.get(each.process_id)
        enough = known is not None and min(each.calls, known.calls) >= ENOUGH_TO_COMPARE
        return abs(log(max(each.mean_ns, 1) / max(known.mean_ns, 1))) if known and enough else 0.0

    ranked = sorted(now.values(), key=lambda each: -change(each))[:LISTED]
    return [each for each in ranked if change(each) > 0]


def _p95(store: Snapshot, minutes: _Minutes, functions: list[_Sums]) -> dict[int, float | None]:
    buckets: dict[int, dict[int, int]] = defaultdict(dict)
    ids = sorted({each.process_id for each in functions})
    for row in store.query(FUNCTION_HISTOGRAMS, minutes.params(processes=str(ids))):
        buckets[row["process_id"]][row["bucket"]] = row["count"]
    return {
        each.process_id: percentile_within(buckets[each.process_id], 0.95, each.total_ns, each.max_ns)
        for each in functions
    }


def _function(each: _Sums, p95: dict[int, float | None], before: dict[int, _Sums]) -> FunctionSums:
    known = before.get(each.process_id)
    return FunctionSums(
        each.name,
        each.process_group,
        each.calls,
        each.errors,
        each.mean_ns,
        p95.get(each.process_id),
        known.mean_ns if known else None,
        known.calls if known else 0,
        each.unrecorded,
    )
