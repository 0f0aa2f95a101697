"""Decisions that two artifacts made about the same: where they agree, and where they differ."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.file import Readable
from obsv.store.ground import Window

MOST_PAIRS = 100_000
_SECOND_NS = 1_000_000_000

_HAS_JOURNAL = "select 1 from sqlite_schema where type = 'table' and name = 'decision_made'"
_PNL = """
(select o.pnl from outcome_checked o where o.decision_id = {0} and o.violations = '[]' order by o.time_ns desc limit 1)
"""
# Of several decisions of the second artifact the one nearest in time: the row of the minimum.
_PAIRS = f"""
select a.decision_id as before_id, b.decision_id as after_id, a.time_ns as time_ns, a.kind as kind,
  a.subject as subject, a.mode as mode, a.verdict as before_verdict, b.verdict as after_verdict,
  min(abs(b.time_ns - a.time_ns)) as distance
from (
  select * from decision_made
  where actor = :before and subject <> '' and time_ns >= :start and time_ns < :end
  order by time_ns desc limit {MOST_PAIRS}
) a join decision_made b on b.subject = a.subject and b.subject <> '' and b.actor = :after and b.kind = a.kind
  and b.mode = a.mode and b.time_ns between a.time_ns - :within and a.time_ns + :within
group by a.id
"""
_COUNTS = f"select count(*), total(before_verdict <> after_verdict) from ({_PAIRS})"
_DIFFERENT = f"""
select d.before_id, d.after_id, d.time_ns, d.kind, d.subject, d.mode, d.before_verdict, d.after_verdict,
  {_PNL.format("d.before_id")} as before_pnl, {_PNL.format("d.after_id")} as after_pnl from ({_PAIRS}) d
where before_verdict <> after_verdict order by time_ns desc limit :limit
"""


class Disagreement(NamedTuple):
    """Two decisions about the same with different verdicts.

    Attributes:
        before_id, after_id: decisions of the first and of the second artifact.
        time_ns: of the first decision, Unix time.
        kind, subject, mode: what was decided about.
        before_verdict, after_verdict: pass, block or error.
        before_pnl, after_pnl: the latest result, also of a counterfactual; None if unknown.
    """

    before_id: str
    after_id: str
    time_ns: int
    kind: str
    subject: str
    mode: str
    before_verdict: str
    after_verdict: str
    before_pnl: float | None
    after_pnl: float | None


class Paired(NamedTuple):
    """Pairs of decisions about the same: how many, how many differ, and the latest of those."""

    pairs: int
    different: int
    disagreements: list[Disagreement]


def read_paired(
    reader: Readable, before: str, after: str, window: Window, within_s: float = 60.0, limit: int = 100
) -> Paired:
    """Pair the decisions of two artifacts by kind, subject, mode and time.

    Args:
        before, after: actors, as decisions name them.
        window: times of the first artifact's decisions.
        within_s: largest distance in time of the two decisions of a pair, in seconds.
        limit: number of disagreements.
    """
    bounds = {
        "before": before,
        "after": after,
        "start": window.start_ns,
        "end": window.end_ns,
        "within": int(within_s * _SECOND_NS),
    }
    with reader.snapshot() as store:
        if store.one(_HAS_JOURNAL) is None:
            return Paired(0, 0, [])
        row = store.one(_COUNTS, bounds)
        assert row is not None
        found = store.query(_DIFFERENT, {**bounds, "limit": limit})
        return Paired(int(row[0]), int(row[1]), [Disagreement(*each) for each in found])
