"""OTLP log records in protobuf to rows."""

import time
from collections import Counter
from collections.abc import Iterator

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from obsv.store.ground import LogRow
from obsv.wire.budget import MOST_FIELDS, MOST_SPAN_BYTES, SLICE_BYTES, SLICE_SPANS
from obsv.wire.errors import BadRequest
from obsv.wire.lenient import parsed
from obsv.wire.log_row import BAD_RECORD, LogParts, log_row
from obsv.wire.messages import key_values, to_dict
from obsv.wire.rowmaker import Decoded, RowMaker
from obsv.wire.scoped_protobuf import Place, Scoped, Walk, is_crowded

OVERSIZED = f"log records of more than {MOST_SPAN_BYTES:,} bytes or {MOST_FIELDS:,} fields"
PARTS = "resources, scopes and log records"


def log_protobuf_slices(body: bytes, maker: RowMaker) -> Iterator[Decoded]:
    """The rows of an `ExportLogsServiceRequest`, a few hundred at a time.

    Args:
        body: the message's bytes, decompressed.
        maker: remembers what records share; others may use it between two slices.

    Raises:
        BadRequest: the bytes are no such message.
        TooLarge: it has more parts than `budget` allows.
    """
    for scoped in Walk(body, maker, PARTS).scopes():
        if scoped is None:
            yield Decoded([], Counter())
        else:
            yield from _records(body, scoped, maker)


def _records(body: bytes, scoped: Scoped, maker: RowMaker) -> Iterator[Decoded]:
    logs: list[LogRow] = []
    rejected: Counter[str] = Counter()
    size = 0
    maker.arrive(time.time_ns())
    for place in scoped.places:
        record = _record(body, place, rejected)
        if record is not None:
            logs.append(log_row(_parts(record), scoped.source, maker))
        size += place.stop - place.begin
        if len(logs) + rejected.total() >= SLICE_SPANS or size > SLICE_BYTES:
            yield Decoded([], rejected, logs)
            logs, rejected, size = [], Counter(), 0
            maker.arrive(time.time_ns())
    yield Decoded([], rejected, logs)


def _record(body: bytes, place: Place, rejected: Counter[str]) -> LogRecord | None:
    try:
        if is_crowded(body, place, LogRecord.DESCRIPTOR):
            rejected[OVERSIZED] += 1
            return None
        return parsed(body[place.begin : place.stop], LogRecord())
    except BadRequest:
        rejected[BAD_RECORD] += 1
        return None


def _parts(record: LogRecord) -> LogParts:
    return LogParts(
        record.time_unix_nano,
        record.observed_time_unix_nano,
        record.severity_number,
        record.severity_text,
        record.event_name,
        to_dict(record.body),
        key_values(record.attributes),
        record.dropped_attributes_count,
        record.trace_id,
        record.span_id,
    )
