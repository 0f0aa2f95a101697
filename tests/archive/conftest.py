"""A store with calls of three hours, and a place for its archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from archive_rows import HOUR_NS, row

from obsv.archive import Archiver, Target, Window, open_target
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.store.writing import ArchiveBook


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """90 calls, one in every other minute of three hours."""
    writer = Writer(tmp_path / "obsv.db")
    for first in (1, 31, 61):  # a batch gives ids in an order of its own
        writer.write([row(number, 2 * number - 1) for number in range(first, first + 30)])
    writer.close()
    return tmp_path / "obsv.db"


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return open_target(str(tmp_path / "archive"))


@pytest.fixture
def archiving(db: Path) -> Iterator[Callable[..., Archiver]]:
    """Makes archivers of the store."""
    with ExitStack() as stack:

        def make(target: Target, hot_ns: int = HOUR_NS, keep_ns: int | None = None) -> Archiver:
            store, book = open_store(db), ArchiveBook(db)
            stack.callback(store.close)
            stack.callback(book.close)
            book.open(target.url, 0)
            return Archiver(store, book, target, Window(hot_ns, keep_ns))

        yield make
