"""Search for records in bytes with arbitrary content."""

from collections.abc import Iterator

from obsv.record.layout import HEAD, HEAD_SIZES, MAX_RECORD, check_of


def scan(data: bytes | memoryview, start: int, *, is_final: bool = True) -> Iterator[tuple[int, int, int]]:
    """Yield the records in order.

    Args:
        data: a segment, or `names`.
        start: offset of the first record.
        is_final: nobody will write any more. Otherwise a record that fails validation is the end: it may be half
            written.

    Yields:
        Kind (0 for a damaged record that was skipped), start and stop of the record.
    """
    end = len(data)
    unpack = HEAD.unpack_from
    while end - start >= HEAD.size:
        size, check, kind = unpack(data, start)
        if not size:
            return
        fixed = HEAD_SIZES.get(kind)
        stop = start + size
        if not HEAD.size < size <= MAX_RECORD or stop > end:
            if is_final:
                yield 0, start, end
            return
        if fixed is None or size < fixed or check_of(data[start + fixed : stop]) != check:
            if not is_final:
                return
            kind = 0
        yield kind, start, stop
        start = stop
