"""Calls as columns of a Parquet file, and back: one row per call, readable without obsv."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from obsv.archive.parquet import INT, TEXT, TIME, Column, Columns, Wanted
from obsv.store import Code, Signature, Source, SpanRow
from obsv.store.ground import Weight, counted, machine_mark, sampled


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


CALL_COLUMNS = Columns(
    (
        Column("id", INT, lambda each: each.span.id),
        Column("ts", TIME, lambda each: each.span.start_ns // 1_000),
        Column("start_ns", INT, lambda each: each.span.start_ns),
        Column("duration_ns", INT, lambda each: each.span.duration_ns),
        Column("status", TEXT, lambda each: "ERR" if each.span.status == 2 else "OK"),
        Column("status_code", INT, lambda each: each.span.status),
        Column("process", TEXT, lambda each: each.span.name),
        Column("process_group", TEXT, lambda each: each.span.process_group),
        Column("service", TEXT, lambda each: each.span.service),
        Column("trace_id", TEXT, lambda each: each.span.trace_id.hex()),
        Column("span_id", TEXT, lambda each: each.span.span_id.hex()),
        Column("parent_span_id", TEXT, lambda each: _hex(each.span.parent_span_id)),
        Column("depth", INT, lambda each: each.span.depth),
        Column("kind", INT, lambda each: each.span.kind),
        Column("feed", TEXT, lambda each: each.span.feed),
        Column("exception", TEXT, lambda each: each.span.exception),
        Column("fields", TEXT, lambda each: each.span.fields),
        Column("data", TEXT, lambda each: each.span.data),
        Column("detail", TEXT, lambda each: each.span.detail),
        Column("cpu_ns", INT, lambda each: each.span.cpu_ns),
        Column("memory_bytes", INT, lambda each: each.span.memory_bytes),
        Column("thread_id", INT, lambda each: each.span.thread_id),
        Column("thread_name", TEXT, lambda each: each.span.thread_name),
        Column("file_path", TEXT, lambda each: each.span.file_path),
        Column("line_number", INT, lambda each: each.span.line_number),
        Column("source_text", TEXT, lambda each: each.span.source_text),
        Column("resource", TEXT, lambda each: each.span.resource),
        Column("scope", TEXT, lambda each: each.span.scope),
        Column("origin", TEXT, lambda each: each.origin),
        Column("weight", INT, lambda each: each.weight),
    )
)


def calls_in(content: bytes, trusted: bool, wanted: Wanted | None = None) -> Iterator[list[SpanRow]]:
    """Yield the calls in a Parquet file as rows of the store.

    Args:
        content: the file.
        trusted: whether the file is known to be as this store wrote it; calls of any other count as received.
        wanted: which calls; None for all.

    Raises:
        ForeignFile: it is not one of ours.
    """
    seen = _Seen(machine_mark() if trusted else None)
    for rows in CALL_COLUMNS.read(content, wanted):
        yield [seen.row(row) for row in rows]


def _fields(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(kind)) for name, kind in json.loads(text))


_SIGNATURE = (
    "service", "process", "process_group", "kind", "fields", "file_path", "line_number", "source_text", "feed",
)  # fmt: skip


def _weight(has: dict[str, Any]) -> Weight | None:
    """Return the weight of a restored row in the rollups."""
    if not has["weight"]:
        names = [name for name, _ in _fields(has["fields"])]
        return None if has["weight"] is None else counted(dict(zip(names, json.loads(has["data"]), strict=False)))
    return sampled(has["weight"], has["duration_ns"])


class _Seen:
    """A cache of signatures and origins, which are compared by identity.

    Args:
        own: mark of this machine, whose calls are its own; None trusts none.
    """

    def __init__(self, own: str | None) -> None:
        self._own = own
        self._signatures: dict[Any, Signature] = {}
        self._sources: dict[Any, Source] = {}

    def row(self, values: tuple[Any, ...]) -> SpanRow:
        has = dict(zip(CALL_COLUMNS.names, values, strict=True))
        thread = None if has["thread_id"] is None else (has["thread_id"], has["thread_name"] or "")
        parent = has["parent_span_id"]
        return SpanRow(
            self._signature(has),
            self._source(has),
            bytes.fromhex(has["trace_id"]),
            bytes.fromhex(has["span_id"]),
            bytes.fromhex(parent) if parent else None,
            None,
            has["start_ns"],
            has["duration_ns"],
            thread,
            has["status_code"],
            has["depth"],
            has["data"],
            has["cpu_ns"],
            has["memory_bytes"],
            has["exception"],
            has["detail"],
            None,
            _weight(has),
        )

    def _signature(self, has: dict[str, Any]) -> Signature:
        key = tuple(has[name] for name in _SIGNATURE)
        found = self._signatures.get(key)
        if found is None:
            service, name, group, kind, fields, path, line, source, feed = key
            code = Code(path, line, source or "") if path is not None and line is not None else None
            found = self._signatures[key] = Signature(service, name, group, kind, _fields(fields), code, feed)
        return found

    def _source(self, has: dict[str, Any]) -> Source:
        received = self._own is None or has["origin"] != self._own
        key = has["service"], has["resource"], has["scope"], received
        found = self._sources.get(key)
        if found is None:
            found = self._sources[key] = Source(*key)
        return found
