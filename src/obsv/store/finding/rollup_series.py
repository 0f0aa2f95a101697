"""Series from the rollups instead of the spans, where they hold the answer: by whole minutes and by process."""

from __future__ import annotations

import json
from functools import cache

from obsv.store.file import Row, Snapshot, octave_of
from obsv.store.finding.conditions import KINDS, All, Always, Compare, Condition, Not, conjuncts
from obsv.store.finding.narrowing import is_of_process, tells
from obsv.store.finding.plan import DURATION, FAILED
from obsv.store.finding.series_form import Series, Wanted
from obsv.store.finding.sql import Sql, fill
from obsv.store.finding.where import PROCESS_COLUMNS, where
from obsv.store.ground import MINUTE_NS, middle_ns

# Called `s` and with its `process_id`, a rollup fits the conditions on spans as they are.
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


def from_rollups(snapshot: Snapshot, wanted: Wanted) -> list[Series] | None:
    """The series, or None where only the spans tell.

    The rollups tell when slots are whole minutes, conditions and groups are on name, kind and service, and nothing but
    durations is measured. Failed calls are counted apart, not measured apart.
    """
    parts = [part for part in conjuncts(wanted.condition) if part not in _OUTCOMES]
    outcomes = [_OUTCOMES[part] for part in conjuncts(wanted.condition) if part in _OUTCOMES]
    by_minutes = wanted.step_ns % MINUTE_NS == 0 and wanted.within.first_ns % MINUTE_NS == 0
    known = all(map(is_of_process, parts)) and all(map(tells, wanted.by)) and len(outcomes) < 2
    measured = wanted.field is not None
    if not (by_minutes and known and wanted.field in (None, DURATION)) or (measured and outcomes):
        return None
    everything = not wanted.by and all(part == Always(True) for part in parts)
    names = "".join(f"g{place}, " for place in range(len(wanted.by)))
    columns = (PROCESS_COLUMNS.get(field.name, "p.service") for field in wanted.by)
    first, last = (time_ns // MINUTE_NS for time_ns in wanted.within)
    asked = fill(
        _DURATIONS if measured else _COUNTS,
        names=Sql(names),
        columns=Sql("".join(f"{column} as g{place}, " for place, column in enumerate(columns))),
        join=Sql(_JOIN if wanted.by else ""),
        where=where(All(tuple(parts))),
        groups=Sql(names.rstrip(", ") or "1 = 1"),
        histogram=Sql("minute_histogram" if everything else "process_histogram"),
        column=Sql(outcomes[0] if outcomes else "count"),
        first=first,
        last=last,
        step=wanted.step_ns // MINUTE_NS,
    )
    rows = snapshot.query(*asked)
    return [_series(row, wanted) for row in rows]


def _series(row: Row, wanted: Wanted) -> Series:
    labels = (KINDS[row[at]] if field.name == "span:kind" else row[at] for at, field in enumerate(wanted.by))
    slots: dict[int, dict[int, int]] = {}
    as_octaves = wanted.classes == "octave" and wanted.field is not None
    for slot, bucket, count in json.loads(row["counts"]):
        place = _octave(bucket) if as_octaves else bucket
        counts = slots.get(slot)
        if counts is None:
            slots[slot] = {place: count}
        else:
            counts[place] = counts.get(place, 0) + count
    return Series(tuple(labels), slots)


@cache
def _octave(bucket: int) -> int:
    return octave_of(middle_ns(bucket)) or 0


_GOOD = Compare(FAILED.field, "!=", FAILED.value)
_OUTCOMES: dict[Condition, str] = {FAILED: "errors", Not(FAILED): "count - s.errors", _GOOD: "count - s.errors"}
