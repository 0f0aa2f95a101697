"""The source of answers: the file, or one state of it."""

from pathlib import Path

from obsv.store.file import Readable, Reader


class Source:
    """A database file, read as it is at each question, or one state of it.

    Args:
        path: the file.
        source: what is read; None for the file as it is at each question.
    """

    def __init__(self, path: Path, source: Readable | None = None) -> None:
        self._path = path
        self._reader = Reader(path)
        self._source: Readable = source or self._reader
