"""SQLite: schema, writer, rollups, reader, retention."""

from obsv.store.reader import Reader
from obsv.store.rows import Code, RecorderRow, Signature, Source, SpanRow, WriteResult
from obsv.store.writer import Writer

__all__ = ["Code", "Reader", "RecorderRow", "Signature", "Source", "SpanRow", "WriteResult", "Writer"]
