"""Reports that were made on a schedule, and who has got them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from obsv.store.writing.short_transaction import short_transaction

# More than a year of daily ones.
MOST_REPORTS = 500

_KEEP = "insert or ignore into report(kind, start_ns, end_ns, made_ns, document) values (?, ?, ?, ?, ?)"
_FORGET = "delete from report where id <= (select id from report order by id desc limit 1 offset ?)"
_ONE = "select document, sent from report where kind = ? and end_ns = ?"
_SENT = "update report set sent = ? where kind = ? and end_ns = ?"


class KeptReport(NamedTuple):
    """A report that was kept: JSON, and the names of the receivers that accepted it."""

    document: str
    sent: tuple[str, ...]


class ReportBook:
    """The reader and writer of kept reports.

    Args:
        path: the database file.

    All methods raise `StoreError`s.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def find(self, kind: str, end_ns: int) -> KeptReport | None:
        """Return the report of a period; None if it was not made."""
        with short_transaction(self._path) as file:
            row = file.execute(_ONE, (kind, end_ns)).fetchone()
        return None if row is None else KeptReport(row[0], tuple(json.loads(row[1])))

    def keep(self, kind: str, start_ns: int, end_ns: int, made_ns: int, document: str) -> None:
        """Keep a report, unless there is one of that period; the oldest of more than 500 are deleted."""
        with short_transaction(self._path) as file:
            file.execute(_KEEP, (kind, start_ns, end_ns, made_ns, document))
            file.execute(_FORGET, (MOST_REPORTS,))

    def mark_sent(self, kind: str, end_ns: int, receivers: Sequence[str]) -> None:
        """Note who has accepted a report."""
        with short_transaction(self._path) as file:
            file.execute(_SENT, (json.dumps(list(receivers)), kind, end_ns))
