"""Names in the journal of decisions: modes, gates, policies and artifacts that decided."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import Window

MOST_NAMES = 100

_HAS_JOURNAL = "select 1 from sqlite_schema where type = 'table' and name = 'decision_made'"
_BETWEEN = "time_ns >= :start and time_ns < :end"
_MODES = f"select mode, count(*) from decision_made where {_BETWEEN} group by 1 order by 2 desc limit {MOST_NAMES}"
_POLICIES = f"""
select policy, count(*), min(time_ns) from decision_made where {_BETWEEN} and policy <> '' group by 1 order by 3
limit {MOST_NAMES}
"""
_ACTORS = f"""
select actor, count(*), min(time_ns) from decision_made where {_BETWEEN} and actor <> '' group by 1 order by 3 desc
limit {MOST_NAMES}
"""
_GATES = f"""
select g.mode, g.name, count(*) from decision_made d join gate g
  on g.kind = d.kind and g.mode = d.mode and g.name = d.refused_by
where d.{_BETWEEN.replace(" and ", " and d.")} group by 1, 2 order by 3 desc limit {MOST_NAMES}
"""
_OTHER_GATES = f"select distinct mode, name from gate order by id limit {MOST_NAMES}"


class JournalNames(NamedTuple):
    """Names in the journal of a window, the most frequent first.

    Attributes:
        modes: modes of decisions.
        gates: mode and name; those that refused most first, then others that there are.
        policies: hashes of rules, in the order in which they were first used.
        actors: artifacts that decided, the one that began last first.
    """

    modes: tuple[str, ...]
    gates: tuple[tuple[str, str], ...]
    policies: tuple[str, ...]
    actors: tuple[str, ...]


def read_journal_names(reader: Readable, window: Window) -> JournalNames:
    """Return the names in the journal of a window, at most 100 of each."""
    bounds = {"start": window.start_ns, "end": window.end_ns}
    with reader.snapshot() as store:
        if store.one(_HAS_JOURNAL) is None:
            return JournalNames((), (), (), ())
        refusing = [(row[0], row[1]) for row in store.query(_GATES, bounds)]
        others = [(row[0], row[1]) for row in store.query(_OTHER_GATES)]
        return JournalNames(
            tuple(row[0] for row in store.query(_MODES, bounds)),
            tuple(dict.fromkeys([*refusing, *others]))[:MOST_NAMES],
            tuple(row[0] for row in store.query(_POLICIES, bounds)),
            tuple(row[0] for row in store.query(_ACTORS, bounds)),
        )
