"""Decisions that two artifacts made about the same: where they agree, and where they differ."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from obsv.store.file import Readable, Row
from obsv.store.ground import Window

MOST_PAIRS = 100_000
_SECOND_NS = 1_000_000_000

_HAS_JOURNAL = "select 1 from sqlite_schema where type = 'table' and name = 'decision_made'"
_PNL = """
(select o.pnl from outcome_checked o where o.decision_id = {0} and o.violations = '[]' order by o.time_ns desc limit 1)
"""
# A join by ranges of time reads every decision about the same within a minute, for each: 100,000 in 14 hours took 9 s.
# A row for all that was decided about the same, oldest first.
_SIDES = f"""
select kind, subject, mode, json_group_array(id), json_group_array(actor = :before), json_group_array(time_ns),
  json_group_array(verdict)
from (
  select id, actor, time_ns, kind, subject, mode, verdict from (
    select id, actor, time_ns, kind, subject, mode, verdict from decision_made
    where actor in (:before, :after) and subject <> '' and time_ns >= :start - :within and time_ns < :end + :within
    order by time_ns desc limit {2 * MOST_PAIRS})
  order by time_ns)
group by kind, subject, mode
"""
_SIDE = f"""
select d.id, d.decision_id, {_PNL.format("d.decision_id")} as pnl from decision_made d
where d.id in (select value from json_each(?))
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
        pairs, different = _differing(store.query(_SIDES, bounds), bounds)
        latest = heapq.nlargest(limit, different, key=lambda pair: pair.time_ns)
        ids = json.dumps([number for pair in latest for number in (pair.before, pair.after)])
        told = {row[0]: (row[1], row[2]) for row in store.query(_SIDE, (ids,))}
    return Paired(pairs, len(different), [_disagreement(pair, told) for pair in latest])


class _Pair(NamedTuple):
    """Two decisions, by their `id`, with different verdicts, and what both are about."""

    before: int
    after: int
    time_ns: int
    verdicts: tuple[str, str]
    about: tuple[str, str, str]


def _differing(rows: Iterable[Row], bounds: Mapping[str, Any]) -> tuple[int, list[_Pair]]:
    """Pair each decision of the first artifact with the nearest of the second about the same.

    Returns:
        The number of pairs, and those that differ.
    """
    start, end, within = bounds["start"], bounds["end"], bounds["within"]
    pairs, found = 0, []
    for kind, subject, mode, *columns in rows:
        ids, firsts, times, verdicts = map(json.loads, columns)
        others = [at for at, is_first in enumerate(firsts) if not is_first]
        following = 0  # of the others, the first that is not older
        for at, is_first in enumerate(firsts):
            if not is_first:
                following += 1
                continue
            time_ns = times[at]
            nearest, distance = -1, within
            for other in others[max(0, following - 1) : following + 1]:
                apart = abs(times[other] - time_ns)
                if apart <= distance:
                    nearest, distance = other, apart
            if nearest >= 0 and start <= time_ns < end:
                pairs += 1
                if verdicts[at] != verdicts[nearest]:
                    both = verdicts[at], verdicts[nearest]
                    found.append(_Pair(ids[at], ids[nearest], time_ns, both, (kind, subject, mode)))
    return pairs, found


def _disagreement(pair: _Pair, told: Mapping[int, tuple[str, float | None]]) -> Disagreement:
    (before_id, before_pnl), (after_id, after_pnl) = told[pair.before], told[pair.after]
    return Disagreement(before_id, after_id, pair.time_ns, *pair.about, *pair.verdicts, before_pnl, after_pnl)
