"""Decisions of a store: pages of them, one whole, and what there is of each kind."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.errors import NotFound
from obsv.store.file import Readable, Row
from obsv.store.ground import Cursor, Window

MOST_LINES = 500
_HAS = "select 1 from sqlite_schema where type = 'table' and name = 'decision_made'"
_COLUMNS = """
d.id, d.decision_id, d.ts, d.time_ns, d.duration_ns, d.kind, d.subject, d.mode, d.verdict, d.action, d.actor, d.policy,
d.is_shadow, d.refused_by, d.trace as trace_id, lower(hex(d.span_id)) as span_id, d.service, d.violations,
d.judgement,
(select metrics from outcome_seen o where o.decision_id = d.decision_id and o.method = ''
 order by o.time_ns desc limit 1) as metrics
"""
_LATEST = '`obsv sql "select ts, decision_id, kind, subject from decision order by ts desc limit 20"` lists the latest.'
_KINDS = """
select kind, mode, count(*) as decisions, count(*) filter (where verdict = 'pass') as passed,
  count(*) filter (where verdict = 'block') as blocked, count(*) filter (where verdict = 'error') as failed
from decision_made indexed by decision_by_kind where time_ns between :start and :end group by kind, mode
"""
_GATES = """
select g.name, v.position, v.observed, v.op, v.threshold, v.margin, v.margin_share, v.passed, v.is_shadow, v.latency_ns,
  v.version, v.text
from gate_value v join gate g on g.id = v.gate_id where v.made = ? order by v.position
"""
_RESULTS = """
select ts, time_ns, method, alternative, judgement, metrics, label_cutoff, violations, service from outcome_checked
where decision_id = ? order by time_ns, id
"""


class DecisionFilters(NamedTuple):
    """Filters of decisions; None and empty values match all.

    Args:
        kind, mode, subject, verdict, service: exactly.
        gate: that refused first.
        trace_id: hex.
        shadow: whether they were made for comparison only.
        violating: only those that break a rule of time.
    """

    kind: str | None = None
    mode: str | None = None
    subject: str | None = None
    verdict: str | None = None
    service: str | None = None
    gate: str | None = None
    trace_id: str | None = None
    shadow: bool | None = None
    violating: bool = False


class DecisionLine(NamedTuple):
    """A decision at a glance. `judgement` and `metrics` (JSON) are of its latest counterfactual and outcome."""

    id: int
    decision_id: str
    ts: str
    time_ns: int
    duration_ns: int
    kind: str
    subject: str
    mode: str
    verdict: str
    action: str
    actor: str
    policy: str
    is_shadow: bool
    refused_by: str
    trace_id: str
    span_id: str
    service: str
    violations: str
    judgement: str
    metrics: str


class Decisions(NamedTuple):
    """A page of decisions, newest first. `cursor` names the next one; None on the last."""

    lines: list[DecisionLine]
    cursor: str | None


class GateLine(NamedTuple):
    """A gate of a decision; see the view `gate_result`. `text` is empty where it has no template."""

    gate: str
    position: int
    observed: Any
    op: str
    threshold: Any
    margin: float | None
    margin_share: float | None
    passed: bool
    is_shadow: bool
    latency_ns: int | None
    version: str
    text: str


class ResultLine(NamedTuple):
    """An outcome, or a counterfactual, which has a method."""

    ts: str
    time_ns: int
    method: str
    alternative: str
    judgement: str
    metrics: str
    label_cutoff: str | None
    violations: str
    service: str


class DecisionFull(NamedTuple):
    """A decision with all that belongs to it. `inputs` and `attributes` are JSON."""

    line: DecisionLine
    inputs: str
    attributes: str
    exception: str | None
    gates: list[GateLine]
    results: list[ResultLine]


class KindLine(NamedTuple):
    """Counts of the decisions of a kind in a mode."""

    kind: str
    mode: str
    decisions: int
    passed: int
    blocked: int
    failed: int


def has_decisions(reader: Readable) -> bool:
    """Return whether the file has the tables of decisions."""
    return bool(reader.query(_HAS))


def read_kinds(reader: Readable, window: Window) -> list[KindLine]:
    """Read what was decided, by kind and mode."""
    if not has_decisions(reader):
        return []
    return [KindLine(*row) for row in reader.query(_KINDS, span_of(window))]


def span_of(window: Window) -> dict[str, int]:
    """Return the bounds of a window as parameters."""
    return {"start": window.range.first_ns, "end": window.range.last_ns}


def read_decisions(
    reader: Readable, filters: DecisionFilters, window: Window, cursor: str | None = None, limit: int = 100
) -> Decisions:
    """Read a page of decisions, newest first.

    Args:
        window: of their times.
        cursor: of the page before; None for the first page.
        limit: of lines.

    Raises:
        InvalidQuery: the cursor is none.
    """
    if not has_decisions(reader):
        return Decisions([], None)
    params: dict[str, Any] = {**span_of(window), "limit": limit + 1}
    conditions = ["d.time_ns between :start and :end", *_conditions(filters, params)]
    if cursor is not None:
        params["time"], params["id"] = Cursor.parse(cursor)
        conditions.append("(d.time_ns, d.id) < (:time, :id)")
    sql = f"select {_COLUMNS} from decision_made d where {' and '.join(conditions)}"
    found = reader.query(f"{sql} order by d.time_ns desc, d.id desc limit :limit", params)
    lines = [_line(row) for row in found[:limit]]
    return Decisions(lines, str(Cursor(lines[-1].time_ns, lines[-1].id)) if len(found) > limit else None)


def read_decision(reader: Readable, decision_id: str) -> DecisionFull:
    """Read one decision.

    Args:
        decision_id: its id, or the beginning of it, of at least six characters, if no other begins so.

    Raises:
        NotFound: there is none, or several.
    """
    found: list[Row] = []
    if has_decisions(reader):
        sql = f"select {_COLUMNS}, d.inputs, d.attributes, d.exception from decision_made d where d.decision_id"
        found = reader.query(f"{sql} = ?", (decision_id,))
        if not found and len(decision_id) >= 6:
            found = reader.query(f"{sql} >= ? and d.decision_id < ? limit 2", (decision_id, decision_id + "\U0010ffff"))
    if len(found) != 1:
        told = "Several decisions begin with" if found else "There is no decision"
        raise NotFound(f"{told} {decision_id!r:.80}. {_LATEST}")
    row = found[0]
    line = _line(row)
    gates = [
        GateLine(*each)._replace(passed=bool(each["passed"]), is_shadow=bool(each["is_shadow"]))
        for each in reader.query(_GATES, (line.id,))
    ]
    results = [ResultLine(*each) for each in reader.query(_RESULTS, (line.decision_id,))]
    return DecisionFull(line, row["inputs"], row["attributes"], row["exception"], gates, results)


def _conditions(filters: DecisionFilters, params: dict[str, Any]) -> list[str]:
    found = []
    for name, column in (
        ("kind", "d.kind"),
        ("mode", "d.mode"),
        ("subject", "d.subject"),
        ("verdict", "d.verdict"),
        ("service", "d.service"),
        ("gate", "d.refused_by"),
        ("trace_id", "d.trace"),
    ):
        given = getattr(filters, name)
        if given:
            params[name] = given.lower() if name == "trace_id" else given
            # For the indexes, which hold only what has one.
            partial = {"subject": "d.subject <> ''", "gate": "d.refused_by <> ''", "trace_id": "d.trace_id <> x''"}
            found += [f"{column} = :{name}", *([partial[name]] if name in partial else [])]
    if filters.shadow is not None:
        found.append("d.is_shadow" if filters.shadow else "not d.is_shadow")
    if filters.violating:
        found.append("d.violations <> '[]'")
    return found


def _line(row: Row) -> DecisionLine:
    values = [row[name] for name in DecisionLine._fields]
    line = DecisionLine(*values)
    return line._replace(is_shadow=bool(line.is_shadow), metrics=line.metrics or "")
