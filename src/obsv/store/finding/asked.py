"""A parsed query: the processes that can match, their calls in the rollups, and conditions that need the rows."""

from __future__ import annotations

import json
from functools import cached_property
from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.finding.blocks import Blocks, find_blocks
from obsv.store.finding.conditions import (
    INTRINSIC,
    VARIABLE,
    All,
    Compare,
    Condition,
    Field,
    conjuncts,
    limits,
)
from obsv.store.finding.narrowing import is_of_process, processes
from obsv.store.finding.sql import TRUE, Sql, among, fill
from obsv.store.finding.where import where
from obsv.store.ground import ERROR, Range

FAILED = Compare(Field(INTRINSIC, "span:status"), "=", ERROR)
DURATION = Field(INTRINSIC, "span:duration")
_QUICK = (DURATION, FAILED.field, Field(INTRINSIC, VARIABLE))

# This many calls are read in a few hundredths of a second, and up to 63,000 are in no block yet.
FEW_IN_BLOCKS = 200_000
# A smaller store is read as fast without blocks.
LEAST_IN_BLOCKS = 100_000

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
    """Calls and errors in a time range, to the minute: of all processes, and of those that can match."""

    calls: int
    errors: int
    mine: int
    my_errors: int


class Reach:
    """The processes that pass a test on `process p`."""

    def __init__(self, snapshot: Snapshot, test: Sql) -> None:
        self.snapshot = snapshot
        self.processes: list[int] | None = None  # their ids; None for all
        self.names: str | None = None  # ids of their names, a JSON array; None for all
        self.mine = TRUE  # a test of a row with a `process_id`
        if test != TRUE:
            row = snapshot.query(*fill(_PROCESSES, test=test))[0]
            self.processes, self.names = json.loads(row["ids"]), row["names"]
            self.mine = among("process_id", self.processes or ())

    @property
    def is_empty(self) -> bool:
        """Return whether no call can match."""
        return self.processes == []

    @cached_property
    def share(self) -> float:
        """Return the share of their calls in all calls, 0 to 1."""
        if self.processes is None:
            return 1.0
        row = self.snapshot.query(*fill(_SHARE, mine=self.mine))[0]
        return float(row["calls"] / (row["ever"] or 1.0))

    @cached_property
    def ever(self) -> int:
        """Return the number of calls of all processes since the file was created."""
        row = self.snapshot.one(_EVER)
        return int(row[0]) if row else 0

    def load(self, part: Range) -> Load:
        """Return the load of a time range."""
        first, last = part.minutes
        return Load(*self.snapshot.query(*fill(_LOAD, mine=self.mine, first=first, last=last))[0])


class Asked:
    """A condition, sorted by who can answer it: processes, rollups, or only the rows."""

    def __init__(self, snapshot: Snapshot, condition: Condition) -> None:
        self.parts = conjuncts(condition)  # they must all hold
        self.reach = Reach(snapshot, processes(condition))
        self.errors = FAILED in self.parts  # only failed calls match
        self.durations = limits(self.parts, DURATION)  # the shortest and the longest that match, in ns
        # A comparison that the process alone decides holds for all processes in reach.
        self._rest = [part for part in self.parts if not (isinstance(part, Compare) and is_of_process(part))]

    @cached_property
    def test(self) -> Sql:
        """Return the test of a row of a process that can match."""
        return where(All(tuple(self._rest)))

    @cached_property
    def everywhere(self) -> Sql:
        """Return the test of a row of any process."""
        ids = self.reach.processes
        return self.test if ids is None else among("s.process_id", ids) & self.test

    @property
    def costly(self) -> bool:
        """Return whether rows must be read, for a text or an attribute."""
        return not all(isinstance(part, Compare) and part.field in _QUICK for part in self._rest)

    @cached_property
    def blocks(self) -> Blocks | None:
        """Return the blocks with the calls that can match; None if it is as well to read all calls."""
        if self.reach.ever < LEAST_IN_BLOCKS:
            return None
        return find_blocks(self.reach.snapshot, All(tuple(self._rest)))

    @property
    def few_in_blocks(self) -> Blocks | None:
        """Return the blocks with the calls that can match, if reading them is faster than looking anywhere else."""
        blocks = self.blocks
        return blocks if blocks is not None and blocks.calls <= FEW_IN_BLOCKS else None

    @property
    def limits_duration(self) -> bool:
        """Return whether durations are limited."""
        return self.durations != (None, None)
