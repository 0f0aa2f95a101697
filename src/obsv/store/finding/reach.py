"""Which processes a condition can match, and what the rollups say of their calls."""

from __future__ import annotations

import json
from functools import cached_property
from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.finding.sql import TRUE, Sql, among, fill
from obsv.store.ground import Range

_PROCESSES = """
select json_group_array(p.id) as ids, json_group_array(distinct p.name_id) as names from process p where {test}
"""
_SHARE = """
select total(count) as calls, (select total(count) from process_minute where minute = 0) as ever
from process_minute where minute = 0 and {mine}
"""
_LOAD = """
select coalesce(sum(count), 0), coalesce(sum(errors), 0),
  coalesce(sum(iif(mine, count, 0)), 0), coalesce(sum(iif(mine, errors, 0)), 0)
from (select count, errors, {mine} as mine from process_minute where minute between {first} and {last})
"""
_EVER = "select coalesce(sum(count), 0) from minute_histogram where minute = 0"


class Load(NamedTuple):
    """Calls and errors in a range of time, to the minute: of all processes, and of those that can match."""

    calls: int
    errors: int
    mine: int
    my_errors: int


class Reach:
    """The processes that pass a test on `process p`.

    Attributes:
        snapshot: of the store.
        processes: their ids; None for all.
        names: the ids of their names as a JSON array; None for all.
        mine: a test of a row with a `process_id` for being theirs.
    """

    def __init__(self, snapshot: Snapshot, test: Sql) -> None:
        self.snapshot = snapshot
        self.processes: list[int] | None = None
        self.names: str | None = None
        self.mine = TRUE
        if test != TRUE:
            row = snapshot.query(*fill(_PROCESSES, test=test))[0]
            self.processes, self.names = json.loads(row["ids"]), row["names"]
            self.mine = among("process_id", self.processes or ())

    @property
    def is_empty(self) -> bool:
        """Whether no call can match."""
        return self.processes == []

    @cached_property
    def share(self) -> float:
        """Their calls' share of all calls, 0 to 1."""
        if self.processes is None:
            return 1.0
        row = self.snapshot.query(*fill(_SHARE, mine=self.mine))[0]
        return float(row["calls"] / (row["ever"] or 1.0))

    @cached_property
    def ever(self) -> int:
        """How many calls there were since the file began, of all processes."""
        row = self.snapshot.one(_EVER)
        return int(row[0]) if row else 0

    def load(self, part: Range) -> Load:
        """The load of a range of time."""
        first, last = part.minutes
        return Load(*self.snapshot.query(*fill(_LOAD, mine=self.mine, first=first, last=last))[0])
