"""Events of programs beside their calls: new versions, and reported deployments."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable, Snapshot
from obsv.store.ground import Window

DEPLOY, VERSION = "deploy", "version"
MOST = 200

HAS_VERSIONS = "select 1 from sqlite_schema where type = 'table' and name = 'deploy'"
# The first version of a service is not a change.
NEW = """
select v.first_ns as at_ns, 'version' as kind, v.name, v.service, v.kind as note from version v
where v.first_ns >= :start and v.first_ns < :end
  and exists (select 1 from version o where o.service = v.service and o.id < v.id)
union all
select d.at_ns, 'deploy', d.name, d.service, d.note from deploy d where d.at_ns >= :start and d.at_ns < :end
order by at_ns desc limit :limit
"""


class Milestone(NamedTuple):
    """An event that may explain a change in calls.

    Attributes:
        at_ns: time of the event, Unix time.
        kind: `deploy`, or `version`: the first call of a version in this store.
        name: its name.
        service: its service; empty for all.
        note: for a deployment, a note; for a version, its kind of name: version, commit or code.
    """

    at_ns: int
    kind: str
    name: str
    service: str
    note: str


def read_milestones(reader: Readable, window: Window, limit: int = MOST) -> list[Milestone]:
    """Return the latest milestones in a window, oldest first."""
    with reader.snapshot() as store:
        return milestones(store, window, limit)


def milestones(store: Snapshot, window: Window, limit: int = MOST) -> list[Milestone]:
    """Return the latest milestones in a window from a snapshot, oldest first."""
    if store.one(HAS_VERSIONS) is None:
        return []
    bounds = {"start": window.start_ns, "end": window.end_ns, "limit": limit}
    return [Milestone(*row) for row in reversed(store.query(NEW, bounds))]
