"""The way into the file: batches, rollups, retention."""

from obsv.store.writing.writer import Writer

__all__ = [
    "Writer",
]
