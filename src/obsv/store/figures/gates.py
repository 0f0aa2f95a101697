"""Gates of a store: how often each lets pass, by how much, and what another threshold would have done."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, NamedTuple

from obsv.errors import NotFound
from obsv.gating import holds
from obsv.store.figures.decisions import has_decisions
from obsv.store.file import Readable
from obsv.store.ground import HOUR_NS, Window

BUCKETS = 40
# Observations of a gate that are looked at one by one, the latest ones: 100,000 take half a second.
MOST_LOOKED = 25_000
# The share that the histogram leaves out at each end: single values far out would leave nothing to be seen of the rest.
_OUTLIERS = 0.01
_WHERE = "(:kind is null or kind = :kind) and (:mode is null or mode = :mode)"
# Whole hours from their counts, what is left at both ends from the gates themselves.
_GATES = f"""
select kind, mode, name, sum(seen) as seen, sum(passed) as passed, sum(evaluated) as evaluated,
  sum(evaluated_passed) as evaluated_passed
from gate g join (
  select gate_id, seen, passed, evaluated, evaluated_passed from gate_hour where hour between :first and :last
  union all
  select gate_id, 1, passed, not is_shadow, passed and not is_shadow from gate_value
  where gate_id in (select id from gate) and time_ns between :start and :before
  union all
  select gate_id, 1, passed, not is_shadow, passed and not is_shadow from gate_value
  where gate_id in (select id from gate) and time_ns between :after and :end
) v on v.gate_id = g.id
where {_WHERE} group by g.id order by kind, mode, name
"""
# By what refused first: those blocks are the gate's own.
_BLOCKS = f"""
select kind, mode, refused_by, count(*) as blocked, count(*) filter (where judgement = 'good') as good,
  count(*) filter (where judgement = 'bad') as bad, count(*) filter (where judgement = 'neutral') as neutral
from decision_made indexed by decision_by_refusal
where refused_by <> '' and time_ns between :start and :end and {_WHERE} group by kind, mode, refused_by
"""
_IDS = f"select id from gate where name = :gate and {_WHERE}"
_LATEST = """
select made, passed, margin, observed, op, threshold from gate_value
where gate_id = ? and time_ns between ? and ? order by time_ns desc limit ?
"""
_SEEN = """
select coalesce(sum(seen), 0), coalesce(sum(passed), 0) from gate_hour
where gate_id = ? and hour between ? and ?
"""
# Decisions that this gate alone decides, with what is known of how they went, or would have gone.
_TURNED = """
select d.verdict = 'pass' as was_passed, count(*) as decisions, count(*) filter (where d.judgement = 'good') as good,
  count(*) filter (where d.judgement = 'bad') as bad, count(*) filter (where d.judgement = 'neutral') as neutral,
  count(o.pnl) as with_pnl, sum(o.pnl) as pnl, count(o.pnl) filter (where o.pnl > 0) as won
from (select value as made from json_each(?)) t join decision_made d on d.id = t.made
left join (
  select id, iif(json_type(metrics, '$.pnl') in ('integer', 'real'), json_extract(metrics, '$.pnl'), null) as pnl
  from outcome_seen) o on o.id = (
    select l.id from outcome_seen l where l.decision_id = d.decision_id and (l.method <> '') = (d.verdict = 'block')
    order by l.time_ns desc, l.id desc limit 1)
where d.verdict = 'pass' and d.refusals = 0 or d.verdict = 'block' and d.refusals = 1
group by 1
"""


class GateFilters(NamedTuple):
    """Filters of gates; None matches all."""

    kind: str | None = None
    mode: str | None = None


class GateFigures(NamedTuple):
    """A gate in figures.

    Attributes:
        seen, passed: all that were looked at, shadows too.
        evaluated, evaluated_passed: those that decided.
        blocked: decisions that it refused first.
        good, bad, neutral: of these, by their latest counterfactual; the rest is not judged.
    """

    kind: str
    mode: str
    gate: str
    seen: int
    passed: int
    evaluated: int
    evaluated_passed: int
    blocked: int
    good: int
    bad: int
    neutral: int


class MarginBucket(NamedTuple):
    """A bar of the histogram of margins, from `low` on."""

    low: float
    high: float
    passed: int
    refused: int


class GateInspected(NamedTuple):
    """A gate in detail, by its latest observations.

    Attributes:
        seen, passed: in the hours that the window touches.
        looked_at: observations that the histogram is of, the latest.
        op, threshold: the latest.
        margins: the histogram.
        outside: margins beyond it, at either end.
    """

    gate: str
    seen: int
    passed: int
    looked_at: int
    op: str
    threshold: Any
    margins: list[MarginBucket]
    outside: int


class Flipped(NamedTuple):
    """Decisions whose verdict another threshold would have turned.

    Attributes:
        good, bad, neutral: by their counterfactuals, of those that were blocked.
        with_pnl, won, pnl: what is known of how they went, or would have gone.
    """

    decisions: int = 0
    good: int = 0
    bad: int = 0
    neutral: int = 0
    with_pnl: int = 0
    pnl: float = 0.0
    won: int = 0


class WhatIf(NamedTuple):
    """Results of another threshold, from stored observations.

    Attributes:
        seen: observations that are numbers, the latest up to 25,000.
        before, after: how many of them pass.
        let_in: decisions that were blocked by this gate alone, and would pass.
        shut_out: decisions that passed, and would be blocked.
    """

    threshold: float
    seen: int
    before: int
    after: int
    let_in: Flipped
    shut_out: Flipped


def read_gates(reader: Readable, filters: GateFilters, window: Window) -> list[GateFigures]:
    """Read the figures of all gates."""
    if not has_decisions(reader):
        return []
    params = {**filters._asdict(), **_hours(window)}
    blocks = {tuple(row)[:3]: tuple(row)[3:] for row in reader.query(_BLOCKS, params)}
    rows = [tuple(row) for row in reader.query(_GATES, params)]
    return [GateFigures(*row, *blocks.get(row[:3], (0, 0, 0, 0))) for row in rows]


def read_gate(reader: Readable, gate: str, filters: GateFilters, window: Window) -> GateInspected:
    """Read one gate, with the histogram of its margins.

    Raises:
        NotFound: there is no such gate.
    """
    ids, found = _observed(reader, gate, filters, window)
    start, end = window.range.first_ns // HOUR_NS, window.range.last_ns // HOUR_NS
    counts = [reader.query(_SEEN, (each, start, end))[0] for each in ids]
    latest = found[0] if found else None
    margins = sorted((row[2], bool(row[1])) for row in found if row[2] is not None)
    buckets, outside = histogram(margins)
    return GateInspected(
        gate,
        sum(row[0] for row in counts),
        sum(row[1] for row in counts),
        len(found),
        latest[4] if latest else "",
        latest[5] if latest else None,
        buckets,
        outside,
    )


def read_what_if(reader: Readable, gate: str, threshold: float, filters: GateFilters, window: Window) -> WhatIf:
    """Read what another threshold of a gate would have done. Only comparisons with one number can be tried.

    Raises:
        NotFound: there is no such gate.
    """
    _, found = _observed(reader, gate, filters, window)
    tried = [(row[0], bool(row[1]), holds(row[3], row[4], threshold)) for row in found if _is_tried(row)]
    turned = [made for made, before, after in tried if before != after]
    rows = reader.query(_TURNED, (f"[{','.join(map(str, turned))}]",)) if turned else []
    flipped = {bool(row[0]): Flipped(*row[1:])._replace(pnl=row["pnl"] or 0.0) for row in rows}
    before, after = sum(each[1] for each in tried), sum(each[2] for each in tried)
    return WhatIf(threshold, len(tried), before, after, flipped.get(False, Flipped()), flipped.get(True, Flipped()))


def histogram(margins: list[tuple[float, bool]]) -> tuple[list[MarginBucket], int]:
    """Return bars for margins in order, with whether each passed, and how many are beyond them.

    Margins of zero are a bound of two bars: no bar has both sides.
    """
    skipped = int(len(margins) * _OUTLIERS)
    shown = margins[skipped : len(margins) - skipped]
    if not shown:
        return [], 0
    low, high = shown[0][0], shown[-1][0]
    width = (high - low) / BUCKETS or max(abs(high), 1.0) / BUCKETS
    if low < 0.0 < high:
        low = -width * -(low // width)
    bounds = [low + number * width for number in range(BUCKETS + 1)]
    counts = [[0, 0] for _ in range(BUCKETS + 1)]
    for margin, passed in shown:
        counts[max(0, bisect_right(bounds, margin) - 1)][not passed] += 1
    bars = [MarginBucket(at, at + width, *count) for at, count in zip(bounds, counts, strict=True)]
    return bars if any(counts[-1]) else bars[:-1], len(margins) - len(shown)


def _observed(
    reader: Readable, gate: str, filters: GateFilters, window: Window
) -> tuple[list[int], list[tuple[Any, ...]]]:
    """Return the ids of a gate in its modes and kinds, and its latest observations."""
    rows = reader.query(_IDS, {**filters._asdict(), "gate": gate}) if has_decisions(reader) else []
    if not rows:
        raise NotFound(f"There is no gate {gate!r:.100}; `obsv gates list` lists them.")
    ids, each = [int(row[0]) for row in rows], max(1, MOST_LOOKED // len(rows))
    bounds = window.range.first_ns, window.range.last_ns
    found = [tuple(row) for number in ids for row in reader.query(_LATEST, (number, *bounds, each))]
    return ids, sorted(found, key=lambda row: -row[0])


def _is_tried(row: tuple[Any, ...]) -> bool:
    return row[4] in ("<=", "<", ">=", ">") and isinstance(row[3], (int, float))


def _hours(window: Window) -> dict[str, int]:
    """Return the parts of a window: whole hours, and what is before and after them."""
    start, end = window.range.first_ns, window.range.last_ns
    first, last = -(-start // HOUR_NS), (end + 1) // HOUR_NS - 1
    if first > last:
        return {"start": start, "end": end, "first": 1, "last": 0, "before": end, "after": end + 1}
    return {
        "start": start,
        "end": end,
        "first": first,
        "last": last,
        "before": first * HOUR_NS - 1,
        "after": (last + 1) * HOUR_NS,
    }
