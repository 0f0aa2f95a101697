"""Requests of log records and of metrics in protobuf: resources and scopes, walked without creating objects."""

from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from obsv.store.ground import Source
from obsv.wire.budget import MOST_FIELDS, MOST_PARTS, MOST_SPAN_BYTES, SLICE_BYTES, SLICE_SPANS, too_many
from obsv.wire.errors import TooLarge
from obsv.wire.lenient import parsed
from obsv.wire.messages import key_values
from obsv.wire.rowmaker import RowMaker
from obsv.wire.scan import count_fields, fields

# Field numbers times 8 plus 2, the wire type of messages and texts: the same in both kinds of request.
RESOURCES, RESOURCE, SCOPES, SCOPE, RECORDS, SCHEMA_URL = 0x0A, 0x0A, 0x12, 0x0A, 0x12, 0x1A


class Place(NamedTuple):
    """The start and end of a message in a request."""

    begin: int
    stop: int


class Scoped(NamedTuple):
    """The records of one scope.

    Args:
        source: its resource and scope.
        places: of its records.
    """

    source: Source
    places: Iterator[Place]


class Walk:
    """A walk through a request.

    Args:
        body: the message's bytes, decompressed.
        maker: remembers sources.
        parts: names of its parts in the plural, for a message.
    """

    def __init__(self, body: bytes, maker: RowMaker, parts: str) -> None:
        self.body, self._maker, self._parts = body, maker, parts
        self._seen = 0

    def scopes(self) -> Iterator[Scoped | None]:
        """Yield the scopes, and None where others may be served.

        Raises:
            BadRequest: the bytes are no such message.
            TooLarge: it has more parts than `budget` allows.
        """
        for tag, _, at, end in self.fields(0, len(self.body)):
            if tag == RESOURCES:
                yield from self._resource(at, end)

    def fields(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield the fields of a message, as `scan.fields` does, and count them."""
        for field in fields(self.body, at, end):
            self._seen += 1
            if self._seen > MOST_PARTS:
                raise too_many(self._parts, MOST_PARTS)
            yield field

    def _resource(self, at: int, end: int) -> Iterator[Scoped | None]:
        owner, schema = self._head(at, end, Resource.DESCRIPTOR)
        for tag, _, begin, stop in self.fields(at, end):
            if tag == SCOPES:
                scope, scope_schema = self._head(begin, stop, InstrumentationScope.DESCRIPTOR)
                yield Scoped(self._source((owner, schema, scope, scope_schema)), self._places(begin, stop))
            elif self._seen % SLICE_SPANS == 0:
                yield None

    def _places(self, at: int, end: int) -> Iterator[Place]:
        for tag, _, begin, stop in self.fields(at, end):
            if tag == RECORDS:
                yield Place(begin, stop)

    def _head(self, at: int, end: int, kind: Descriptor) -> tuple[bytes, bytes]:
        """Return the bytes of the resource or scope, and of its schema's URL."""
        head: list[bytes] = []
        schema = b""
        for tag, _, begin, stop in self.fields(at, end):
            if tag == RESOURCE:
                if stop - begin > SLICE_BYTES and count_fields(self.body, begin, stop, kind, MOST_FIELDS) > MOST_FIELDS:
                    raise TooLarge(f"A resource or scope has more than {MOST_FIELDS:,} fields.")
                head.append(self.body[begin:stop])
            elif tag == SCHEMA_URL:
                schema = self.body[begin : min(stop, begin + MOST_FIELDS)]
        joined = b"".join(head)
        if len(joined) > MOST_SPAN_BYTES:
            raise TooLarge(f"A resource or scope has more than {MOST_SPAN_BYTES:,} bytes.")
        return joined, schema

    def _source(self, key: tuple[bytes, bytes, bytes, bytes]) -> Source:
        found = self._maker.known_source(key)
        if found is None:
            owner, scope = parsed(key[0], Resource()), parsed(key[2], InstrumentationScope())
            resource = {"attributes": key_values(owner.attributes), "schemaUrl": text_of(key[1])}
            about = {
                "name": scope.name,
                "version": scope.version,
                "schemaUrl": text_of(key[3]),
                "attributes": key_values(scope.attributes),
            }
            found = self._maker.source(key, self._maker.resource(resource), about)
        return found


def is_crowded(body: bytes, place: Place, kind: Descriptor) -> bool:
    """Return whether a record has more bytes or fields than are read of one.

    Raises:
        BadRequest: the framing is broken.
    """
    size = place.stop - place.begin
    return size > MOST_SPAN_BYTES or (
        size > SLICE_BYTES and count_fields(body, *place, kind, MOST_FIELDS) > MOST_FIELDS
    )


def text_of(raw: bytes) -> str:
    """Return a text in UTF-8, with a mark for what is not."""
    return raw.decode("utf-8", "replace")
