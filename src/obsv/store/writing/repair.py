"""Repair of rows that SQLite rejects: no row may block a whole batch.

SQLite accepts integers of 64 bits and texts that can be encoded in UTF-8. The producers of rows ensure both; this is a
last resort.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from obsv.store.ground import Code, LogRow, PointRow, Signature, Source, SpanRow

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def repaired(rows: Iterable[SpanRow]) -> list[SpanRow]:
    """Return the rows with numbers clamped to 64 bits, and `?` for invalid characters."""
    known: dict[Any, Any] = {}
    return [_row(row, known) for row in rows]


def repaired_logs(rows: Sequence[LogRow]) -> list[LogRow]:
    """Return the rows with `?` for what is no character: no row may hold a whole batch up."""
    return [
        row._replace(
            severity_text=_text(row.severity_text),
            event_name=_text(row.event_name),
            body=_text(row.body),
            attributes=_text(row.attributes),
            process=_text(row.process),
            thread=_text(row.thread),
        )
        for row in rows
    ]


def repaired_points(rows: Sequence[PointRow]) -> list[PointRow]:
    """Return data points with numbers clamped to 64 bits, and `?` for invalid characters."""
    found = []
    for row in rows:
        metric = row.series.metric
        texts = [_text(text) for text in (metric.name, metric.unit, metric.description)]
        series = row.series._replace(
            metric=metric._replace(name=texts[0], unit=texts[1], description=texts[2]),
            attributes=_text(row.series.attributes),
        )
        value = _number(row.value) if isinstance(row.value, int) else row.value
        found.append(PointRow(series, _number(row.time_ns), _number(row.start_ns), value))
    return found


def _row(row: SpanRow, known: dict[Any, Any]) -> SpanRow:
    return row._replace(
        signature=_once(known, row.signature, _signature),
        source=_once(known, row.source, _source),
        parent=None if row.parent is None else _once(known, row.parent, _signature),
        start_ns=min(max(row.start_ns, 0), _MOST),
        duration_ns=min(max(row.duration_ns, 0), _MOST),
        thread=None if row.thread is None else (_number(row.thread[0]), _text(row.thread[1])),
        data=_text(row.data),
        cpu_ns=None if row.cpu_ns is None else _number(row.cpu_ns),
        memory_bytes=None if row.memory_bytes is None else _number(row.memory_bytes),
        exception=None if row.exception is None else _text(row.exception),
        detail=None if row.detail is None else _text(row.detail),
    )


def _once(known: dict[Any, Any], shared: Any, repair: Any) -> Any:
    if shared not in known:
        known[shared] = repair(shared)
    return known[shared]


def _signature(signature: Signature) -> Signature:
    code = signature.code
    return Signature(
        _text(signature.service),
        _text(signature.name),
        _text(signature.process_group),
        signature.kind,
        tuple((_text(name), data_type) for name, data_type in signature.fields),
        code and Code(_text(code.file_path), _number(code.line_number), _text(code.source_text)),
        signature.feed and _text(signature.feed),
    )


def _source(source: Source) -> Source:
    return Source(_text(source.service), _text(source.resource), _text(source.scope), source.received)


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _number(number: int) -> int:
    return min(max(number, _LEAST), _MOST)
