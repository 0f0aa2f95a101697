"""Building of the filters of blocks, in short turns: what a search for a text may pass over.

Writing does not wait for it: the calls after the last group are read one by one until they are in a group. A group of
which hardly a call is left goes as a whole.
"""

from __future__ import annotations

import sqlite3
import time
from functools import cache

from obsv.store.ground.blocks import PARTS, Add, Group, add_grams, edges_in

# A turn takes this share of the time since the last one, and at most so long: an error may be waiting to be stored. In
# C a call takes 2 µs, so that 16,000 a second are kept up with; in Python 50 µs, enough for 600.
SHARE, LONGEST_S = 0.03, 0.015
_CALLS_A_LOOK = 64
_BEGIN = "select coalesce((select max(last_id) from block_group), 0)"
_NEXT = """
select id, cast(data as blob), iif(status = 2, cast(exception as blob), null) from span where id > ? order by id
"""
_GROUP = "insert into block_group(first_id, last_id, calls, edges) values (?, ?, ?, ?)"
_CALLS = "select count(*) from span where id between ? and ?"
_PART = "insert or replace into block_part(id, slices) values (?, ?)"
_CHECKED = "select last_id, first_id, calls, edges from block_group where last_id > ? order by last_id limit 1"
_LEFT = "select count(*) from (select 1 from span where id between ? and ? limit ?)"
_DROP = "delete from block_group where last_id = ?"
# Of a group with fewer calls left than this share, reading them takes less than its filters.
_FEW = 8


class BlockBuilder:
    """The builder of the groups of one file.

    Args:
        connection: connection of the writer; nobody else uses it meanwhile.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._checked = 0  # last ID of the group that was looked at last
        self._group: Group | None = None
        self._read = 0  # ID of the last call in it
        self._turned = time.perf_counter()

    def turn(self, seconds: float | None = None) -> bool:
        """Take calls into blocks for a short time; return whether there are more.

        A group is stored when it is full. Of one that is not, nothing is lost with this process: its calls are read
        again.

        Args:
            seconds: how long; None for a share of the time since the last turn.
        """
        began = time.perf_counter()
        if seconds is None:
            seconds = min(LONGEST_S, SHARE * (began - self._turned))
        self._turned = began
        self._check_next()
        if self._group is None:
            (self._read,) = self._connection.execute(_BEGIN).fetchone()
            self._group = Group(_adding())
        group = self._group
        has_more = self._fill(group, began + seconds)
        if group.is_full:
            self._group = None  # built again if it cannot be stored
            self._store(group)
        return has_more

    def _fill(self, group: Group, until: float) -> bool:
        cursor = self._connection.execute(_NEXT, (self._read,))
        try:
            for row in cursor:
                group.add(*row)
                self._read = row[0]
                if group.is_full or (group.calls % _CALLS_A_LOOK == 0 and time.perf_counter() > until):
                    return True
        finally:
            cursor.close()
        return False

    def _store(self, group: Group) -> None:
        self._connection.execute("begin immediate")
        try:
            (last_id,) = self._connection.execute(_BEGIN).fetchone()
            (calls,) = self._connection.execute(_CALLS, (group.first_id, group.last_id)).fetchone()
            # Else another process has built them, or some were forgotten meanwhile, of which no bit must stay.
            if last_id < group.first_id and calls == group.calls:
                about = group.first_id, group.last_id, group.calls, group.edges()
                self._connection.execute(_GROUP, about)
                self._connection.executemany(_PART, enumerate(group.parts(), group.last_id * PARTS))
            self._connection.execute("commit")
        except BaseException:
            self._connection.rollback()
            raise

    def _check_next(self) -> None:
        """Delete the next group if it is damaged, or if hardly any of its calls is left."""
        found = self._connection.execute(_CHECKED, (self._checked,)).fetchone()
        if found is None:
            self._checked = 0
            return
        last_id, first_id, calls, edges = found
        self._checked, least = last_id, calls // _FEW + 1
        (left,) = self._connection.execute(_LEFT, (first_id, last_id, least)).fetchone()
        is_damaged = edges_in(edges, first_id, last_id) is None
        if left < least or is_damaged:
            self._connection.execute(_DROP, (last_id,))
        if is_damaged:  # the last one is built again
            self._group = None


@cache
def _adding() -> Add:
    # Programs that only record load this module too, and need none of it.
    from obsv.record.core import compiled

    return add_grams if compiled is None else compiled.add_grams
