"""What all who show recorded calls ask: one protocol, and who answers it."""

from obsv.store.file import ROW_LIMIT
from obsv.store.seam.sqlite import SQLiteStore, open_store
from obsv.store.seam.store import Store

__all__ = ["ROW_LIMIT", "SQLiteStore", "Store", "open_store"]
