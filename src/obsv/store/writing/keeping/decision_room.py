"""The part of a size limit that decisions may take up: what is deleted of them, and when."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

# Calls go before decisions, which would otherwise displace all of them in the end.
SHARE = 0.5
# Measured with dbstat on 100,000 decisions of six gates: bytes with their entries in the indexes.
DECISION_BYTES, GATE_BYTES, OUTCOME_BYTES = 410, 136, 221
# Counting takes a twentieth of the time.
_PAUSES = 20
# Of a decision with six gates and an outcome.
_WHOLE_BYTES = 1_450

_COUNTS = """
select (select count(*) from decision_made), (select count(*) from gate_value), (select count(*) from outcome_seen)
"""
_OLDEST = "select max(time_ns) from (select time_ns from decision_made order by time_ns limit ?)"
_OLDEST_OUTCOME = "select max(time_ns) from (select time_ns from outcome_seen order by time_ns limit ?)"
_DELETE = (
    "delete from gate_value where made in (select id from decision_made where time_ns <= ?)",
    "delete from outcome_seen where time_ns <= ?",
    "delete from decision_made where time_ns <= ?",
    "delete from gate_hour where (hour + 1) * 3600000000000 <= ?",
)
_COUNT_UNARCHIVED = """
update tally set calls = calls + (select count(*) from decision_made where time_ns <= ? and +id > ?)
  + (select count(*) from outcome_seen where time_ns <= ? and +id > ?)
where name = 'unarchived_decisions'
"""


class DecisionRoom:
    """Decisions of one file as a part of its size.

    Args:
        connection: of the writer.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._weigh_at, self._bytes = 0.0, 0

    def exceed(self, max_bytes: int) -> bool:
        """Return whether decisions take up more than their part of the size limit."""
        began = time.monotonic()
        if began >= self._weigh_at:
            decisions, gates, outcomes = self._connection.execute(_COUNTS).fetchone()
            self._bytes = decisions * DECISION_BYTES + gates * GATE_BYTES + outcomes * OUTCOME_BYTES
            self._weigh_at = time.monotonic() + _PAUSES * (time.monotonic() - began)
        return self._bytes > SHARE * max_bytes

    def oldest(self, size: int) -> int | None:
        """Return up to which time the oldest ones go, for about so many bytes; None if there are none."""
        count = max(1, size // _WHOLE_BYTES)
        (found,) = self._connection.execute(_OLDEST, (count,)).fetchone()
        if found is None:
            (found,) = self._connection.execute(_OLDEST_OUTCOME, (count,)).fetchone()
        return None if found is None else int(found)

    def delete(self, until_ns: int, marks: Sequence[int] | None) -> int:
        """Delete decisions and outcomes up to that time; return how many.

        Args:
            until_ns: that time, Unix time.
            marks: watermarks of the archive, the last two of decisions and outcomes: what is beyond is counted.
        """
        if marks is not None:
            self._connection.execute(_COUNT_UNARCHIVED, (until_ns, marks[2], until_ns, marks[3]))
        deleted = [self._connection.execute(sql, (until_ns,)).rowcount for sql in _DELETE]
        sizes = GATE_BYTES, OUTCOME_BYTES, DECISION_BYTES
        self._bytes -= sum(count * size for count, size in zip(deleted, sizes, strict=False))
        return deleted[1] + deleted[2]
