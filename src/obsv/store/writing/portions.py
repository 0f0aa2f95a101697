"""Division of a batch for a file whose size limit is small: one transaction stands in its log whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from obsv.store.ground import LogRow, SpanRow

# Of a size limit, the texts of one transaction, which its log has with the pages of all indexes.
PORTION = 32
# Measured: what a row takes in the log besides its texts, of the indexes too; a decision's record makes many rows.
_ROW_BYTES, _LOG_BYTES = 256, 1_024


class Portion(NamedTuple):
    """The content of one transaction, and whether it is the last one of its batch."""

    rows: Sequence[SpanRow]
    logs: Sequence[LogRow]
    is_last: bool


def portions(rows: Sequence[SpanRow], logs: Sequence[LogRow], max_bytes: int | None) -> Iterator[Portion]:
    """Yield a batch in portions, one at least; in one, unless the file has a size limit that is small beside it."""
    if max_bytes is not None:
        most = max_bytes // PORTION
        while (cut := _cut([_bytes_of(row) for row in rows], most)) < len(rows):
            yield Portion(rows[:cut], (), False)
            rows = rows[cut:]
        while (cut := _cut([_bytes_of_log(log) for log in logs], most)) < len(logs):
            yield Portion(rows, logs[:cut], False)
            rows, logs = (), logs[cut:]
    yield Portion(rows, logs, True)


def _cut(sizes: list[int], most: int) -> int:
    """Return how many of the first fit, one at least."""
    for number, size in enumerate(sizes):
        most -= size
        if most < 0:
            return max(1, number)
    return len(sizes)


def _bytes_of(row: SpanRow) -> int:
    return _ROW_BYTES + len(row.data) + len(row.exception or "") + len(row.detail or "") + len(row.exact or "")


def _bytes_of_log(log: LogRow) -> int:
    return _LOG_BYTES + len(log.body) + len(log.attributes)
