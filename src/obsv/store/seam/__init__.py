"""The interface for all readers of recorded calls: one protocol and its implementation."""

from obsv.store.file import MISREADINGS, ROW_LIMIT, Answer, find_misfit
from obsv.store.seam.sqlite import SQLiteStore, open_store
from obsv.store.seam.store import Store

__all__ = ["MISREADINGS", "ROW_LIMIT", "Answer", "SQLiteStore", "Store", "find_misfit", "open_store"]
