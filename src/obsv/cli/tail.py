"""`obsv tail`: print the latest calls, then each new one."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from obsv.cli import listing
from obsv.cli.common import complain
from obsv.errors import StoreUnavailable
from obsv.store.finding import Filters
from obsv.store.ground import Window
from obsv.store.seam import Store, open_store
from obsv.store.spans import ListedCall

LATEST = 20
_LOOK_S = 0.5
_PAGE = 1_000


class Follower:
    """The new calls of a store, each once and in order of arrival, even if the file is replaced.

    Args:
        reader: reader of the store.
        filters: which calls.
        note: receives a line that reports a change of the file.
    """

    def __init__(self, reader: Store, filters: Filters, note: Callable[[str], None] = complain) -> None:
        self._reader = reader
        self._filters = filters
        self._note = note
        self._file = reader.identity
        self._waits = False
        self.last_id = reader.read_new(filters, after=0, start_ns=0, limit=1).last_id

    def new(self) -> Iterator[list[ListedCall]]:
        """Yield the calls that have arrived since the last look, page by page."""
        try:
            yield from self._pages()
            self._waits = False
        except StoreUnavailable as error:
            if not self._waits:
                self._note(f"{error}. Waiting …")
            self._waits = True
            if self._reader.identity is None:
                # The new file may get the same inode.
                self._file = None

    def _pages(self) -> Iterator[list[ListedCall]]:
        file = self._reader.identity
        if file is not None and file != self._file:
            self._note(f"{self._reader.name} was replaced by another file; continuing with its calls.")
            self._file, self.last_id = file, 0
        more = True
        while more:
            found = self._reader.read_new(self._filters, self.last_id, 0, _PAGE, oldest=True)
            self.last_id, more = found.last_id, found.more
            yield found.calls


def tail(db: Path, filters: Filters, start_ns: int | None, limit: int | None, follow: bool, as_json: bool) -> None:
    """Print the latest calls, then new ones, until interrupted.

    Args:
        db: path of the store.
        filters: which calls.
        start_ns: print all calls since this Unix time; None for the latest only.
        limit: maximum number of those; None for all since `start_ns`, or else for 20.
        follow: whether to wait for more.
        as_json: whether to print JSON.
    """
    reader = open_store(db)
    try:
        follower = Follower(reader, filters)
        shown = 0
        for calls in _begin(reader, filters, start_ns, limit):
            # Later calls are found by the first look.
            known = [call for call in calls if call.id <= follower.last_id]
            listing.show(known, as_json)
            shown += len(known)
        if not shown and filters.process:
            listing.expect_process(reader, filters, complain if follow else None)
        while follow:
            time.sleep(_LOOK_S)
            for calls in follower.new():
                listing.show(calls, as_json)
    finally:
        reader.close()


def _begin(reader: Store, filters: Filters, start_ns: int | None, limit: int | None) -> Iterator[list[ListedCall]]:
    window = Window(start_ns or 0, time.time_ns() + 1_000_000_000)
    if start_ns is not None and limit is None:
        return reader.read_pages(filters, window, "ts", sys.maxsize)
    latest = [call for calls in reader.read_pages(filters, window, "-ts", limit or LATEST) for call in calls]
    return iter([latest[::-1]])
