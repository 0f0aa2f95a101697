"""The archive: rows older than their retention period, as Parquet files in a directory or an object store.

A part is a range of rows of one kind in order of arrival. It is written under a name that contains the range and its
own hash, read back and compared, and then registered in the store's catalog in the same transaction that moves the
watermark; only rows below the watermark are deleted by age. So each row is in the store, or in one registered part,
or both.
"""

from obsv.archive.archiver import Archiver, Checked
from obsv.archive.columns import CALL_COLUMNS
from obsv.archive.decision_columns import DECISION_COLUMNS, OUTCOME_COLUMNS
from obsv.archive.keeping import archive_due, window_of
from obsv.archive.kinds import kind_named
from obsv.archive.parquet import Wanted, read_rows
from obsv.archive.part import are_in
from obsv.archive.rewriting import Rewriter, Sought
from obsv.archive.schedule import Window
from obsv.archive.target import Target, Targets, open_target
from obsv.archive.thaw import thaw

__all__ = [
    "CALL_COLUMNS",
    "DECISION_COLUMNS",
    "OUTCOME_COLUMNS",
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
    "kind_named",
    "open_target",
    "read_rows",
    "thaw",
    "window_of",
]
