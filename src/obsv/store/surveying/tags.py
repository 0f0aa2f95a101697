"""Existing attributes and their values, for query builders.

Names come from the small tables; values of spans' attributes from the newest spans of each process that has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from obsv import semconv
from obsv.store.file import Row, Snapshot
from obsv.store.finding.conditions import (
    EVENT,
    INSTRUMENTATION,
    INTRINSIC,
    KINDS,
    RESOURCE,
    SPAN,
    STATUSES,
    UNSCOPED,
    Condition,
    Field,
)
from obsv.store.finding.narrowing import processes
from obsv.store.finding.sql import Sql, fill
from obsv.store.finding.where import OF_EXCEPTION, field_named, where

# Number of processes examined per attribute, the most recently used first, and of newest spans of each.
_PROCESSES, _SPANS = 60, 50
# Number of newest spans examined for events, and of newest failed ones, whose exceptions take longer to read.
_RECENT, _FAILED = 5_000, 1_000
# A longer text is not chosen from a list.
_LONGEST = 300


class TagValue(NamedTuple):
    """A value of an attribute.

    Args:
        type: `string`, `int`, `float`, `bool` or `keyword`.
        value: as text, never empty.
    """

    type: str
    value: str


_SPAN_NAMES = """
select distinct case when g.code_id > 0 and (instr(f.name, '.') = 0 or f.name like 'local.%')
  then iif(f.data_type = 'OUTPUT', ?, ?) else '' end || f.name as name
from signature_field f join signature g on g.id = f.signature_id limit ?
"""
_SOURCE_NAMES = """
select distinct json_extract(a.value, '$.key') as name from source r, json_each(r.{part}, '$.attributes') a
limit {limit}
"""


def tag_names(snapshot: Snapshot, limit: int) -> dict[str, list[str]]:
    """Return the existing attributes by scope, sorted; at most `limit` per scope.

    An argument `x` of our own functions is named `obsv.input.x`, as in any other OpenTelemetry tool.
    """
    spans = _names(snapshot.query(_SPAN_NAMES, (semconv.OUTPUT_PREFIX, semconv.INPUT_PREFIX, limit)))
    resources = _names(snapshot.query(*fill(_SOURCE_NAMES, part=Sql("resource"), limit=limit)))
    scopes = _names(snapshot.query(*fill(_SOURCE_NAMES, part=Sql("scope"), limit=limit)))
    return {
        RESOURCE: sorted({semconv.SERVICE_NAME} | resources)[:limit],
        SPAN: sorted(set(_TABLES) | spans)[:limit],
        EVENT: sorted(set(OF_EXCEPTION) | _names(snapshot.query(_EVENT_KEYS, (limit,))))[:limit],
        INSTRUMENTATION: sorted(scopes)[:limit],
    }


def _names(rows: Iterable[Row]) -> set[str]:
    return {row["name"] for row in rows if row["name"]}


# Values with a table of their own: of intrinsics, and of attributes with a column.
_BY_PROCESS = "select distinct {column} as value from process p where {narrow} order by 1 limit {limit}"
_PROCESS_COLUMNS = {
    "span:name": "p.name",
    "trace:rootName": "p.name",
    "trace:rootService": "p.service",
    semconv.SERVICE_NAME: "p.service",
    semconv.PROCESS_GROUP: "p.process_group",
}
_TABLES = {
    semconv.CODE_FILE_PATH: "select distinct file_path as value from code order by 1 limit ?",
    semconv.CODE_FUNCTION_NAME: "select distinct p.name as value from process p "
    "join signature g on g.process_id = p.id where g.code_id > 0 order by 1 limit ?",
    semconv.CODE_LINE_NUMBER: "select distinct line_number as value from code order by 1 limit ?",
    semconv.PROCESS_GROUP: "select distinct process_group as value from process order by 1 limit ?",
    semconv.THREAD_ID: "select distinct thread_id as value from thread order by 1 limit ?",
    semconv.THREAD_NAME: "select distinct name as value from thread order by 1 limit ?",
}
_OF_SOURCE = "select distinct json_extract(scope, ?) as value from source order by 1 limit ?"
_TRUTH = "case json_extract(a.value, '$.value.boolValue') when 1 then 'true' when 0 then 'false' end"
_ANY = f"""
select distinct coalesce(json_extract(a.value, '$.value.stringValue'), json_extract(a.value, '$.value.doubleValue'),
  cast(json_extract(a.value, '$.value.intValue') as integer), {_TRUTH}) as value, {_TRUTH} as type
"""
_ATTRIBUTES = f"""
{_ANY} from source r, json_each(r.{{part}}, '$.attributes') a
where json_extract(a.value, '$.key') = {{key}} limit {{limit}}
"""
# The correlated LIMIT keeps one busy process from hiding the others.
_SAMPLE = """
select distinct json_extract(s.data, f.path) as value, json_type(s.data, f.path) as type from (
  select p.id, p.name_id from process p
  where p.id in (select g.process_id from signature_field f join signature g on g.id = f.signature_id where {named})
    and {narrow}
  order by p.used_ns desc limit {processes}) q
cross join span s on s.id in (
  select x.id from span x where x.name_id = q.name_id and x.process_id = q.id order by x.ts desc limit {spans}
)
cross join signature_field f on f.signature_id = s.signature_id
where {named} and {where} limit {limit}
"""
# The condition on ts, true for all, makes this a search of its index, which ends at the limit.
_NEWEST = f"(select detail from span where ts > '' order by ts desc limit {_RECENT}) newest"
_EVENTS = f"{_NEWEST}, json_each(newest.detail, '$.events') e"
_EVENT_NAMES = f"select distinct json_extract(e.value, '$.name') as value from {_EVENTS} limit ?"
_EVENT_KEYS = f"""
select distinct json_extract(a.value, '$.key') as name from {_EVENTS}, json_each(e.value, '$.attributes') a limit ?
"""
_EVENT_ATTRIBUTES = f"""
{_ANY} from {_EVENTS}, json_each(e.value, '$.attributes') a where json_extract(a.value, '$.key') = ? limit ?
"""
_EXCEPTIONS = f"""
select distinct {{column}} as value from (
  select exception from span indexed by span_errors where status = 2 and exception is not null order by ts desc
  limit {_FAILED}) s limit {{limit}}
"""


def tag_values(snapshot: Snapshot, field: Field, condition: Condition, limit: int) -> list[TagValue]:
    """Return the values of a field.

    Args:
        snapshot: the snapshot to read.
        field: the field.
        condition: the condition on spans with these values, as far as it is quickly decided.
        limit: maximum number of values.

    Returns:
        The values, sorted, each once.
    """
    if field.scope == INTRINSIC and field.name in _KEYWORDS:
        return [TagValue("keyword", word) for word in _KEYWORDS[field.name]][:limit]
    values: list[TagValue] = []
    if field.scope in (INTRINSIC, RESOURCE, UNSCOPED) and field.name in _PROCESS_COLUMNS:
        column, narrow = Sql(_PROCESS_COLUMNS[field.name]), processes(condition)
        values += _typed(snapshot.query(*fill(_BY_PROCESS, column=column, narrow=narrow, limit=limit)))
    elif field.scope == INTRINSIC:
        values += _of_intrinsic(snapshot, field.name, limit)
    elif field.scope in (RESOURCE, INSTRUMENTATION, UNSCOPED):
        part = "scope" if field.scope == INSTRUMENTATION else "resource"
        values += _typed(snapshot.query(*fill(_ATTRIBUTES, part=Sql(part), key=field.name, limit=limit)))
    elif field.scope == EVENT:
        values += _of_events(snapshot, field.name, limit)
    if field.scope in (SPAN, UNSCOPED):
        values += _of_spans(snapshot, field.name, condition, limit)
    return sorted(set(values), key=lambda each: (each.type, each.value))[:limit]


_KEYWORDS = {"span:kind": KINDS, "span:status": STATUSES}


def _of_intrinsic(snapshot: Snapshot, name: str, limit: int) -> list[TagValue]:
    if name.startswith("instrumentation:"):
        return _typed(snapshot.query(_OF_SOURCE, ("$." + name.partition(":")[2], limit)))
    if name == "event:name":
        return [TagValue("string", semconv.EXCEPTION_EVENT), *_typed(snapshot.query(_EVENT_NAMES, (limit,)))]
    return []


def _of_events(snapshot: Snapshot, key: str, limit: int) -> list[TagValue]:
    found = _typed(snapshot.query(_EVENT_ATTRIBUTES, (key, limit)))
    if key in OF_EXCEPTION:
        found += _typed(snapshot.query(*fill(_EXCEPTIONS, column=Sql(OF_EXCEPTION[key]), limit=limit)))
    return found


def _of_spans(snapshot: Snapshot, key: str, condition: Condition, limit: int) -> list[TagValue]:
    if key in _TABLES:
        return _typed(snapshot.query(_TABLES[key], (limit,)))
    asked = fill(
        _SAMPLE,
        named=field_named(key),
        narrow=processes(condition),
        where=where(condition),
        processes=_PROCESSES,
        spans=_SPANS,
        limit=limit,
    )
    return _typed(snapshot.query(*asked))


def _typed(rows: Iterable[Row]) -> list[TagValue]:
    found = []
    for row in rows:
        value, kind = row["value"], row["type"] if "type" in row.keys() else None  # noqa: SIM118 (a Row iterates values)
        if kind in ("true", "false"):
            found.append(TagValue("bool", kind))
        elif isinstance(value, int):
            found.append(TagValue("int", str(value)))
        elif isinstance(value, float):
            found.append(TagValue("float", repr(value)))
        elif isinstance(value, str) and 0 < len(value) <= _LONGEST and kind not in ("array", "object"):
            found.append(TagValue("string", value))
    return found
