"""Matching spans counted over time: what TraceQL's metrics functions are made of."""

from __future__ import annotations

import json

from obsv.errors import InvalidQuery
from obsv.store.conditions import INTRINSIC, Compare, Field, conjuncts
from obsv.store.group_by import Grouping, Label, measured
from obsv.store.narrowing import processes
from obsv.store.reader import Snapshot
from obsv.store.rollup_series import from_rollups
from obsv.store.rollups import ERROR
from obsv.store.series_form import Series, Wanted
from obsv.store.sql import Sql
from obsv.store.ways import BY_NAME, ERRORS, cheapest, extent, reached
from obsv.store.where import where

MOST_SERIES = 1_000


# A row a group, its slots as one JSON array: the reader returns no more than 10,000 rows.
_SERIES = """
select {names}json_group_array(json_array(slot, class, n)) as counts from (
  select {columns}(s.start_ns - ?) / ? as slot, {classes} as class, count(*) as n
  from {walk} and {where} group by {names}slot, class
) where class is not null group by {groups} limit ?
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
    grouping, test = Grouping(wanted.by), where(wanted.condition)
    reach = reached(snapshot, processes(wanted.condition))
    if reach.names == "[]":
        return []
    walk = cheapest(reach, extent(snapshot, wanted.within).share, BY_NAME)
    if Compare(Field(INTRINSIC, "span:status"), "=", ERROR) in conjuncts(wanted.condition):
        walk = ERRORS
    start = walk.within(wanted.within)
    classes = _classes(wanted)
    columns = grouping.columns
    sql = _SERIES.format(
        names=grouping.names, columns=columns.text, classes=classes.text, walk=start.text, where=test.text,
        groups=grouping.names.rstrip(", ") or "1 = 1",
    )  # fmt: skip
    bound = (*columns.params, wanted.within.first_ns, wanted.step_ns, *classes.params, *start.params, *test.params)
    rows = snapshot.query(sql, (*bound, 10 * MOST_SERIES))
    found: dict[tuple[Label, ...], Series] = {}
    for labels, row in zip(grouping.labels(snapshot, rows), rows, strict=True):
        series = found.setdefault(labels, Series(labels, {}))
        for slot, number, count in json.loads(row["counts"]):
            counts = series.slots.setdefault(slot, {})
            counts[number] = counts.get(number, 0) + count
    return list(found.values())


def _classes(wanted: Wanted) -> Sql:
    if wanted.field is None:
        return Sql("0")
    value = measured(wanted.field)
    return Sql(f"{wanted.classes}({value.text})", value.params)
