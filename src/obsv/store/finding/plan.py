"""What is asked for, sorted by who can answer it: processes, rollups, or only the rows."""

from __future__ import annotations

from typing import NamedTuple

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


class Asked(NamedTuple):
    """A condition and what it means for a search.

    Attributes:
        reach: the processes that can match.
        test: of a row of one of these processes.
        errors: whether only failed calls match.
        durations: the shortest and the longest that match, in ns; None where there is no limit.
        costly: whether rows have to be looked into, for a text or an attribute.
        selective: whether anything is asked at all.
    """

    reach: Reach
    test: Sql
    errors: bool
    durations: tuple[int | None, int | None]
    costly: bool
    selective: bool

    @classmethod
    def of(cls, snapshot: Snapshot, condition: Condition) -> Asked:
        """What a condition means."""
        parts = conjuncts(condition)
        # A comparison of what the process alone decides holds for all that are reached.
        rest = [part for part in parts if not (isinstance(part, Compare) and is_of_process(part))]
        quick = all(isinstance(part, Always) or (isinstance(part, Compare) and part.field in _QUICK) for part in rest)
        return cls(
            Reach(snapshot, processes(condition)),
            where(All(tuple(rest))),
            FAILED in parts,
            limits(parts, DURATION),
            not quick,
            bool(parts),
        )

    @property
    def limits_duration(self) -> bool:
        """Whether durations are limited."""
        return self.durations != (None, None)

    @property
    def everywhere(self) -> Sql:
        """The test of a row of any process."""
        ids = self.reach.processes
        return self.test if ids is None else among("s.process_id", ids) & self.test
