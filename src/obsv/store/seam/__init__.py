"""The interface for all readers of recorded calls: one protocol and its implementation."""

from obsv.store.file import ROW_LIMIT, Answer
from obsv.store.seam.sqlite import SQLiteStore, open_store
from obsv.store.seam.store import Store

__all__ = ["ROW_LIMIT", "Answer", "SQLiteStore", "Store", "open_store"]
