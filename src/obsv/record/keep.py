"""Records that must stay when a segment is dropped: calls that began or end in another one."""

from obsv.record.layout import (
    BEGIN,
    CALL,
    END,
    IS_ELSEWHERE,
    LOG,
    READ_BEGIN,
    READ_END,
    SEGMENT_HEADER,
    SPAN,
)
from obsv.record.scan import scan


def kept(segment: bytes, room: int) -> tuple[list[bytes], int]:
    """Return the records that stay, and the number of dropped calls.

    Args:
        segment: its bytes.
        room: bytes that may stay. A program with that many open calls loses the oldest of them.
    """
    begun: dict[bytes, bytes] = {}
    ends: list[bytes] = []
    dropped = 0
    for kind, start, stop in scan(segment, SEGMENT_HEADER):
        record = segment[start:stop]
        if kind == BEGIN:
            begun[READ_BEGIN.unpack_from(record)[7]] = record
        elif kind == END:
            if begun.pop(READ_END.unpack_from(record)[7], None) is None:
                ends.append(record)
            else:
                dropped += is_end(record)
        elif kind in (CALL, SPAN, LOG):
            dropped += 1
    staying, size = [], 0
    for record in reversed([*begun.values(), *ends]):
        size += len(record)
        if size > room:
            dropped += is_end(record)
        else:
            staying.append(record)
    return staying[::-1], dropped


def is_end(record: bytes) -> bool:
    """Return whether a call is lost together with this record: a written end is lost with it."""
    kind = record[_KIND]
    return kind in (CALL, SPAN, LOG) or (kind == END and not record[_PARTS] & IS_ELSEWHERE)


_KIND, _PARTS = 8, 10
