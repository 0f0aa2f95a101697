"""OTLP log records in protobuf to rows: walked without making objects of what is around a record."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from obsv.store.ground import LogRow, Source
from obsv.wire.budget import MOST_FIELDS, MOST_PARTS, MOST_SPAN_BYTES, SLICE_BYTES, SLICE_SPANS, too_many
from obsv.wire.errors import BadRequest, TooLarge
from obsv.wire.lenient import parsed
from obsv.wire.log_row import BAD_RECORD, LogParts, log_row
from obsv.wire.messages import key_values, to_dict
from obsv.wire.rowmaker import Decoded, RowMaker
from obsv.wire.scan import count_fields, fields

M = TypeVar("M", bound=Message)

OVERSIZED = f"log records of more than {MOST_SPAN_BYTES:,} bytes or {MOST_FIELDS:,} fields"
PARTS = "resources, scopes and log records"
# Field numbers times 8 plus 2, the wire type of messages and texts.
RESOURCE_LOGS, RESOURCE, SCOPE_LOGS, SCOPE, RECORDS, SCHEMA_URL = 0x0A, 0x0A, 0x12, 0x0A, 0x12, 0x1A

Place = tuple[int, int]


def log_protobuf_slices(body: bytes, maker: RowMaker) -> Iterator[Decoded]:
    """The rows of an `ExportLogsServiceRequest`, a few hundred at a time.

    Args:
        body: the message's bytes, decompressed.
        maker: remembers what records share; others may use it between two slices.

    Raises:
        BadRequest: the bytes are no such message.
        TooLarge: it has more parts than `budget` allows.
    """
    return _Request(body, maker).slices()


class _Request:
    def __init__(self, body: bytes, maker: RowMaker) -> None:
        self._body, self._maker = body, maker
        self._parts = 0

    def slices(self) -> Iterator[Decoded]:
        for tag, _, at, end in self._fields(0, len(self._body)):
            if tag == RESOURCE_LOGS:
                yield from self._resource_logs(at, end)

    def _fields(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        for field in fields(self._body, at, end):
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise too_many(PARTS, MOST_PARTS)
            yield field

    def _resource_logs(self, at: int, end: int) -> Iterator[Decoded]:
        owner, schema = self._head(at, end, Resource.DESCRIPTOR)
        for tag, _, begin, stop in self._fields(at, end):
            if tag == SCOPE_LOGS:
                yield from self._scope_logs(begin, stop, owner, schema)
            elif self._parts % SLICE_SPANS == 0:
                yield Decoded([], Counter())

    def _head(self, at: int, end: int, kind: Descriptor) -> tuple[bytes, bytes]:
        """The bytes of the resource or scope, and of its schema's URL."""
        head: list[bytes] = []
        schema = b""
        for tag, _, begin, stop in self._fields(at, end):
            if tag == RESOURCE:
                if (
                    stop - begin > SLICE_BYTES
                    and count_fields(self._body, begin, stop, kind, MOST_FIELDS) > MOST_FIELDS
                ):
                    raise TooLarge(f"A resource or scope has more than {MOST_FIELDS:,} fields.")
                head.append(self._body[begin:stop])
            elif tag == SCHEMA_URL:
                schema = self._body[begin : min(stop, begin + MOST_FIELDS)]
        joined = b"".join(head)
        if len(joined) > MOST_SPAN_BYTES:
            raise TooLarge(f"A resource or scope has more than {MOST_SPAN_BYTES:,} bytes.")
        return joined, schema

    def _scope_logs(self, at: int, end: int, owner: bytes, schema: bytes) -> Iterator[Decoded]:
        scope, scope_schema = self._head(at, end, InstrumentationScope.DESCRIPTOR)
        source = self._source((owner, schema, scope, scope_schema))
        logs: list[LogRow] = []
        rejected: Counter[str] = Counter()
        size = 0
        self._maker.arrive(time.time_ns())
        for tag, _, begin, stop in self._fields(at, end):
            if tag != RECORDS:
                continue
            row = self._row((begin, stop), source, rejected)
            if row is not None:
                logs.append(row)
            size += stop - begin
            if len(logs) + rejected.total() >= SLICE_SPANS or size > SLICE_BYTES:
                yield Decoded([], rejected, logs)
                logs, rejected, size = [], Counter(), 0
                self._maker.arrive(time.time_ns())
        yield Decoded([], rejected, logs)

    def _source(self, key: tuple[bytes, bytes, bytes, bytes]) -> Source:
        found = self._maker.known_source(key)
        if found is None:
            owner, scope = parsed(key[0], Resource()), parsed(key[2], InstrumentationScope())
            resource = {"attributes": key_values(owner.attributes), "schemaUrl": _text(key[1])}
            about = {
                "name": scope.name,
                "version": scope.version,
                "schemaUrl": _text(key[3]),
                "attributes": key_values(scope.attributes),
            }
            found = self._maker.source(key, self._maker.resource(resource), about)
        return found

    def _row(self, place: Place, source: Source, rejected: Counter[str]) -> LogRow | None:
        begin, stop = place
        raw = self._body[begin:stop]
        try:
            crowded = len(raw) > MOST_SPAN_BYTES or (
                len(raw) > SLICE_BYTES
                and count_fields(self._body, begin, stop, LogRecord.DESCRIPTOR, MOST_FIELDS) > MOST_FIELDS
            )
            if crowded:
                rejected[OVERSIZED] += 1
                return None
            record = parsed(raw, LogRecord())
        except BadRequest:
            rejected[BAD_RECORD] += 1
            return None
        return log_row(_parts(record), source, self._maker)


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


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
