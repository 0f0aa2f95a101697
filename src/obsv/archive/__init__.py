"""The archive: calls older than the retention period, as Parquet files in a directory or an object store.

A part is a range of calls in order of arrival. It is written under a name that contains the range and its own hash,
read back and compared, and then registered in the store's catalog in the same transaction that moves the watermark;
only calls below the watermark are deleted by age. So each call is in the store, or in one registered part, or both.
"""

from obsv.archive.archiver import Archiver, Checked
from obsv.archive.columns import CALL_COLUMNS, calls_in
from obsv.archive.keeping import archive_due
from obsv.archive.log_columns import logs_in
from obsv.archive.parquet import Wanted, read_rows
from obsv.archive.part import are_in
from obsv.archive.rewriting import Rewriter, Sought
from obsv.archive.schedule import Window
from obsv.archive.target import Target, Targets, open_target
from obsv.archive.thaw import thaw

__all__ = [
    "CALL_COLUMNS",
    "Archiver",
    "Checked",
    "Rewriter",
    "Sought",
    "Target",
    "Targets",
    "Wanted",
    "Window",
    "archive_due",
    "are_in",
    "calls_in",
    "logs_in",
    "open_target",
    "read_rows",
    "thaw",
]
