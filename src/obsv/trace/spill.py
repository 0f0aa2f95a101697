"""The spill: what could not be exported yet, in files beside the database."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from obsv.trace.blobs import Blob
from obsv.trace.spill_file import ERRORS, SUCCESSES, Record, SpillFile, UnreadableSpill

SUFFIX = ".spill"
_MAX_FILE_BYTES = 32 << 20
_MIN_FILE_BYTES = 64 << 10


class Piece(NamedTuple):
    """Records of one file that are to be exported together."""

    file: SpillFile
    payloads: list[bytes]
    spans: int
    end: int


class Spill:
    """Append-only files of this process, and those that dead processes left. Used by one thread at a time.

    `<base>.<pid>-<random>-<n>.spill` hold successes, `….errors.spill` hold errors. No more is added to a file from
    32 MiB on, and it is deleted when all of it has been exported. Over `max_bytes` the file with the oldest successes
    goes; errors never do.

    Args:
        base: the path that the files' names begin with, usually the database's.
        max_bytes: bytes that files of successes may take together.

    Attributes:
        spilled: spans written since the start.
        dropped: successes that went because of `max_bytes`, since the last look.
    """

    def __init__(self, base: Path, max_bytes: int = 1 << 30) -> None:
        self.base = base
        self.max_bytes = max_bytes
        self._file_bytes = max(_MIN_FILE_BYTES, min(_MAX_FILE_BYTES, max_bytes // 8))
        self.after_fork()

    def after_fork(self) -> None:
        """Start empty, with files of its own, leaving the parent's to the parent."""
        for file in getattr(self, "_files", ()):
            file.close()  # the parent's lock lives on in the parent
        self._files: list[SpillFile] = []
        self._open: dict[int, SpillFile] = {}
        self._name = f"{self.base.name}.{os.getpid()}-{secrets.token_hex(4)}"
        self._number = 0
        self._unreadable: set[str] = set()

    # -- writing -------------------------------------------------------------------------------------------------------

    def append(self, blobs: Sequence[Blob], *, errors: bool = False) -> int:
        """Write a record for each blob.

        Returns:
            How many of the oldest successes were deleted to stay under `max_bytes`.

        Raises:
            OSError: they cannot be written; nothing was changed but what had to go for room.
        """
        if errors:
            self._file_for(ERRORS).append(blobs)
            return 0
        dropped = 0
        size = sum(len(blob.payload) for blob in blobs)
        while (oldest := self._oldest_successes()) is not None and self.success_bytes + size > self.max_bytes:
            dropped += oldest.pending
            self._remove(oldest)
        self._file_for(SUCCESSES).append(blobs)
        return dropped

    def sync(self) -> None:
        """Force the errors onto the disk.

        Raises:
            OSError: the disk failed.
        """
        if (file := self._open.get(ERRORS)) is not None:
            file.sync()

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

    # -- reading -------------------------------------------------------------------------------------------------------

    def first(self) -> SpillFile | None:
        """The file to read next: errors before successes, old before new; None if nothing is left."""
        return min(self._files, key=lambda file: file.kind == SUCCESSES, default=None)

    def next_piece(self, file: SpillFile, size: int) -> Piece | None:
        """The oldest records of a file: at least one, up to about `size` spans.

        The same again until `exported` was called for it.

        Returns:
            None if nothing was left in it but damage: the file is gone then.
        """
        if records := _read_up_to(file, size):
            return Piece(file, [r.payload for r in records], sum(r.spans for r in records), records[-1].end)
        self._remove(file)
        return None

    def exported(self, piece: Piece) -> None:
        """Note that a piece was exported (or given up) and need not be read again.

        Raises:
            OSError: the position could not be written down.
        """
        if not self.has(piece.file):
            return
        try:
            piece.file.advance(piece.end, piece.spans)
        finally:
            if piece.file.is_replayed:
                self._remove(piece.file)

    def has(self, file: SpillFile) -> bool:
        """Whether a file has not been deleted."""
        return file in self._files

    def _remove(self, file: SpillFile) -> None:
        self._files.remove(file)
        if self._open.get(file.kind) is file:
            del self._open[file.kind]
        file.remove()

    # -- what is there -------------------------------------------------------------------------------------------------

    def adopt(self) -> list[str]:
        """Take over the files of processes that are gone.

        Returns:
            What is wrong with files that cannot be read, a sentence each, once a file.

        Raises:
            OSError: the directory cannot be read.
        """
        mine = {file.path.name for file in self._files}
        troubles = []
        adopted = []
        for path in sorted(_spill_files(self.base) - mine):
            try:
                file = SpillFile.adopt(self.base.with_name(path))
            except (UnreadableSpill, OSError) as trouble:
                if path not in self._unreadable:
                    self._unreadable.add(path)
                    troubles.append(str(trouble))
                continue
            if file is not None:
                adopted.append(file)
        adopted.sort(key=_age)
        self._files[:0] = adopted
        return troubles

    @property
    def pending(self) -> int:
        """Spans that wait to be exported."""
        return sum(file.pending for file in self._files)

    @property
    def is_empty(self) -> bool:
        """Whether no file is left."""
        return not self._files

    @property
    def success_bytes(self) -> int:
        """Bytes of the files of successes."""
        return sum(file.size for file in self._files if file.kind == SUCCESSES)

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self._files)

    def close(self) -> None:
        """Close all files; what was not exported stays for the next process."""
        for file in self._files:
            file.close()
        self._files, self._open = [], {}


def _read_up_to(file: SpillFile, size: int) -> list[Record]:
    records: list[Record] = []
    total, position = 0, file.replayed
    while total < size and (record := file.read(position)) is not None:
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
