"""The processes and signatures that group, process and variable filters leave, and what the rollups say of them."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Snapshot
from obsv.store.finding.filters import Filters
from obsv.store.ground import MINUTE_NS, Window

PROCESSES = """
select id from process where (:group is null or process_group = :group) and (:process is null or name = :process)
"""
SIGNATURES = """
select distinct f.signature_id, g.process_id from signature_field f indexed by signature_field_by_name
cross join signature g on g.id = f.signature_id where f.name = :variable
"""
SUMS = """
select coalesce(sum(count), 0), coalesce(sum(errors), 0),
  coalesce(sum(iif(mine, count, 0)), 0), coalesce(sum(iif(mine, errors, 0)), 0)
from (
  select count, errors, :processes is null or process_id in (select value from json_each(:processes)) as mine
  from process_minute where minute between :first and :last
)
"""


class Scope(NamedTuple):
    """What filters by name leave; None: all.

    Attributes:
        processes: ids of processes.
        signatures: ids of signatures that have the wanted variable.
    """

    processes: list[int] | None = None
    signatures: list[int] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no call can match."""
        return self.processes == [] or self.signatures == []

    @classmethod
    def of(cls, store: Snapshot, filters: Filters) -> Scope:
        """The scope of filters."""
        processes: list[int] | None = None
        signatures: list[int] | None = None
        if filters.group or filters.process:
            named = {"group": filters.group, "process": filters.process}
            processes = [row[0] for row in store.query(PROCESSES, named)]
        if filters.variable:
            pairs = [tuple(row) for row in store.query(SIGNATURES, {"variable": filters.variable})]
            wanted = {process for _, process in pairs} if processes is None else set(processes)
            signatures = [signature for signature, process in pairs if process in wanted]
            processes = sorted({process for _, process in pairs if process in wanted})
        return cls(processes, signatures)


class Load(NamedTuple):
    """What the rollups say of a window: all calls and errors, and those within the scope."""

    calls: int
    errors: int
    mine: int
    my_errors: int

    @classmethod
    def of(cls, store: Snapshot, scope: Scope, window: Window) -> Load:
        """The load of a window, in whole minutes."""
        processes = None if scope.processes is None else str(scope.processes)
        row = store.one(SUMS, {**minutes(window), "processes": processes})
        return cls(*row) if row else cls(0, 0, 0, 0)


def minutes(window: Window) -> dict[str, int]:
    """The minutes that a window touches: `first` and `last`; minute 0 stands for all time and is none of them."""
    return {"first": max(1, window.start_ns // MINUTE_NS), "last": max(1, (window.end_ns - 1) // MINUTE_NS)}
