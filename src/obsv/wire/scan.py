"""Protobuf's wire format, traversed without creating objects."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from obsv.wire.errors import BadRequest

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
# A 64-bit number has ten bytes of seven bits.
_LONGEST_VARINT = 10


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the fields of a message.

    Args:
        data: bytes that contain it.
        at: its start.
        end: its end.

    Returns:
        For each field its tag (number times 8 plus wire type), its start, and the start and end of its content.

    Raises:
        BadRequest: the framing is broken.
    """
    while at < end:
        begin, tag = at, data[at]
        at += 1
        if tag > 127:
            tag, at = _varint(data, begin, end)
        kind = tag & 7
        if kind == DELIMITED:
            size, at = (data[at], at + 1) if at < end and data[at] < 128 else _varint(data, at, end)
        elif kind == VARINT:
            size = _varint(data, at, end)[1] - at
        else:
            size = _SIZES.get(kind, end)  # groups, which OTLP does not use, end nowhere
        stop = at + size
        if stop > end or tag < 8:
            raise _broken()
        yield tag, begin, at, stop
        at = stop


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a number, and its end."""
    value = shift = 0
    for position in range(at, min(end, at + _LONGEST_VARINT)):
        byte = data[position]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position + 1
        shift += 7
    raise _broken()


def _broken() -> BadRequest:
    return BadRequest("The body is not a protobuf message: a field extends beyond the end of its message.")


def count_fields(data: bytes, at: int, end: int, descriptor: Descriptor, most: int) -> int:
    """Return the number of fields of a message at all levels; counting stops at `most`.

    Args:
        data: bytes that contain it.
        at: its start.
        end: its end.
        descriptor: its type.
        most: where counting stops.

    Raises:
        BadRequest: the framing is broken.
    """
    found, waiting = 0, [(at, end, descriptor)]
    while waiting:
        at, end, descriptor = waiting.pop()
        inner = descriptor.fields_by_number
        for tag, _, begin, stop in fields(data, at, end):
            found += 1
            if found > most:
                return found
            field: Any = inner.get(tag >> 3) if tag & 7 == DELIMITED else None
            if field is not None and field.type == FieldDescriptor.TYPE_MESSAGE:
                waiting.append((begin, stop, field.message_type))
    return found
