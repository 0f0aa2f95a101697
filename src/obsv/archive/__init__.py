"""The archive: calls older than the hot window, as Parquet files in a directory or an object store.

A part is a range of calls by their order of arrival. It is written under a name that says the range and its own hash,
read back and compared, and then entered into the store's book in the same transaction that moves the watermark; only
what lies below the watermark is deleted by age. So each call is in the store, or in one part of the book, or both.
"""

from obsv.archive.archiver import Archiver, Checked
from obsv.archive.schedule import Window
from obsv.archive.target import Target, open_target
from obsv.archive.thaw import thaw

__all__ = ["Archiver", "Checked", "Target", "Window", "open_target", "thaw"]
