"""Counts of matching spans over time, for TraceQL's metrics functions.

The rollups suffice if slots are whole minutes, conditions and groups use only name, kind and service, and only
durations are measured; otherwise the spans are counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from obsv.errors import InvalidQuery
from obsv.store.file import Row, Snapshot, octave_of
from obsv.store.finding.asked import DURATION, FAILED, Asked
from obsv.store.finding.conditions import KINDS, All, Compare, Condition, Field, Not, conjuncts
from obsv.store.finding.group_by import Grouping, Label, measured
from obsv.store.finding.narrowing import is_of_process, tells
from obsv.store.finding.sql import Sql, fill
from obsv.store.finding.walks import ERRORS, Walk, cheapest, extent, in_blocks
from obsv.store.finding.where import PROCESS_COLUMNS, where
from obsv.store.ground import MINUTE_NS, Range, middle_ns

MOST_SERIES = 1_000
_PIECES = 60
_IS_WEIGHED = "select 1 from process_minute where minute = 0 and unrecorded > 0 limit 1"
# The weight is stored after a span's values: reading it takes longer than counting.
_COUNT, _WEIGHTS = Sql("count(*)"), Sql("sum(coalesce(s.weight, 1))")
# One row per group, with its slots as one JSON array: the reader returns at most 10,000 rows.
_SPANS = """
select {names}json_group_array(json_array(slot, class, n)) as counts from (
  select {columns}(s.start_ns - {first}) / {step} as slot, {classes} as class, {calls} as n
  from {rows} group by {names}slot, class
) where class is not null group by {groups} limit {limit}
"""
# A rollup named `s` with a `process_id` fits the conditions on spans unchanged.
_COUNTS = """
select {names}json_group_array(json_array(slot, 0, n)) as counts from (
  select {columns}(s.minute - {first}) / {step} as slot, sum(s.{column}) as n
  from process_minute s {join} where s.minute >= {first} and s.minute <= {last} and {where} group by {names}slot
) where n > 0 group by {groups}
"""
_DURATIONS = """
select {names}json_group_array(json_array(slot, bucket, n)) as counts from (
  select {columns}(s.minute - {first}) / {step} as slot, s.bucket as bucket, sum(s.count) as n
  from {histogram} s {join} where s.minute >= {first} and s.minute <= {last} and {where} group by {names}slot, s.bucket
) group by {groups}
"""
_JOIN = "cross join process p on p.id = s.process_id"
_GOOD = Compare(FAILED.field, "!=", FAILED.value)
_OUTCOMES: dict[Condition, str] = {FAILED: "errors", Not(FAILED): "count - s.errors", _GOOD: "count - s.errors"}


class Wanted(NamedTuple):
    """The spans to count, by their starts, and how: in slots of `step_ns`, the first at the beginning of the range."""

    condition: Condition
    by: tuple[Field, ...]  # fields that the series are split by
    within: Range
    step_ns: int
    field: Field | None = None  # what is measured; None where spans are counted
    classes: str = "bucket"  # of measured values: the store's buckets, within 4 %, or `octave`: powers of two


class Series(NamedTuple):
    """Counts by slot and class, for one set of values of the fields of `by`."""

    labels: tuple[Label, ...]
    slots: dict[int, dict[int, int]]  # those with spans; all are of class 0 where nothing is measured


def count_series(snapshot: Snapshot, wanted: Wanted) -> list[Series]:
    """Count spans by group, slot and class.

    Raises:
        InvalidQuery: series cannot be split by a field, the field is not a measure, or there are over 1,000 series.
        QueryTimeout: there are too many spans; use a narrower range.
    """
    counted = _from_rollups(snapshot, wanted)
    found: dict[str, Series] = {}
    for labels, row in _from_spans(snapshot, wanted) if counted is None else counted:
        # By their text: in Python, 1, 1.0 and True are equal as keys.
        _add(found.setdefault(repr(labels), Series(labels, {})), row)
    if len(found) > MOST_SERIES:
        raise InvalidQuery(f"more than {MOST_SERIES:,} series: split by fewer fields, or by one with fewer values")
    if counted is not None and wanted.field is not None and wanted.classes == "octave":
        for series in found.values():
            series.slots.update({slot: _octaves(counts) for slot, counts in series.slots.items()})
    return list(found.values())


def needs_spans(wanted: Wanted) -> bool:
    """Return whether only the spans can tell the counts, not the rollups."""
    parts, outcomes = _sorted(wanted.condition)
    by_minutes = wanted.step_ns % MINUTE_NS == 0 and wanted.within.first_ns % MINUTE_NS == 0
    known = all(map(is_of_process, parts)) and all(map(tells, wanted.by)) and len(outcomes) < 2
    # Failed calls are counted separately, but not measured separately.
    return not (by_minutes and known and wanted.field in (None, DURATION)) or bool(wanted.field and outcomes)


def _sorted(condition: Condition) -> tuple[list[Condition], list[str]]:
    """Return the parts of a condition about processes, and the columns of its parts about outcomes."""
    parts = conjuncts(condition)
    return [part for part in parts if part not in _OUTCOMES], [_OUTCOMES[part] for part in parts if part in _OUTCOMES]


def _add(series: Series, row: Row) -> None:
    slots = series.slots
    for slot, number, count in json.loads(row["counts"]):
        counts = slots.get(slot)
        if counts is None:
            slots[slot] = {number: count}
        else:
            counts[number] = counts.get(number, 0) + count


def _octaves(counts: dict[int, int]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for bucket, count in counts.items():
        found[octave_of(middle_ns(bucket)) or 0] += count
    return dict(found)


def _from_spans(snapshot: Snapshot, wanted: Wanted) -> Iterator[tuple[tuple[Label, ...], Row]]:
    grouping, test, asked = Grouping(snapshot, wanted.by), where(wanted.condition), Asked(snapshot, wanted.condition)
    if asked.reach.is_empty:
        return
    if (blocks := asked.few_in_blocks) is not None:
        walk = in_blocks(blocks, most=1)
    else:
        walk = ERRORS if asked.errors else cheapest(asked.reach, extent(snapshot, wanted.within)[1])
    classes = fill(f"{wanted.classes}({{value}})", value=measured(wanted.field)) if wanted.field else Sql("0")
    calls = _COUNT if snapshot.one(_IS_WEIGHED) is None else _WEIGHTS
    for part in _pieces(wanted, walk):
        query = fill(
            _SPANS,
            names=Sql(grouping.names),
            columns=grouping.columns,
            first=wanted.within.first_ns,
            step=wanted.step_ns,
            classes=classes,
            calls=calls,
            rows=walk.through(part, test),
            groups=Sql(grouping.names.rstrip(", ") or "1 = 1"),
            limit=10 * MOST_SERIES,
        )
        rows = snapshot.query(*query)
        yield from zip(grouping.labels(rows), rows, strict=True)


# Short parts, with a group of slots each: what is sorted for counting then fits into the processor's cache.
def _pieces(wanted: Wanted, walk: Walk) -> Iterator[Range]:
    first, last = wanted.within
    if walk.is_scan or first % 1_000 or wanted.step_ns % 1_000:  # an index has microseconds
        yield wanted.within
        return
    length = max(1, -(-(last - first + 1) // wanted.step_ns // _PIECES)) * wanted.step_ns
    for start in range(first, last + 1, length):
        yield Range(start, min(last, start + length - 1))


def _from_rollups(snapshot: Snapshot, wanted: Wanted) -> Iterable[tuple[tuple[Label, ...], Row]] | None:
    """Return the groups and their counts, by the store's buckets; None if only the spans can tell."""
    if needs_spans(wanted):
        return None
    parts, outcomes = _sorted(wanted.condition)
    measures = wanted.field is not None
    names = "".join(f"g{place}, " for place in range(len(wanted.by)))
    columns = (PROCESS_COLUMNS.get(field.name, "p.service") for field in wanted.by)
    query = fill(
        _DURATIONS if measures else _COUNTS,
        names=Sql(names),
        columns=Sql("".join(f"{column} as g{place}, " for place, column in enumerate(columns))),
        join=Sql(_JOIN if wanted.by else ""),
        where=where(All(tuple(parts))),
        groups=Sql(names.rstrip(", ") or "1 = 1"),
        histogram=Sql("process_histogram" if wanted.by or parts else "minute_histogram"),
        column=Sql(outcomes[0] if outcomes else "count"),
        first=wanted.within.first_ns // MINUTE_NS,
        last=wanted.within.last_ns // MINUTE_NS,
        step=wanted.step_ns // MINUTE_NS,
    )
    kinds = [field.name == "span:kind" for field in wanted.by]
    rows = snapshot.query(*query)
    return [(tuple(KINDS[row[at]] if kind else row[at] for at, kind in enumerate(kinds)), row) for row in rows]
