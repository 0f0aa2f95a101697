"""Matching spans counted over time: what TraceQL's metrics functions are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator

from obsv.errors import InvalidQuery
from obsv.store.file import Row, Snapshot
from obsv.store.finding.conditions import conjuncts
from obsv.store.finding.group_by import Grouping, Label, measured
from obsv.store.finding.narrowing import processes
from obsv.store.finding.plan import FAILED
from obsv.store.finding.reach import Reach
from obsv.store.finding.rollup_series import from_rollups
from obsv.store.finding.series_form import Series, Wanted
from obsv.store.finding.sql import Sql, fill
from obsv.store.finding.walks import BY_ARRIVAL, ERRORS, Walk, cheapest, extent
from obsv.store.finding.where import where
from obsv.store.ground import Range

MOST_SERIES = 1_000
_PIECES = 60
_IS_WEIGHED = "select 1 from process_minute where minute = 0 and unrecorded > 0 limit 1"
# The weight stands behind a span's values: to read it takes longer than to count.
_COUNT, _WEIGHTS = Sql("count(*)"), Sql("sum(coalesce(s.weight, 1))")


# A row a group, its slots as one JSON array: the reader returns no more than 10,000 rows.
_SERIES = """
select {names}json_group_array(json_array(slot, class, n)) as counts from (
  select {columns}(s.start_ns - {first}) / {step} as slot, {classes} as class, {calls} as n
  from {rows} group by {names}slot, class
) where class is not null group by {groups} limit {limit}
"""


def count_series(snapshot: Snapshot, wanted: Wanted) -> list[Series]:
    """Counts spans by group, slot and class.

    Raises:
        InvalidQuery: series cannot be split by a field, nothing is measured by it, or there are over 1,000 series.
        QueryTimeout: there are too many spans; a narrower range helps.
    """
    known = from_rollups(snapshot, wanted)
    found = _from_spans(snapshot, wanted) if known is None else known
    if len(found) > MOST_SERIES:
        raise InvalidQuery(f"over {MOST_SERIES:,} series; split by fewer fields, or by one with fewer values")
    return found


def _from_spans(snapshot: Snapshot, wanted: Wanted) -> list[Series]:
    grouping, test = Grouping(snapshot, wanted.by), where(wanted.condition)
    reach = Reach(snapshot, processes(wanted.condition))
    if reach.is_empty:
        return []
    walk = ERRORS if FAILED in conjuncts(wanted.condition) else cheapest(reach, extent(snapshot, wanted.within).share)
    calls = _COUNT if snapshot.one(_IS_WEIGHED) is None else _WEIGHTS
    found: dict[str, Series] = {}
    for part in _pieces(wanted, walk):
        asked = fill(
            _SERIES,
            names=Sql(grouping.names),
            columns=grouping.columns,
            first=wanted.within.first_ns,
            step=wanted.step_ns,
            classes=_classes(wanted),
            calls=calls,
            rows=walk.through(part, test),
            groups=Sql(grouping.names.rstrip(", ") or "1 = 1"),
            limit=10 * MOST_SERIES,
        )
        rows = snapshot.query(*asked)
        _add(found, grouping.labels(rows), rows)
    return list(found.values())


# Short ones, a group of slots each: what is sorted to be counted then fits into the processor's cache.
def _pieces(wanted: Wanted, walk: Walk) -> Iterator[Range]:
    first, last = wanted.within
    if walk == BY_ARRIVAL or first % 1_000 or wanted.step_ns % 1_000:  # an index knows microseconds
        yield wanted.within
        return
    length = max(1, -(-(last - first + 1) // wanted.step_ns // _PIECES)) * wanted.step_ns
    for start in range(first, last + 1, length):
        yield Range(start, min(last, start + length - 1))


def _add(found: dict[str, Series], labels_of: list[tuple[Label, ...]], rows: list[Row]) -> None:
    for labels, row in zip(labels_of, rows, strict=True):
        # By their text: to Python 1, 1.0 and True are the same key.
        series = found.setdefault(repr(labels), Series(labels, {}))
        for slot, number, count in json.loads(row["counts"]):
            counts = series.slots.setdefault(slot, {})
            counts[number] = counts.get(number, 0) + count


def _classes(wanted: Wanted) -> Sql:
    if wanted.field is None:
        return Sql("0")
    value = measured(wanted.field)
    return Sql(f"{wanted.classes}({value.text})", value.params)
