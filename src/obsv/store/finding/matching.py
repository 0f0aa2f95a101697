"""Rows that are not in the file, tested with the SQL of a search: they are put into a database in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from obsv.store.file import Readable
from obsv.store.file.migrations import migrate
from obsv.store.file.sql_functions import add_functions
from obsv.store.finding.conditions import (
    INTRINSIC,
    SHOWN,
    SPAN,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Not,
    leaves,
)
from obsv.store.finding.sql import Sql, fill, joined, like
from obsv.store.finding.where import where
from obsv.store.ground import Range, SpanRow
from obsv.store.ground.written import written_forms

_IDS_AT_ONCE = 50_000
# Fields that only a call has; what is kept of one besides does not have them.
_OF_CALLS = {"span:status", "span:duration", "span:variable", "thread.name", "code.file.path"}
# A shorter text or a number is in too much else.
_LEAST_CHARS = 4

_FOUND = """
select s.id, s.trace_id, s.span_id, s.start_ns, p.name from span s join process p on p.id = s.process_id
where s.id > {after} and s.id <= {last} and s.start_ns >= {first_ns} and s.start_ns <= {last_ns} and {test}
order by s.id
"""


class Found(NamedTuple):
    """A call that satisfies a condition: its row, its identity, its start (Unix time) and the name of its process."""

    id: int
    trace_id: bytes
    span_id: bytes
    start_ns: int
    process: str

    @property
    def identity(self) -> bytes:
        """Return trace and span ID in one."""
        return self.trace_id + self.span_id


def matching_calls(reader: Readable, condition: Condition, part: Range) -> Iterator[list[Found]]:
    """Yield the calls that satisfy a condition and started in a range, in order of arrival, in batches.

    Raises:
        StoreError: see `Reader`.
    """
    row = reader.one("select coalesce(min(id), 0), coalesce(max(id), 0) from span")
    first, last = row or (0, 0)
    test = _wide(condition)
    for after in range(first - 1, last, _IDS_AT_ONCE):
        until = min(last, after + _IDS_AT_ONCE)
        ends = {"after": after, "last": until, "first_ns": part.first_ns, "last_ns": part.last_ns}
        yield [Found(*each) for each in reader.query(*fill(_FOUND, **ends, test=test))]


class Matcher:
    """Tests rows against a condition.

    Args:
        condition: of calls.
    """

    def __init__(self, condition: Condition) -> None:
        self._test = _wide(condition)
        self._concerns_calls_only = any(_is_of_calls(leaf) for leaf in leaves(condition))
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        migrate(self._connection, Path(":memory:"))
        add_functions(self._connection)

    def calls(self, rows: Sequence[SpanRow]) -> list[bool]:
        """Return for each call whether it satisfies the condition."""
        if not rows:
            return []
        self._connection.execute("begin")
        try:
            _Filling(self._connection).add(rows)
            found = self._connection.execute(f"select s.id from span s where {self._test.text}", self._test.params)
            ids = {row[0] for row in found}
        finally:
            self._connection.rollback()
        return [number in ids for number in range(1, len(rows) + 1)]

    def others(self, rows: Sequence[SpanRow]) -> list[bool]:
        """Return the same of rows that only look like calls: nothing that only a call has is compared with them."""
        return [False] * len(rows) if self._concerns_calls_only else self.calls(rows)

    def close(self) -> None:
        """Release the memory."""
        self._connection.close()


def sought_texts(condition: Condition) -> list[str]:
    """Return the texts that a condition looks for in values and exceptions."""
    found: list[str] = []
    match condition:
        case Contains(text=text):
            found = [text]
        case Compare(field=field, operator="=" | "has", value=str(text)) if field.scope == SHOWN:
            found = [text]
        case Not():
            pass
        case _:
            found = [text for part in getattr(condition, "parts", ()) for text in sought_texts(part)]
    return [text for text in found if len(text) >= _LEAST_CHARS and not text.replace(".", "").isdecimal()]


def _wide(condition: Condition) -> Sql:
    """Return the SQL of a condition by which a text is also found where it is escaped, and in what came with a span."""
    match condition:
        case All(parts=parts):
            return joined(" and ", map(_wide, parts))
        case AnyOf(parts=parts):
            return joined(" or ", map(_wide, parts))
        case Contains(text=text, name=name):
            forms = written_forms(text)
            found = [where(Contains(form, name)) for form in forms]
            return joined(" or ", (*found, *(like("s.detail", form) for form in forms if name is None)))
    return where(condition)


def _is_of_calls(leaf: Condition) -> bool:
    field = getattr(leaf, "field", None)
    return field is not None and field.scope in (INTRINSIC, SPAN) and field.name in _OF_CALLS


class _Filling:
    """Rows on their way into an empty database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[Any, ...], int] = {}

    def add(self, rows: Sequence[SpanRow]) -> None:
        """Insert rows, numbered from 1 on."""
        self._connection.executemany(
            "insert into span(id, start_ns, duration_ns, status, name_id, process_id, trace_id, data, span_id, "
            "parent_span_id, signature_id, source_id, thread_id, depth, cpu_ns, memory_bytes, exception, detail) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [self._values(number, row) for number, row in enumerate(rows, 1)],
        )

    def _values(self, number: int, row: SpanRow) -> tuple[Any, ...]:
        of = row.signature
        name = self._id("process_name", "name", of.name)
        process = self._id("process", "name, service, process_group, kind, name_id", of.name, of.service,
                           of.process_group, of.kind, name)  # fmt: skip
        code = 0
        if of.code is not None:
            code = self._id("code", "process_id, file_path, line_number, source_text, digest", process,
                            of.code.file_path, of.code.line_number, "", f"{of.code[:2]}".encode())  # fmt: skip
        # IDs of rows differ, whatever they say: a sample has those of its call.
        return (
            number, row.start_ns, row.duration_ns, row.status, name, process, row.trace_id, row.data,
            number.to_bytes(8, "big"), row.parent_span_id, self._signature(process, code, of.fields),
            self._id("source", "service, resource, scope, origin", row.source.service, row.source.resource,
                     row.source.scope, ""),
            0 if row.thread is None else self._id("thread", "thread_id, name", *row.thread),
            row.depth, row.cpu_ns, row.memory_bytes, row.exception, row.detail,
        )  # fmt: skip

    def _signature(self, process: int, code: int, fields: tuple[tuple[str, str], ...]) -> int:
        text = json.dumps(fields)
        is_new = ("signature", process, code, text, text) not in self._known
        found = self._id("signature", "process_id, code_id, digest, fields", process, code, text, text)
        if is_new:
            self._connection.executemany(
                "insert into signature_field(signature_id, position, path, name, data_type) values (?, ?, ?, ?, ?)",
                [(found, at, f"$[{at}]", name, data_type) for at, (name, data_type) in enumerate(fields)],
            )
        return found

    def _id(self, table: str, columns: str, *values: Any) -> int:
        """Return the number of an interned row, by the values of its columns."""
        key = (table, *values)
        found = self._known.get(key)
        if found is None:
            sql = f"insert into {table}({columns}, used_ns) values ({', '.join('?' * len(values))}, 0)"
            found = self._connection.execute(sql, values).lastrowid or 0
            self._known[key] = found
        return found
