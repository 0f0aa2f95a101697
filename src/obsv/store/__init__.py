"""The SQLite store: schema, writer, rollups, reader, retention."""

from obsv.store.file import Reader
from obsv.store.ground import Code, RecorderRow, Signature, Source, SpanRow, WriteResult
from obsv.store.writing import Writer

__all__ = ["Code", "Reader", "RecorderRow", "Signature", "Source", "SpanRow", "WriteResult", "Writer"]
