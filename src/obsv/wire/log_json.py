"""OTLP log records in JSON to rows, by the same rules as spans in JSON (`jsonform.py`)."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from obsv.store.ground import LogRow, Source
from obsv.wire.budget import SLICE_SPANS
from obsv.wire.clean import count
from obsv.wire.detail import nanoseconds
from obsv.wire.errors import BadRequest
from obsv.wire.json_parts import hex_bytes, list_in
from obsv.wire.log_row import BAD_RECORD, LogParts, log_row
from obsv.wire.odd_parts import odd_in_log
from obsv.wire.rowmaker import Decoded, RowMaker
from obsv.wire.scoped_json import Names, scopes_of

NAMES = Names("resourceLogs", "scopeLogs", "logRecords")
_NAMES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
# Names are against the specification, and what protobuf's own JSON printers write.
_SEVERITIES = {
    f"SEVERITY_NUMBER_{name}{step or ''}": 4 * at + (step or 1)
    for at, name in enumerate(_NAMES)
    for step in (0, 2, 3, 4)
}


def log_json_slices(body: bytes, maker: RowMaker) -> Iterator[Decoded]:
    """The rows of an `ExportLogsServiceRequest` in OTLP JSON, a few hundred at a time.

    Args:
        body: UTF-8 text, decompressed.
        maker: remembers what records share; others may use it between two slices.

    Raises:
        BadRequest: the text is no JSON object, or its outer fields are of the wrong kind.
        TooLarge: it has more values than `budget` allows.
    """
    wrong: Counter[str] = Counter()
    odd = 0
    try:
        for scoped in scopes_of(body, NAMES, maker, wrong):
            odd += scoped.odd
            yield from _records(scoped.source, scoped.records, maker)
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None
    yield Decoded([], wrong, odd=odd)


def _records(source: Source, records: list[Any], maker: RowMaker) -> Iterator[Decoded]:
    for start in range(0, len(records), SLICE_SPANS):
        maker.arrive(time.time_ns())
        piece = records[start : start + SLICE_SPANS]
        logs: list[LogRow] = [log_row(_parts(each), source, maker) for each in piece if isinstance(each, dict)]
        wrong = len(piece) - len(logs)
        odd = sum(odd_in_log(each) for each in piece if isinstance(each, dict))
        yield Decoded([], Counter({BAD_RECORD: wrong} if wrong else {}), logs, odd)


def _parts(record: dict[str, Any]) -> LogParts:
    severity = record.get("severityNumber")
    body = record.get("body")
    return LogParts(
        nanoseconds(record.get("timeUnixNano")),
        nanoseconds(record.get("observedTimeUnixNano")),
        _SEVERITIES.get(severity, 0) if isinstance(severity, str) and not severity.isdecimal() else count(severity),
        _text(record, "severityText"),
        _text(record, "eventName"),
        body if isinstance(body, dict) else {},
        [pair for pair in list_in(record, "attributes") if isinstance(pair, dict)],
        count(record.get("droppedAttributesCount")),
        hex_bytes(record.get("traceId")),
        hex_bytes(record.get("spanId")),
    )


def _text(owner: dict[str, Any], name: str) -> str:
    found = owner.get(name)
    return found if isinstance(found, str) else ""
