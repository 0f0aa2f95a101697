"""Export of filtered calls as CSV or JSON Lines, one row per variable: streamed, with a limit."""

import csv
import io
import json
import re
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from itertools import chain, islice
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from obsv.api.calls import CallFilters, Order
from obsv.api.depends import StoreReader, TimeWindow
from obsv.store.seam import ROW_LIMIT
from obsv.store.spans import ListedCall, Value

router = APIRouter(tags=["calls"])

# The seven canonical columns, then those that identify the call.
COLUMNS = {
    "process": "Process",
    "data": "Data",
    "data_type": "Data Type",
    "data_value": "Data Value",
    "ts": "Timestamp",
    "status": "Status",
    "exception": "Exception",
    "duration_ms": "Duration ms",
    "process_group": "Process Group",
    "service": "Service",
    "trace_id": "Trace Id",
    "span_id": "Span Id",
}
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
PAGE = 500


@router.get(
    "/export",
    summary="Export rows by filter",
    response_class=StreamingResponse,
    responses={200: {"content": {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in TYPES.values()}}},
)
def export(
    reader: StoreReader,
    window: TimeWindow,
    filters: CallFilters,
    order: Order = "-ts",
    format: Annotated[Literal["csv", "jsonl"], Query()] = "csv",
) -> StreamingResponse:
    """Export one row per variable, at most 10,000, with times in UTC.

    CSV cells that look like formulas begin with `'`.
    """
    found = reader.read_pages(filters, window, order, ROW_LIMIT, PAGE)
    # The first page is read before the response begins, so that an error can still be reported.
    first = next(found, [])
    rows = islice(_rows(chain(first, chain.from_iterable(found))), ROW_LIMIT)
    made = datetime.fromtimestamp(time.time(), timezone.utc)
    name = f"obsv-{made:%Y%m%d-%H%M%S}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    body = _csv(rows) if format == "csv" else _json_lines(rows)
    return StreamingResponse(body, headers=headers, media_type=TYPES[format])


def guarded(cell: str) -> str:
    """Return a CSV cell that no spreadsheet interprets as a formula: such text, unless it is a number, is prefixed with
    `'`.
    """
    return "'" + cell if cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell) else cell


def _rows(calls: Iterable[ListedCall]) -> Iterator[dict[str, str | float | None]]:
    for call in calls:
        # A call without values is also a row.
        for value in call.values or (Value("", "", ""),):
            yield {
                "process": call.process,
                "data": value.name,
                "data_type": value.data_type,
                "data_value": value.text,
                "ts": call.ts,
                "status": call.status,
                "exception": call.exception,
                "duration_ms": call.duration_ns / 1e6,
                "process_group": call.process_group,
                "service": call.service,
                "trace_id": call.trace_id,
                "span_id": call.span_id,
            }


def _csv(rows: Iterable[dict[str, str | float | None]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS.values())
    for row in rows:
        writer.writerow([guarded(value) if isinstance(value, str) else value for value in row.values()])
        if buffer.tell() > 65536:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _json_lines(rows: Iterable[dict[str, str | float | None]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"
