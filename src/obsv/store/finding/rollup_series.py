"""Series from the rollups instead of the spans, where they hold the answer: by whole minutes and by process."""

from __future__ import annotations

import json
from functools import cache

from obsv import semconv
from obsv.store.file import Row, Snapshot, octave_of
from obsv.store.finding.conditions import (
    INTRINSIC,
    KINDS,
    RESOURCE,
    UNSCOPED,
    All,
    Always,
    AnyOf,
    Compare,
    Condition,
    Field,
    Not,
    conjuncts,
)
from obsv.store.finding.series_form import Series, Wanted
from obsv.store.finding.where import where
from obsv.store.ground import ERROR, MINUTE_NS, middle_ns

_STATUS, _DURATION = Field(INTRINSIC, "span:status"), Field(INTRINSIC, "span:duration")
# Called `s` and with its `process_id`, a rollup fits the conditions on spans as they are.
_COUNTS = """
select {names}json_group_array(json_array(slot, 0, n)) as counts from (
  select {columns}(s.minute - ?) / ? as slot, sum(s.{column}) as n
  from process_minute s {join} where s.minute >= ? and s.minute <= ? and {where} group by {names}slot
) where n > 0 group by {groups}
"""
_DURATIONS = """
select {names}json_group_array(json_array(slot, bucket, n)) as counts from (
  select {columns}(s.minute - ?) / ? as slot, s.bucket as bucket, sum(s.count) as n
  from {histogram} s {join} where s.minute >= ? and s.minute <= ? and {where} group by {names}slot, s.bucket
) group by {groups}
"""
_JOIN = "cross join process p on p.id = s.process_id"
_COLUMNS = {"span:name": "p.name", "span:kind": "p.kind"}


def from_rollups(snapshot: Snapshot, wanted: Wanted) -> list[Series] | None:
    """The series, or None where only the spans tell.

    The rollups tell when slots are whole minutes, conditions and groups are on name, kind and service, and nothing but
    durations is measured. Failed calls are counted apart, not measured apart.
    """
    parts = [part for part in conjuncts(wanted.condition) if part not in _OUTCOMES]
    outcomes = [_OUTCOMES[part] for part in conjuncts(wanted.condition) if part in _OUTCOMES]
    by_minutes = wanted.step_ns % MINUTE_NS == 0 and wanted.within.first_ns % MINUTE_NS == 0
    known = all(map(_of_process, parts)) and all(map(_is_of_process, wanted.by)) and len(outcomes) < 2
    measured = wanted.field is not None
    if not (by_minutes and known and wanted.field in (None, _DURATION)) or (measured and outcomes):
        return None
    test = where(All(tuple(parts)))
    everything = not wanted.by and all(part == Always(True) for part in parts)
    names = "".join(f"g{place}, " for place in range(len(wanted.by)))
    sql = (_DURATIONS if measured else _COUNTS).format(
        names=names,
        columns="".join(f"{_COLUMNS.get(field.name, 'p.service')} as g{at}, " for at, field in enumerate(wanted.by)),
        join=_JOIN if wanted.by else "",
        where=test.text,
        groups=names.rstrip(", ") or "1 = 1",
        histogram="minute_histogram" if everything else "process_histogram",
        column=outcomes[0] if outcomes else "count",
    )
    first, last = (time_ns // MINUTE_NS for time_ns in wanted.within)
    rows = snapshot.query(sql, (first, wanted.step_ns // MINUTE_NS, first, last, *test.params))
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


_FAILED = Compare(_STATUS, "=", ERROR)
_GOOD = Compare(_STATUS, "!=", ERROR)
_OUTCOMES: dict[Condition, str] = {_FAILED: "errors", Not(_FAILED): "count - s.errors", _GOOD: "count - s.errors"}


def _is_of_process(field: Field) -> bool:
    if field.scope == INTRINSIC:
        return field.name in ("span:name", "span:kind")
    return field.name == semconv.SERVICE_NAME and field.scope in (RESOURCE, UNSCOPED)


def _of_process(condition: Condition) -> bool:
    match condition:
        case Always(value=value):
            return value
        case Compare(field=field):
            # An unscoped service.name may be a span's attribute as well.
            return _is_of_process(field) and field.scope != UNSCOPED
        case Not(part=part):
            return _of_process(part)
        case All(parts=parts) | AnyOf(parts=parts):
            return all(map(_of_process, parts))
    return False
