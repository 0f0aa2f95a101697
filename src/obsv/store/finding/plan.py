"""What is asked for, sorted by who can answer it: processes, rollups, or only the rows."""

from __future__ import annotations

from functools import cached_property

from obsv.store.file import Snapshot
from obsv.store.finding.conditions import (
    INTRINSIC,
    VARIABLE,
    All,
    Always,
    Compare,
    Condition,
    Field,
    conjuncts,
    limits,
)
from obsv.store.finding.narrowing import is_of_process, processes
from obsv.store.finding.reach import Reach
from obsv.store.finding.sql import Sql, among
from obsv.store.finding.where import where
from obsv.store.ground import ERROR

FAILED = Compare(Field(INTRINSIC, "span:status"), "=", ERROR)
DURATION = Field(INTRINSIC, "span:duration")
_QUICK = (DURATION, FAILED.field, Field(INTRINSIC, VARIABLE))


class Asked:
    """A condition and what it means for a search.

    Attributes:
        parts: conditions that must all hold.
        reach: the processes that can match.
        errors: whether only failed calls match.
        durations: the shortest and the longest that match, in ns; None where there is no limit.
    """

    def __init__(self, snapshot: Snapshot, condition: Condition) -> None:
        self.parts = conjuncts(condition)
        self.reach = Reach(snapshot, processes(condition))
        self.errors = FAILED in self.parts
        self.durations = limits(self.parts, DURATION)
        # A comparison of what the process alone decides holds for all that are reached.
        self._rest = [part for part in self.parts if not (isinstance(part, Compare) and is_of_process(part))]

    @cached_property
    def test(self) -> Sql:
        """The test of a row of a process that can match."""
        return where(All(tuple(self._rest)))

    @cached_property
    def everywhere(self) -> Sql:
        """The test of a row of any process."""
        ids = self.reach.processes
        return self.test if ids is None else among("s.process_id", ids) & self.test

    @property
    def costly(self) -> bool:
        """Whether rows have to be looked into, for a text or an attribute."""
        return not all(
            isinstance(part, Always) or (isinstance(part, Compare) and part.field in _QUICK) for part in self._rest
        )

    @property
    def limits_duration(self) -> bool:
        """Whether durations are limited."""
        return self.durations != (None, None)
