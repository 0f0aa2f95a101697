"""Walks along the indexes of `span`: the next rows of a page, in time order, by key."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.finding.filters import Clause
from obsv.store.finding.keyset import MAX_ID, Key
from obsv.store.ground import MINUTE_NS, Window
from obsv.times import ts

# {after} bounds the walk by the key; {clause} are row conditions; {down} is `desc` or empty.
_SELECT = "select s.ts, s.id from span s indexed by {index} where {equal}s.ts >= :low and s.ts < :high"
_REST = "{after}{clause} order by s.ts {down}, s.id {down} limit :limit"
ALL = _SELECT.format(index="span_by_ts", equal="") + _REST
ERRORS = _SELECT.format(index="span_errors", equal="s.status = 2 and ") + _REST
_ONE = "s.name_id = (select name_id from process where id = :process_id) and s.process_id = :process_id and "
ONE_PROCESS = _SELECT.format(index="span_by_name", equal=_ONE) + _REST
ERRORS_OF_ONE = _SELECT.format(index="span_failed_by_name", equal=_ONE + "s.outcome = 'ERR' and ") + _REST
OF_PROCESSES = " and s.process_id in (select value from json_each(:processes))"
# The bound on ts alone is what the index takes; the pair leaves out the rows of the same microsecond before the key.
_AFTER = {
    True: " and s.ts <= :key_ts and (s.ts, s.id) < (:key_ts, :key_id)",
    False: " and s.ts >= :key_ts and (s.ts, s.id) > (:key_ts, :key_id)",
}
# Above this many, one walk over all processes beats a walk for each.
MERGED_PROCESSES = 100


class Walk(NamedTuple):
    """What all walks of one page share.

    Attributes:
        window: the time bounds.
        newest_first: the direction.
        key: the page starts after this row; None at the start.
        clause: row conditions.
        limit: how many rows are wanted.
    """

    window: Window
    newest_first: bool
    key: Key | None
    clause: Clause
    limit: int

    def run(
        self, store: Snapshot, sql: str, also: str = "", window: Window | None = None, **params: object
    ) -> list[Key]:
        """The next rows of one walk.

        Args:
            store: to read.
            sql: `ALL`, `ERRORS` or `ONE_PROCESS`.
            also: a further row condition.
            window: bounds of its own.
            **params: what it binds.
        """
        bounds = window or self.window
        after = _AFTER[self.newest_first] if self.key else ""
        text = sql.format(after=after, clause=also + self.clause.sql, down="desc" if self.newest_first else "")
        key = self.key or Key("", MAX_ID)
        given = {"low": ts(bounds.start_ns), "high": ts(bounds.end_ns), "key_ts": key.value, "key_id": key.id}
        return [Key(*row) for row in store.query(text, {**given, **self.clause.params, "limit": self.limit, **params})]

    def merged(
        self, store: Snapshot, processes: Iterable[int], window: Window | None = None, sql: str = ONE_PROCESS
    ) -> list[Key]:
        """The next rows of several processes: a walk for each, merged."""
        walks = [self.run(store, sql, window=window, process_id=each) for each in processes]
        return self.first(heapq.merge(*walks, reverse=self.newest_first))

    def first(self, keys: Iterable[Key]) -> list[Key]:
        """As many as are wanted."""
        return list(islice(keys, self.limit))

    def minute(self, minute: int) -> Window:
        """The part of the window that lies in a minute."""
        start, end = minute * MINUTE_NS, (minute + 1) * MINUTE_NS
        return Window(max(start, self.window.start_ns), min(end, self.window.end_ns))

    def past(self, minute: int) -> bool:
        """Whether the key leaves nothing of a minute to read."""
        if self.key is None:
            return False
        start, end = ts(minute * MINUTE_NS), ts((minute + 1) * MINUTE_NS)
        return start > self.key.value if self.newest_first else end <= self.key.value
