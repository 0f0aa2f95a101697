"""The file `names`: the objects that records refer to by number, each defined once, before its first use."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from obsv.own_files import SAFE_FLAGS
from obsv.record.layout import DEFINE, DEFINE_HEAD, FOREIGN_ORIGINS, FUNCTIONS, MAX_NAMES, ORIGINS, THREADS, check_of
from obsv.record.values import dumps

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | SAFE_FLAGS
_TABLES = (FUNCTIONS, THREADS, ORIGINS, FOREIGN_ORIGINS)
# Position of `code` in a function's tuple.
_CODE = 5


def packed(table: int, number: int, value: object) -> bytes:
    """Return a DEFINE record."""
    values = dumps(value)
    return DEFINE_HEAD.pack(DEFINE_HEAD.size + len(values), check_of(values), DEFINE, table, 0, number) + values


def appender(path: Path) -> Callable[[bytes], object]:
    """Return a function that appends to a file with one `write` per record, so that threads do not mix theirs."""
    descriptor = os.open(path, _FLAGS, 0o600)
    return _Appender(descriptor).append


class _Appender:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def append(self, record: bytes) -> None:
        os.write(self._descriptor, record)

    def __del__(self) -> None:
        os.close(self._descriptor)


class Names:
    """Numbers for definitions, the same for equal values.

    Args:
        append: receives the definitions.
    """

    def __init__(self, append: Callable[[bytes], object]) -> None:
        self._append = append
        self._numbers: dict[tuple[int, object], int] = {}
        self._next: dict[int, Iterator[int]] = {table: count(1) for table in _TABLES}
        self._bytes = 0

    def number(self, table: int, value: tuple[object, ...]) -> int:
        """Return the number of a value, which is defined if it is new.

        Two threads may define it twice, which does no harm.

        Raises:
            OSError: it cannot be written.
            ValueError: records cannot contain it.
        """
        known = self._numbers.get((table, value))
        if known is not None:
            return known
        if self._bytes > MAX_NAMES:
            if table == THREADS:
                return 1
            if table == FUNCTIONS and value[_CODE] is not None:
                return self.number(table, (*value[:_CODE], None, *value[_CODE + 1 :]))
        number = next(self._next[table])
        record = packed(table, number, value)
        self._append(record)
        self._bytes += len(record)
        self._numbers[table, value] = number
        return number
