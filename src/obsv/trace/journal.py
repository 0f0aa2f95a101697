"""The errors' journal: where an error is safe while the worker is too slow for it.

An error that waits in memory is lost if the process is killed. So while the worker is busy or starved, the thread that
had the error appends it to a page of the journal: one `write` to the page cache, about 20 µs besides making the text of
the traceback, which somebody has to do anyway. When the errors have been stored the page is emptied. A page is a spill
file, so that the next process finds it if this one dies; what was stored as well by then is stored twice only by an
exporter that does not know spans by their ids.
"""

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from obsv.trace.blobs import Blob
from obsv.trace.notices import Notices
from obsv.trace.spill_file import ERRORS, HEADER_SIZE, SpillFile, as_record

# In the long run at most this part of a program's CPU time goes into the journal, so that one that fails all the time
# is not slowed down; up to so many seconds may be spent at once, which is a few hundred errors.
_SHARE = 0.2
_BURST_S = 0.05
# Errors that come faster than they are stored are kept by the spill; the journal need not keep them all as well.
_MAX_BYTES = 16 << 20


class Page:
    """A file of the journal.

    Attributes:
        bytes: what was written since it was last empty.
    """

    __slots__ = ("_append", "_file", "bytes")

    def __init__(self, path: Path) -> None:
        self._file = SpillFile.create(path, ERRORS)
        # Appending leaves it to the system where each thread's record goes.
        self._append = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        self.bytes = 0

    def write(self, data: bytes) -> None:
        """Append a record."""
        self.bytes += len(data)
        os.write(self._append, data)

    def empty(self) -> None:
        """Leave no record."""
        os.ftruncate(self._append, HEADER_SIZE)
        self.bytes = 0

    def close(self) -> None:
        """Leave the file to others."""
        os.close(self._append)
        self._file.retire(delete=False)

    def remove(self) -> None:
        """Delete the file."""
        os.close(self._append)
        self._file.retire(delete=True)


def _pages(base: Path) -> tuple[Page, ...]:
    """Two pages, or none."""
    name = f"{base.name}.{os.getpid()}-{secrets.token_hex(4)}"
    first = Page(base.with_name(f"{name}-journal1.errors.spill"))
    try:
        return first, Page(base.with_name(f"{name}-journal2.errors.spill"))
    except OSError:
        first.remove()
        raise


class Journal:
    """Two pages in turn: one takes errors, the other waits until its errors are stored.

    Args:
        base: what the pages' names begin with; None keeps no journal.
        notices: says what goes wrong.
    """

    def __init__(self, base: Path | None, notices: Notices) -> None:
        self._base = base
        self._notices = notices
        self._pages: tuple[Page, ...] = ()
        self.after_fork()

    def after_fork(self) -> None:
        """Leave the pages to the parent."""
        for page in self._pages:
            page.close()
        self._pages = ()
        self._turn = 0
        self._opening = threading.Lock()  # guards the making of the pages
        self._credit_s = _BURST_S
        self._credited_at = time.process_time()

    def save(self, encode: Callable[[], Blob]) -> None:
        """Write an error down, unless that takes too much of the program's time. For any thread. Never raises."""
        if self._base is None or not self._has_credit():
            return
        started = time.thread_time()
        try:
            if self._pages or self._open(self._base):
                page = self._pages[self._turn]
                if page.bytes < _MAX_BYTES:
                    page.write(as_record(encode()))
        except OSError as error:
            # The error waits in memory all the same.
            self._notices.once("journal", logging.DEBUG, "The journal of errors cannot be written: %s", error)
        self._credit_s -= time.thread_time() - started

    def _has_credit(self) -> bool:
        now = time.process_time()
        self._credit_s = min(_BURST_S, self._credit_s + (now - self._credited_at) * _SHARE)
        self._credited_at = now
        return self._credit_s > 0

    def _open(self, base: Path) -> bool:
        # Not waited for: another thread is at it, or this one in a signal handler.
        if not self._opening.acquire(blocking=False):
            return False
        try:
            if not self._pages:  # another thread may just have made them
                self._pages = _pages(base)
            return True
        finally:
            self._opening.release()

    def turn(self) -> Page | None:
        """Let errors go to the other page from now on.

        Returns:
            The page that was written to, to be emptied when all errors are stored that waited at this moment; None if
            there is nothing in it.
        """
        if not self._pages or not self._pages[self._turn].bytes:
            return None
        page = self._pages[self._turn]
        self._turn = 1 - self._turn
        return page

    def empty(self, page: Page) -> None:
        """All errors of a page are stored."""
        with contextlib.suppress(OSError):
            page.empty()

    def close(self, *, keep: bool) -> None:
        """End the journal.

        Args:
            keep: leave the pages to the next process, since errors could not be stored.
        """
        pages, self._pages = self._pages, ()
        self._base = None
        for page in pages:
            with contextlib.suppress(OSError):
                if keep and page.bytes:
                    page.close()
                else:
                    page.remove()
