"""The spill: what could not be exported yet, in files beside the database."""

import contextlib
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from obsv.trace.blobs import Blob
from obsv.trace.spill_file import ERRORS, SUCCESSES, Record, SpillFile, UnreadableSpill, as_record

SUFFIX = ".spill"
_MAX_FILE_BYTES = 32 << 20
_MIN_FILE_BYTES = 64 << 10


class Piece(NamedTuple):
    """Records of one file that are to be exported together."""

    file: SpillFile
    payloads: list[bytes]
    spans: int
    end: int


Marks = list[tuple[SpillFile, int]]
"""Files, and how far each was written at some moment."""


class Spill:
    """Append-only files of this process, and those that dead processes left.

    `<base>.<pid>-<random>-<n>.spill` hold successes, `….errors.spill` hold errors. No more is added to a file from
    32 MiB on, and it is deleted when all of it has been exported. Over `max_bytes` the file with the oldest successes
    goes; errors never do. Any thread may write, one reads.

    Args:
        base: the path that the files' names begin with, usually the database's.
        max_bytes: bytes that files of successes may take together.

    Attributes:
        spilled: spans written since the start.
        dropped: successes that went because of `max_bytes`.
    """

    def __init__(self, base: Path, max_bytes: int = 1 << 30) -> None:
        self.base = base
        self.max_bytes = max_bytes
        self._file_bytes = max(_MIN_FILE_BYTES, min(_MAX_FILE_BYTES, max_bytes // 8))
        self._files: list[SpillFile] = []
        self.after_fork()

    def after_fork(self) -> None:
        """Start empty, with files of its own, leaving the parent's to the parent."""
        # Guards everything but the bytes in the files; not held while those are read or written. Reentrant, since a
        # signal handler may come in between.
        self._guard = threading.RLock()
        for file in self._files:
            file.retire(delete=False)  # the parent's lock lives on in the parent
        self._files = []
        self._open: dict[int, SpillFile] = {}
        self._name = f"{self.base.name}.{os.getpid()}-{secrets.token_hex(4)}"
        self._number = 0
        self._unreadable: set[str] = set()
        self.spilled = 0
        self.dropped = 0

    # -- writing -------------------------------------------------------------------------------------------------------

    def append(self, blobs: Sequence[Blob], *, errors: bool = False) -> None:
        """Write a record for each blob. For any thread.

        Raises:
            OSError: they cannot be written; nothing was changed but what had to go for room.
        """
        data = b"".join(map(as_record, blobs))
        count = sum(blob.spans for blob in blobs)
        with self._guard:
            if not errors:
                self._make_room(len(data))
            file = self._file_for(ERRORS if errors else SUCCESSES)
            position = file.reserve(len(data))
        try:
            file.write(position, data)
        except OSError:
            with self._guard:
                file.give_up(position, len(data))
            raise
        with self._guard:
            self.spilled += count
            if file.is_retired:  # it had to make room while this was written
                self.dropped += count
            file.commit(position, count)

    def _make_room(self, length: int) -> None:
        while (oldest := self._oldest_successes()) is not None and self._success_bytes() + length > self.max_bytes:
            self.dropped += oldest.pending
            self._remove(oldest)

    def _file_for(self, kind: int) -> SpillFile:
        file = self._open.get(kind)
        if file is None or file.size > self._file_bytes:
            self._number += 1
            suffix = f"-{self._number}{'.errors' if kind == ERRORS else ''}{SUFFIX}"
            file = SpillFile.create(self.base.with_name(self._name + suffix), kind)
            self._open[kind] = file
            self._files.append(file)
        return file

    def _oldest_successes(self) -> SpillFile | None:
        return next((file for file in self._files if file.kind == SUCCESSES), None)

    def _success_bytes(self) -> int:
        return sum(file.size for file in self._files if file.kind == SUCCESSES)

    def sync(self) -> None:
        """Force the errors onto the disk.

        Raises:
            OSError: the disk failed.
        """
        with self._guard:
            file = self._open.get(ERRORS)
        if file is not None:
            with self._held(file):
                file.sync()

    # -- reading -------------------------------------------------------------------------------------------------------

    def first(self) -> SpillFile | None:
        """The file to read next: errors before successes, old before new; None if nothing is left."""
        with self._guard:
            return min(self._files, key=lambda file: file.kind == SUCCESSES, default=None)

    def skip_to(self, file: SpillFile, position: int) -> None:
        """Leave out what the exporter says that it has had of a file."""
        with self._held(file):
            file.skip_to(position)

    def next_piece(self, file: SpillFile, size: int) -> Piece | None:
        """The oldest records of a file: at least one, up to about `size` spans.

        The same again until `exported` was called for it.

        Returns:
            None if there is nothing to read; if nothing can come any more, the file is gone then.
        """
        with self._held(file):
            if file.is_retired:
                return None
            end = file.end
            records = _read_up_to(file, size, end)
        if records:
            return Piece(file, [r.payload for r in records], sum(r.spans for r in records), records[-1].end)
        with self._guard:
            if file.size == end and self.has(file):
                self._remove(file)  # what is left is damaged
        return None

    def exported(self, piece: Piece) -> None:
        """Note that a piece was exported (or given up) and need not be read again.

        Raises:
            OSError: the position could not be written down; this process knows it all the same.
        """
        file = piece.file
        with self._guard:
            file.replayed, file.pending = piece.end, file.pending - piece.spans
            if not self.has(file):  # it had to make room meanwhile, and these were counted as dropped
                self.dropped -= piece.spans
                return
            if file.is_replayed:
                self._remove(file)
                return
        with self._held(file):
            if not file.is_retired:
                file.note_replayed(piece.end)

    def has(self, file: SpillFile) -> bool:
        """Whether a file has not been deleted."""
        return file in self._files

    @contextlib.contextmanager
    def _held(self, file: SpillFile) -> Iterator[None]:
        with self._guard:
            file.hold()
        try:
            yield
        finally:
            with self._guard:
                file.release()

    def _remove(self, file: SpillFile) -> None:
        self._files.remove(file)
        if self._open.get(file.kind) is file:
            del self._open[file.kind]
        file.retire(delete=True)

    # -- what is there -------------------------------------------------------------------------------------------------

    def adopt(self) -> list[str]:
        """Take over the files of processes that are gone.

        Returns:
            What is wrong with files that cannot be read, a sentence each, once a file.

        Raises:
            OSError: the directory cannot be read.
        """
        with self._guard:
            mine = {file.path.name for file in self._files}
        troubles: list[str] = []
        adopted = [self._adopt(name, troubles) for name in sorted(_spill_files(self.base) - mine)]
        with self._guard:
            self._files[:0] = sorted((file for file in adopted if file is not None), key=_age)
        return troubles

    def _adopt(self, name: str, troubles: list[str]) -> SpillFile | None:
        try:
            return SpillFile.adopt(self.base.with_name(name))
        except FileNotFoundError:  # its owner was faster
            return None
        except (UnreadableSpill, OSError) as trouble:
            if name not in self._unreadable:
                self._unreadable.add(name)
                troubles.append(str(trouble))
            return None

    def marks(self) -> Marks:
        """How far everything is written now."""
        with self._guard:
            return [(file, file.size) for file in self._files]

    def is_past(self, marks: Marks) -> bool:
        """Whether all that was written at that moment has been exported or deleted."""
        with self._guard:
            return all(file.replayed >= size or not self.has(file) for file, size in marks)

    @property
    def pending(self) -> int:
        """Spans that wait to be exported."""
        with self._guard:
            return sum(file.pending for file in self._files)

    @property
    def is_empty(self) -> bool:
        """Whether no file is left."""
        return not self._files

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        with self._guard:
            return sum(file.size for file in self._files)

    def close(self) -> None:
        """Close all files; what was not exported stays for the next process."""
        with self._guard:
            for file in self._files:
                file.retire(delete=False)
            self._files, self._open = [], {}


def _read_up_to(file: SpillFile, size: int, end: int) -> list[Record]:
    records: list[Record] = []
    total, position = 0, file.replayed
    while total < size and (record := file.read(position, end)) is not None:
        if records and total + record.spans > size:
            break
        records.append(record)
        total, position = total + record.spans, record.end
    return records


def _spill_files(base: Path) -> set[str]:
    prefix = base.name + "."
    return {name for name in os.listdir(base.parent) if name.startswith(prefix) and name.endswith(SUFFIX)}


def _age(file: SpillFile) -> float:
    try:
        return file.path.stat().st_mtime
    except OSError:
        return 0.0
