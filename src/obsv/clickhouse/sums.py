"""Sums of calls by function and minute, added up by ClickHouse: the store's rollups, in its own terms.

A repeat of a span counts once. Sampled spans count as one call each: the table says nothing of what they stand for
that a sum could use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from obsv import semconv
from obsv.clickhouse.client import Client, Row
from obsv.clickhouse.columns import FAILED, GROUP, KIND, ONCE, SERVICE, START_NS
from obsv.clickhouse.sql import Bound
from obsv.clickhouse.views import SUFFIX, first_ns
from obsv.store import Code, Signature
from obsv.store.ground import MINUTE_NS, UPPER_NS, Range, bucket, minute_of
from obsv.store.writing import Copied, CopiedCalls, CopiedFeed, CopiedVariable
from obsv.times import MAX_NS
from obsv.wire.limits import DEFAULT_LIMITS
from obsv.wire.plan import OBSV_KEYS, OWN_KEYS, OWN_SCOPE, THREAD_KEYS, field

# A caller began at most this long before its callee, to be found.
CALLER_NS = 3_600_000_000_000
_MOST_KEYS = 300
# A duration as the last number of the bucket below it: what groups by it, groups by bucket.
_BELOW = (
    f"roundDown(toUInt64(greatest(Duration, 1) - 1), arrayMap(each -> toUInt64(each), {[0, *sorted(set(UPPER_NS))]}))"
)
_PROCESS = "service, name, grp, kind"
_SPANS = f"""
select {SERVICE} as service, SpanName as name, {GROUP} as grp, {KIND} as kind, {START_NS} as ns, Duration as took,
  {_BELOW} as below, {FAILED} as failed, TraceId, SpanId,
  toInt64OrZero(SpanAttributes['{semconv.CPU_TIME_NS}']) as cpu,
  toInt64OrZero(SpanAttributes['{semconv.MEMORY_GROWTH_BYTES}']) as memory,
  SpanAttributes['{semconv.FEED}'] as feed
from {{table}} where Timestamp >= {{start}} and Timestamp < {{end}} {ONCE}
"""
_CALLS = f"""
select {_PROCESS}, intDiv(ns, {MINUTE_NS}) as minute, count(), countIf(failed), sum(took), max(took), max(ns),
  argMax(took, ns), sum(cpu), sum(memory), max(feed), min(ns),
  sumMap([below], [toUInt64(1)]), sumMapIf([below], [toUInt64(1)], failed), sumMapIf([below], [took], failed)
from ({_SPANS}) group by {_PROCESS}, minute
"""
_CODE = ", ".join(
    f"SpanAttributes['{key}']" for key in (semconv.CODE_FILE_PATH, semconv.CODE_LINE_NUMBER, semconv.CODE_SOURCE_TEXT)
)
_KEYS = f"""
select {SERVICE} as service, SpanName as name, {GROUP} as grp, {KIND} as kind,
  groupUniqArrayArray({_MOST_KEYS})(mapKeys(SpanAttributes)), max(SpanAttributes['{semconv.FEED}']),
  argMax(tuple({_CODE}), Timestamp), max(ScopeName = '{OWN_SCOPE}')
from {{table}} where Timestamp >= {{start}} and Timestamp < {{end}} group by {_PROCESS}
"""
_EDGES = f"""
select c.service, c.name, c.grp, c.kind, p.service, p.name, p.grp, p.kind, intDiv(c.ns, {MINUTE_NS}) as minute,
  count(), countIf(c.failed), sum(c.took), max(c.took), max(c.ns), argMax(c.took, c.ns)
from (
  select {SERVICE} as service, SpanName as name, {GROUP} as grp, {KIND} as kind, {START_NS} as ns, Duration as took,
    {FAILED} as failed, cityHash64(TraceId, ParentSpanId) as parent
  from {{table}} where Timestamp >= {{start}} and Timestamp < {{end}} and ParentSpanId != '' {ONCE}
) c any left join (
  select {SERVICE} as service, SpanName as name, {GROUP} as grp, {KIND} as kind, cityHash64(TraceId, SpanId) as id
  from {{table}} where Timestamp >= {{before}} and Timestamp < {{after}}
) p on p.id = c.parent where p.id != 0 group by all
"""
# The run of the latest value: from the first call after the last one that had another.
_VARIABLES = f"""
with s as (
  select {SERVICE} as service, SpanName as name, {GROUP} as grp, {KIND} as kind, {START_NS} as ns,
    ScopeName = '{OWN_SCOPE}' as own, kv.1 as key, kv.2 as value
  from (select * from {{table}} where SpanName = {{name}} and Timestamp >= {{start}} and Timestamp < {{end}} {ONCE})
  array join CAST(SpanAttributes, 'Array(Tuple(String, String))') as kv
), latest as (select {_PROCESS}, key, argMax(value, ns) as value from s group by {_PROCESS}, key)
, turned as (
  select {_PROCESS}, s.key as key, any(latest.value) as value, max(s.ns) as last_ns, count() as updates,
    maxIf(s.ns, s.value != latest.value) as other_ns
  from s join latest using ({_PROCESS}, key) group by {_PROCESS}, key
)
select {_PROCESS}, s.key, max(s.own), any(turned.value), any(turned.last_ns), any(turned.updates),
  countIf(s.ns > turned.other_ns), minIf(s.ns, s.ns > turned.other_ns)
from s join turned using ({_PROCESS}, key) group by {_PROCESS}, s.key
"""
_COUNTS = f"""
select intDiv({START_NS}, {MINUTE_NS}) as minute, count() from {{table}}
where Timestamp >= {{start}} and Timestamp < {{end}} group by minute
"""


class Minutes(NamedTuple):
    """A range of whole minutes, Unix time / 60 s, both ends included."""

    first: int
    last: int

    @classmethod
    def of(cls, part: Range) -> Minutes:
        """Return the minutes that overlap a range of times."""
        return cls(minute_of(part.first_ns), minute_of(part.last_ns))

    @property
    def start_ns(self) -> int:
        """Return the start of the first."""
        return self.first * MINUTE_NS

    @property
    def end_ns(self) -> int:
        """Return the end of the last, exclusive."""
        return (self.last + 1) * MINUTE_NS

    def all(self) -> range:
        """Return each of them."""
        return range(self.first, self.last + 1)


class Summing:
    """Asks ClickHouse for sums. For one thread at a time.

    Args:
        client: asks the queries.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._narrow_ns: int | None = None  # from when on there is a narrow copy, once that was asked
        self._signatures: dict[tuple[Any, ...], Signature] = {}
        self._keys: dict[tuple[Any, ...], tuple[tuple[str, str], ...]] = {}

    def counts(self, minutes: Minutes) -> dict[int, int]:
        """Return the number of rows of each minute: what changes when more arrive, even late."""
        return {int(minute): int(count) for minute, count in self._asked(_COUNTS, minutes)}

    def calls(self, minutes: Minutes) -> Copied:
        """Return the calls of each function and minute."""
        self._learn(minutes)
        rows = self._asked(_CALLS, minutes)
        calls = [self._calls(row) for row in rows]
        return Copied(minutes.all(), False, calls, (), _feeds(rows, calls))

    def edges(self, minutes: Minutes) -> Copied:
        """Return the calls from one function to another."""
        self._learn(minutes)
        calls = [
            CopiedCalls(self._signature(row[:4]), self._signature(row[4:8]), *_edge(row[8:]))
            for row in self._asked(_EDGES, minutes)
        ]
        return Copied(minutes.all(), True, calls)

    def variables(self, name: str, minutes: Minutes) -> Copied:
        """Return the latest values of a function's variables."""
        found = []
        for row in self._asked(_VARIABLES, minutes, name):
            key, is_own, value, last, updates, run, changed = row[4:]
            if kept := _field(key, bool(is_own)):
                times = int(last), int(changed), int(run) - 1, int(updates)
                found.append(CopiedVariable(self._signature(row[:4]), *kept, value, *times))
        return Copied(variables=found)

    def _asked(self, sql: str, minutes: Minutes, name: str = "") -> list[Row]:
        bound = Bound()
        parts = {
            "table": self._table(minutes) if sql != _VARIABLES else self._client.address.table,
            "start": bound.instant(minutes.start_ns),
            "end": bound.instant(minutes.end_ns),
            "before": bound.instant(max(0, minutes.start_ns - CALLER_NS)),
            "after": bound.instant(minutes.end_ns + 1_000_000_000),
            "name": bound.text(name),
        }
        return self._client.rows(sql.format(**parts), bound.params)

    def _table(self, minutes: Minutes) -> str:
        if self._narrow_ns is None:
            found = first_ns(self._client)
            self._narrow_ns = MAX_NS if found is None else found
        table = self._client.address.table
        return table if minutes.start_ns < self._narrow_ns else table + SUFFIX

    def _learn(self, minutes: Minutes) -> None:
        """Learn which variables the functions have."""
        for *process, keys, feed, code, is_own in self._asked(_KEYS, minutes):
            key = tuple(process)
            known = self._keys.get(key, ())
            fields = {found for each in keys if (found := _field(each, bool(is_own)))}
            if key not in self._signatures or not fields <= set(known):
                self._keys[key] = tuple(sorted(fields | set(known)))
                path, line, text = code
                own = Code(path, int(line) if line.isdecimal() else 0, text) if is_own and path else None
                self._signatures[key] = Signature(*_named(key), self._keys[key], own, feed or None)

    def _signature(self, process: Sequence[Any]) -> Signature:
        key = tuple(process)
        found = self._signatures.get(key)
        if found is None:  # it arrived meanwhile
            found = self._signatures[key] = Signature(*_named(key), ())
        return found

    def _calls(self, row: Row) -> CopiedCalls:
        minute, count, errors, total, longest, last, last_took, cpu, memory, _, _, below, failed, failed_ns = row[4:]
        took = dict(zip(_numbers(failed_ns[0]), failed_ns[1], strict=True))
        failures = dict(zip(_numbers(failed[0]), failed[1], strict=True))
        return CopiedCalls(
            self._signature(row[:4]), None, int(minute), int(count), int(errors), int(total), int(longest), int(last),
            int(last_took), int(cpu), int(memory),
            dict(zip(_numbers(below[0]), map(int, below[1]), strict=True)),
            {number: (int(count), int(took.get(number, 0))) for number, count in failures.items()},
        )  # fmt: skip


def _edge(row: Row) -> tuple[int, int, int, int, int, int, int]:
    minute, calls, errors, total, longest, last, took = map(int, row)
    return minute, calls, errors, total, longest, last, took


def _field(key: str, is_own: bool) -> tuple[str, str] | None:
    """Return name and direction of an attribute's variable; None if it has a column of its own."""
    if key in OBSV_KEYS + THREAD_KEYS or (is_own and key in OWN_KEYS):
        return None
    return field(key, DEFAULT_LIMITS.name_chars)


def _numbers(below: Iterable[Any]) -> list[int]:
    return [bucket(int(each) + 1) for each in below]


def _named(process: tuple[Any, ...]) -> tuple[str, str, str, int]:
    service, name, group, kind = process
    return service, name, group, int(kind)


def _feeds(rows: Sequence[Row], calls: Sequence[CopiedCalls]) -> list[CopiedFeed]:
    spans: dict[tuple[str, Signature], list[int]] = {}
    for row, each in zip(rows, calls, strict=True):
        if feed := row[13]:
            sums = spans.setdefault((feed, each.signature), [int(row[14]), 0, 0])
            spans[feed, each.signature] = [min(sums[0], int(row[14])), max(sums[1], each.last_ns), sums[2] + each.calls]
    return [
        CopiedFeed(name, signature, last, (last - first) // (count - 1) if count > 1 else None, count)
        for (name, signature), (first, last, count) in spans.items()
    ]
