"""Moving of rows into the archive, and verification of its parts."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from obsv.archive.compacting import LARGE_BYTES, groups, merge
from obsv.archive.kinds import KINDS, Kind
from obsv.archive.parquet import count_rows
from obsv.archive.part import directory_of, manifest, manifest_of, name_of
from obsv.archive.schedule import HOT_NS, Window, cut
from obsv.archive.target import Target, Targets, open_target
from obsv.errors import ConfigurationError, ForeignFile, StoreUnavailable
from obsv.store.ground import HOUR_NS
from obsv.store.seam import SQLiteStore
from obsv.store.writing import DECISIONS, OUTCOMES, ArchiveBook, ArchiveFacts, Part

logger = logging.getLogger("obsv")

# A reader that knows the old parts has read them by then.
_GRACE_NS = HOUR_NS


class Checked(NamedTuple):
    """The result of a verification.

    Attributes:
        parts: number of intact parts.
        calls: number of rows in them, of any kind.
        missing: names of missing parts.
        damaged: names of damaged parts.
        strays: names of this store's files that are not in the catalog: a writer died before it registered them.
    """

    parts: int
    calls: int
    missing: list[str]
    damaged: list[str]
    strays: list[str]

    @property
    def is_whole(self) -> bool:
        """Return whether every registered call is there."""
        return not self.missing and not self.damaged


class Archiver:
    """The archiver of one store. Several may run at once: each part is registered by one of them.

    Args:
        store: the store to archive.
        book: catalog in the same file.
        target: location of the archive.
        window: ages of archiving and deletion; without one, nothing is deleted.
    """

    def __init__(self, store: SQLiteStore, book: ArchiveBook, target: Target, window: Window | None = None) -> None:
        self._store, self._book, self._target, self._targets = store, book, target, Targets(target)
        self._window = window or Window(HOT_NS, None)

    def step(self, now_ns: int, at_once: bool = False) -> Part | None:
        """Write the next part, if there is a complete one and the store's archive still is this one.

        Args:
            now_ns: Unix time.
            at_once: whether to include the current, incomplete hour.

        Raises:
            StoreError: the store or the archive is not available; nothing was lost, and nothing is archived twice.
        """
        archive = self._archive()
        if archive is None:
            return None
        for kind in KINDS:
            part = self._step(kind, archive, now_ns, at_once)
            if part is not None:
                return part
        return None

    def _archive(self) -> ArchiveFacts | None:
        """Return the store's archive; None if it was switched off or has another address by now."""
        archive = self._book.facts()
        if archive is None or self._target.url not in (archive.url, open_target(archive.url).url):
            return None
        return archive

    def _step(self, kind: Kind, archive: ArchiveFacts, now_ns: int, at_once: bool) -> Part | None:
        watermark = archive.reached(kind.name)
        with self._store.view() as view:
            hot_ns = self._window.hot_ns if kind.name not in (DECISIONS, OUTCOMES) else self._window.decided_hot_ns
            if hot_ns is None:
                return None
            chosen = cut(kind.starts_after(view, watermark), now_ns, hot_ns, at_once)
            if chosen is None:
                return None
            counted = _Counted(kind, kind.between(view, watermark, chosen.last_id))
            content = kind.columns.write(counted)
        part = counted.part(archive, chosen.last_id, content)._replace(url=self._target.url)
        if not self._book.begin(part, now_ns):
            return None
        self._put(part, content)
        if not self._book.enter(part, archive, now_ns):
            self._withdraw(part, archive)
            return None  # another process was quicker, the archive is off or elsewhere, or rows were removed
        self._remove_strays(part)
        return part

    def expire(self, now_ns: int) -> int:
        """Delete parts that are older than the archive keeps; return the number of rows in them.

        Those at an earlier address of the archive that does not respond stay until it does.

        Raises:
            StoreError: see `step`.
        """
        keep_ns = self._window.keep_ns
        if keep_ns is None or self._archive() is None:
            return 0
        calls = 0
        for part in self._book.parts(0, now_ns - keep_ns):
            kept_ns = keep_ns + (self._window.decided_ns if part.kind in (DECISIONS, OUTCOMES) else 0)
            if part.max_ns < now_ns - kept_ns and self._delete(part.name, part.url):
                self._book.forget(part.name)
                calls += part.calls
        return calls

    def compact(self, now_ns: int, large_bytes: int = LARGE_BYTES) -> int:
        """Merge the small parts of days that are over; return the number of new parts.

        Parts of which a file is missing or damaged stay as they are: `verify` names them.

        Raises:
            StoreError: see `step`.
        """
        archive, made = self._archive(), 0
        if archive is None:
            return 0
        here = [part for part in self._book.parts() if self._is_here(part.url)]
        for group in groups(here, now_ns - self._window.hot_ns - HOUR_NS, large_bytes):
            try:
                part, content = merge(group, map(self._content, group), archive)
                part = part._replace(url=self._target.url)
            except ForeignFile as error:
                logger.warning("Parts of the archive were not merged: %s Run `obsv archive verify`.", error)
                continue
            if not self._book.begin(part, now_ns):
                continue
            self._put(part, content)
            if self._book.replace([each.name for each in group], part, now_ns):
                made += 1
            else:
                self._withdraw(part, archive)
        return made

    def remove_replaced(self, now_ns: int) -> None:
        """Delete the files of parts that were merged an hour ago.

        Raises:
            StoreError: see `step`.
        """
        for name, url in self._book.replaced(now_ns - _GRACE_NS).items():
            if self._delete(name, url):
                self._book.forget_replaced(name)

    def _delete(self, name: str, url: str) -> bool:
        """Delete a part's files; return False if they are at an earlier address that does not respond."""
        try:
            target = self._targets.at(url)
            target.delete(name)
            target.delete(manifest_of(name))
        except (StoreUnavailable, ConfigurationError) as error:
            if self._is_here(url):
                raise
            logger.warning("Old parts of the archive stay at an earlier address: %s", error)
            return False
        return True

    def _withdraw(self, part: Part, archive: ArchiveFacts) -> None:
        """Delete a file with rows that were removed on request while it was written: nobody can enter it any more."""
        now = self._book.facts()
        if now is not None and now.steps != archive.steps:
            self._delete(part.name, part.url)
            self._book.forget_replaced(part.name)

    def _is_here(self, url: str) -> bool:
        return url in (self._target.url, self._target.url.removeprefix("file://"))

    def _content(self, part: Part) -> bytes:
        content = self._targets.at(part.url).get(part.name)
        if content is None or not _is_whole(content, part):
            raise ForeignFile(f"A part of the archive is missing or damaged: {part.name} in {part.url}.")
        return content

    def verify(self) -> Checked:
        """Read every part and compare it with the catalog.

        Raises:
            StoreError: see `step`.
        """
        missing, damaged, calls, whole = [], [], 0, 0
        parts = self._book.parts()
        for part in parts:
            content = self._targets.at(part.url).get(part.name)
            if content is None:
                missing.append(part.name)
            elif not _is_whole(content, part):
                damaged.append(part.name)
            else:
                whole, calls = whole + 1, calls + part.calls
        archive = self._book.facts()
        known = {part.name for part in parts} | set(self._book.replaced(2**63 - 1))
        mine = "" if archive is None else f"/{archive.store_id}-"
        names = [name for kind in KINDS for name in self._target.names(directory_of(kind.name))]
        strays = [name for name in names if archive and mine in name and name not in known]
        return Checked(whole, calls, missing, damaged, sorted(strays))

    def _put(self, part: Part, content: bytes) -> None:
        """Write a part and its manifest; an existing part, left by a writer that died, is reused."""
        if not self._target.put(part.name, content):
            found = self._target.get(part.name)
            if found != content:
                # Truncated by a target that does not write in one step (the name contains the expected hash), or
                # deleted meanwhile.
                self._target.delete(part.name)
                raise StoreUnavailable(f"The file at {part.name} was damaged or is gone; the archive retries.")
        elif not _is_whole(self._target.get(part.name), part):
            self._target.delete(part.name)
            raise StoreUnavailable(f"{self._target.url} did not keep what was written; the archive tries again.")
        beside, text = manifest_of(part.name), manifest(part).encode()
        if not self._target.put(beside, text) and self._target.get(beside) != text:
            self._target.delete(beside)
            self._target.put(beside, text)

    def _remove_strays(self, part: Part) -> None:
        """Delete files of writers that began at the same call and died: none of them can be registered any more."""
        known = {each.name for each in self._book.parts()} | set(self._book.replaced(2**63 - 1, with_begun=False))
        directory, _, _ = part.name.rpartition("/")
        begin, _, _ = part.name.rpartition(f"-{part.last_id}-")
        for name in list(self._target.names(directory)):
            if name.startswith(f"{begin}-") and name not in known:
                self._target.delete(manifest_of(name))
                self._target.delete(name)


def _is_whole(content: bytes | None, part: Part) -> bool:
    return (
        content is not None and hashlib.sha256(content).hexdigest() == part.sha256 and count_rows(content) == part.calls
    )


class _Counted:
    """Passes chunks of rows on, and keeps statistics about them."""

    def __init__(self, kind: Kind, chunks: Iterator[list[Any]]) -> None:
        self._kind, self._chunks = kind, chunks
        state, self._is_error = kind.state
        self._id_of = kind.value("id")
        self._time_of, self._state_of = kind.value(kind.time), kind.value(state)
        self._rows = self._errors = self._first_id = self._first_ns = self._max_ns = 0
        self._min_ns = 2**63

    def __iter__(self) -> Iterator[list[Any]]:
        for rows in self._chunks:
            times = [self._time_of(each) for each in rows]
            if not self._rows:
                self._first_id, self._first_ns = self._id_of(rows[0]), times[0]
            self._rows += len(rows)
            self._errors += sum(self._is_error(self._state_of(each)) for each in rows)
            self._min_ns, self._max_ns = min(self._min_ns, *times, 2**63), max(self._max_ns, *times, 0)
            yield rows

    def part(self, archive: ArchiveFacts, last_id: int, content: bytes) -> Part:
        sha256 = hashlib.sha256(content).hexdigest()
        ids = self._first_id, last_id
        name = name_of(self._kind.name, archive.store_id, *ids, self._first_ns, sha256, archive.steps)
        counts = (self._rows, self._errors, self._min_ns, self._max_ns)
        return Part(name, *ids, *counts, len(content), sha256, self._kind.name)
