"""What series are split by: SQL that groups rows by small integers where it can, and the values behind them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from obsv import semconv
from obsv.errors import InvalidQuery
from obsv.store.file import Row, Snapshot
from obsv.store.finding.conditions import (
    EVENT,
    INSTRUMENTATION,
    INTRINSIC,
    KINDS,
    LINK,
    RESOURCE,
    STATUSES,
    UNSCOPED,
    Field,
)
from obsv.store.finding.sql import Sql, fill
from obsv.store.finding.where import COLUMNS, NUMERIC_COLUMNS, SCALARS, field_named

Label: TypeAlias = "str | int | float | bool | None"
_PROCESS = {"span:name": 1, "span:kind": 2}
_SERVICE = 3
_SOURCES = "select id, resource, scope from source"
_PROCESSES = "select id, name, kind, service from process"
# Which signatures have an attribute, by its place among their values; of several of one name the first.
_PLACES = """
select path, json_group_array(signature_id) as signatures from (
  select f.signature_id, min(f.position), f.path from signature_field f where {named} group by f.signature_id
) group by path
"""
# With a second path, of nothing, the value comes as JSON, and so with its type.
_VALUE = "when s.signature_id in (select value from json_each(?)) then json_extract(s.data, ?, '$.none')"


class Grouping:
    """How the rows of a query are grouped.

    Args:
        snapshot: where they are.
        fields: what by.

    Raises:
        InvalidQuery: a field has more than one value a span.
    """

    def __init__(self, snapshot: Snapshot, fields: Sequence[Field]) -> None:
        self._snapshot = snapshot
        self._columns: list[Sql] = []
        self._readers: list[Callable[[Row, dict[int, Any], dict[int, Any]], Label]] = []
        self._needs_processes = self._needs_sources = False
        for field in fields:
            self._readers.append(self._reader(field))

    @property
    def columns(self) -> Sql:
        """The columns to select and group by, each followed by a comma; empty when nothing is grouped."""
        text = "".join(f"{column.text} as g{place}, " for place, column in enumerate(self._columns))
        return Sql(text, tuple(param for column in self._columns for param in column.params))

    @property
    def names(self) -> str:
        """Their names, each followed by a comma."""
        return "".join(f"g{place}, " for place in range(len(self._columns)))

    def labels(self, rows: Sequence[Row]) -> list[tuple[Label, ...]]:
        """The values of the fields for each row of the answer; None for what a span does not have."""
        processes = {row["id"]: row for row in self._snapshot.query(_PROCESSES)} if self._needs_processes else {}
        sources = {row["id"]: _origins(row) for row in self._snapshot.query(_SOURCES)} if self._needs_sources else {}
        return [tuple(read(row, processes, sources) for read in self._readers) for row in rows]

    def _add(self, sql: str, params: tuple[Any, ...] = ()) -> str:
        column = Sql(sql, params)
        if column not in self._columns:
            self._columns.append(column)
        return f"g{self._columns.index(column)}"

    def _reader(self, field: Field) -> Callable[[Row, dict[int, Any], dict[int, Any]], Label]:
        if field.scope == INTRINSIC:
            return self._intrinsic(field.name)
        if field.name == semconv.SERVICE_NAME and field.scope in (RESOURCE, UNSCOPED):
            return self._process(_SERVICE)
        if field.scope in (EVENT, LINK):
            raise InvalidQuery(f"{field} can have several values in one span; series cannot be split by it")
        if field.scope in (RESOURCE, INSTRUMENTATION):
            return self._source(field)
        own = self._attribute(field.name)
        if field.scope != UNSCOPED:
            return own
        resource = self._source(Field(RESOURCE, field.name))
        return lambda row, processes, sources: _first(own(row, processes, sources), resource(row, processes, sources))

    def _process(self, place: int) -> Callable[[Row, dict[int, Any], dict[int, Any]], Label]:
        self._needs_processes = True
        column = self._add("s.process_id")

        def read(row: Row, processes: dict[int, Any], _: dict[int, Any]) -> Label:
            process = processes.get(row[column])
            if process is None:
                return None
            value: str | int = process[place]
            return KINDS[value] if isinstance(value, int) else value

        return read

    def _source(self, field: Field) -> Callable[[Row, dict[int, Any], dict[int, Any]], Label]:
        self._needs_sources = True
        column, part = self._add("s.source_id"), field.scope
        return lambda row, _, sources: sources.get(row[column], {}).get((part, field.name))

    def _intrinsic(self, name: str) -> Callable[[Row, dict[int, Any], dict[int, Any]], Label]:
        if name in _PROCESS:
            return self._process(_PROCESS[name])
        if name == "span:status":
            status = self._add("s.status")
            return lambda row, _, __: STATUSES[row[status]]
        if name.startswith("instrumentation:"):
            return self._source(Field(INSTRUMENTATION, ":" + name.partition(":")[2]))
        if name.startswith(("event:", "link:")):
            raise InvalidQuery(f"{name} can have several values in one span; series cannot be split by it")
        column = self._add(_IDS.get(name) or SCALARS.get(name) or "null")
        return lambda row, _, __: row[column]

    def _attribute(self, key: str) -> Callable[[Row, dict[int, Any], dict[int, Any]], Label]:
        places = self._snapshot.query(*fill(_PLACES, named=field_named(key)))
        params = [each for place in places for each in (place["signatures"], place["path"])]
        column = self._add(f"case {' '.join([_VALUE] * len(places))} end" if places else "null", tuple(params))
        if key not in COLUMNS:
            return lambda row, _, __: _typed(row[column])
        own = self._add(COLUMNS[key])
        return lambda row, _, __: _first(row[own], _typed(row[column]))


_IDS = {
    "span:id": "lower(hex(s.span_id))",
    "span:parentID": "lower(hex(s.parent_span_id))",
    "trace:id": "s.trace",
}


def _first(one: Label, other: Label) -> Label:
    return other if one is None else one


def _typed(text: str | None) -> Label:
    if text is None:
        return None
    return _label(json.loads(text)[0])


def _label(value: Label | list[Any] | dict[str, Any]) -> Label:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list | dict) else value


def _origins(row: Row) -> dict[tuple[str, str], Label]:
    found: dict[tuple[str, str], Label] = {}
    for part, text in ((RESOURCE, row["resource"]), (INSTRUMENTATION, row["scope"])):
        origin = json.loads(text)
        for pair in origin.get("attributes", ()):
            found[part, pair["key"]] = _label(_plain(pair["value"]))
        for key in ("name", "version"):
            if part == INSTRUMENTATION and origin.get(key):
                found[part, f":{key}"] = origin[key]
    return found


def _plain(value: dict[str, Any]) -> Any:
    for kind, content in value.items():
        if kind == "intValue":
            return int(content)
        if kind == "arrayValue":
            return [_plain(item) for item in content["values"]]
        return content if kind in ("stringValue", "boolValue", "doubleValue") else value
    return None


def measured(field: Field) -> Sql:
    """SQL of a number that spans are measured by, in billionths of its unit: nanoseconds for a duration.

    Raises:
        InvalidQuery: the field is no number of a span.
    """
    if field.scope == INTRINSIC and field.name in ("span:duration", "trace:duration"):
        return Sql(SCALARS[field.name])
    if field.scope not in ("", "span"):
        raise InvalidQuery(f"{field} is no number of a span; measure duration or a span's attribute")
    if field.name in NUMERIC_COLUMNS:
        factor = "" if field.name.endswith("_ns") else " * 1000000000"
        return Sql(f"({COLUMNS[field.name]}{factor})")
    named = field_named(field.name)
    number = "json_extract(s.data, f.path) * 1000000000.0"
    test = "json_type(s.data, f.path) in ('integer', 'real')"
    where = f"f.signature_id = s.signature_id and {named.text} and {test}"
    return Sql(f"(select {number} from signature_field f where {where} limit 1)", named.params)
