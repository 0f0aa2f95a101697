"""Grouping of series: SQL that groups rows by small integers if possible, and the values behind them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
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
from obsv.store.ground import attributes_of, read_object

Label: TypeAlias = "str | int | float | bool | None"
Read: TypeAlias = Callable[[Row], Label]
_IDS = {"span:id": "lower(hex(s.span_id))", "span:parentID": "lower(hex(s.parent_span_id))", "trace:id": "s.trace"}
_SOURCES = "select id, resource, scope from source"
_PROCESSES = "select id, name, kind, service from process"
# The signatures with an attribute, by its position among their values; of several with one name, the first.
_PLACES = """
select path, json_group_array(signature_id) as signatures from (
  select f.signature_id, min(f.position), f.path from signature_field f where {named} group by f.signature_id
) group by path
"""
_NUMBER = """
(select json_extract(s.data, f.path) * 1000000000.0 from signature_field f
  where f.signature_id = s.signature_id and {named} and json_type(s.data, f.path) in ('integer', 'real') limit 1)
"""
# With a second, empty path, the value is returned as JSON, and so with its type.
_VALUE = "when s.signature_id in (select value from json_each(?)) then json_extract(s.data, ?, '$.none')"


class Grouping:
    """The grouping of a query's rows by fields.

    Raises:
        InvalidQuery: a field has more than one value per span.
    """

    def __init__(self, snapshot: Snapshot, fields: Sequence[Field]) -> None:
        self._snapshot = snapshot
        self._columns: list[Sql] = []
        self._readers = [self._reader(field) for field in fields]

    @property
    def columns(self) -> Sql:
        """Return the columns to select and group by, each followed by a comma; empty without grouping."""
        text = "".join(f"{column.text} as g{place}, " for place, column in enumerate(self._columns))
        return Sql(text, tuple(chain.from_iterable(column.params for column in self._columns)))

    @property
    def names(self) -> str:
        """Return their names, each followed by a comma."""
        return "".join(f"g{place}, " for place in range(len(self._columns)))

    def labels(self, rows: Sequence[Row]) -> list[tuple[Label, ...]]:
        """Return the fields' values for each row of the result; None for missing values."""
        return [tuple(read(row) for read in self._readers) for row in rows]

    @cached_property
    def _processes(self) -> dict[int, Row]:
        return {row["id"]: row for row in self._snapshot.query(_PROCESSES)}

    @cached_property
    def _sources(self) -> dict[int, dict[tuple[str, str], Label]]:
        return {row["id"]: _origins(row) for row in self._snapshot.query(_SOURCES)}

    def _add(self, sql: str, params: tuple[Any, ...] = ()) -> str:
        column = Sql(sql, params)
        if column not in self._columns:
            self._columns.append(column)
        return f"g{self._columns.index(column)}"

    def _reader(self, field: Field) -> Read:
        if field.scope in (EVENT, LINK) or field.name.startswith(("event:", "link:")):
            raise InvalidQuery(f"{field} can have several values in one span, so series cannot be split by it")
        if field.scope == INTRINSIC:
            return self._intrinsic(field.name)
        if field.name == semconv.SERVICE_NAME and field.scope in (RESOURCE, UNSCOPED):
            return self._process("service")
        if field.scope in (RESOURCE, INSTRUMENTATION):
            return self._source(field.scope, field.name)
        own = self._attribute(field.name)
        return _either(own, self._source(RESOURCE, field.name)) if field.scope == UNSCOPED else own

    def _process(self, part: str) -> Read:
        column = self._add("s.process_id")
        return lambda row: self._processes[row[column]][part] if row[column] in self._processes else None

    def _source(self, part: str, key: str) -> Read:
        column = self._add("s.source_id")
        return lambda row: self._sources.get(row[column], {}).get((part, key))

    def _intrinsic(self, name: str) -> Read:
        if name == "span:name":
            return self._process("name")
        if name == "span:kind":
            return _named(self._process("kind"), KINDS)
        if name == "span:status":
            return _named(self._column("s.status"), STATUSES)
        if name.startswith("instrumentation:"):
            return self._source(INSTRUMENTATION, ":" + name.partition(":")[2])
        return self._column(_IDS.get(name) or SCALARS.get(name) or "null")

    def _column(self, sql: str) -> Read:
        column = self._add(sql)
        return lambda row: row[column]

    def _attribute(self, key: str) -> Read:
        places = self._snapshot.query(*fill(_PLACES, named=field_named(key)))
        params = [each for place in places for each in (place["signatures"], place["path"])]
        column = self._add(f"case {' '.join([_VALUE] * len(places))} end" if places else "null", tuple(params))

        def own(row: Row) -> Label:
            return None if row[column] is None else _label(json.loads(row[column])[0])

        return _either(self._column(COLUMNS[key]), own) if key in COLUMNS else own


def _either(one: Read, other: Read) -> Read:
    return lambda row: other(row) if (first := one(row)) is None else first


def _named(read: Read, names: Sequence[str]) -> Read:
    return lambda row: names[number] if isinstance(number := read(row), int) else None


def _label(value: Label | list[Any] | dict[str, Any]) -> Label:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list | dict) else value


def _origins(row: Row) -> dict[tuple[str, str], Label]:
    found: dict[tuple[str, str], Label] = {}
    for part, text in ((RESOURCE, row["resource"]), (INSTRUMENTATION, row["scope"])):
        found.update({(part, key): _label(value) for key, value in attributes_of(text).items()})
    scope = read_object(row["scope"])
    found.update({(INSTRUMENTATION, f":{key}"): scope[key] for key in ("name", "version") if scope.get(key)})
    return found


def measured(field: Field) -> Sql:
    """Return SQL for a numeric measure of spans, in billionths of its unit: nanoseconds for a duration.

    Raises:
        InvalidQuery: the field is not a number of a span.
    """
    if field.scope == INTRINSIC and field.name in ("span:duration", "trace:duration"):
        return Sql(SCALARS[field.name])
    if field.scope not in ("", "span"):
        raise InvalidQuery(f"{field} is not a number of a span: use duration or an attribute of the span")
    if field.name in NUMERIC_COLUMNS:
        factor = "" if field.name.endswith("_ns") else " * 1000000000"
        return Sql(f"({COLUMNS[field.name]}{factor})")
    return fill(_NUMBER, named=field_named(field.name))
