"""`obsv gates`: gates in figures, a decision explained, another threshold tried, a file of rules checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.analysis.markdown import one_line
from obsv.cli.common import now_ns
from obsv.cli.output import print_json, say, table
from obsv.decisions import Policy
from obsv.decisions.gates_file import load_gates
from obsv.nouns import counted
from obsv.quantities import seconds
from obsv.since import since as instant
from obsv.store.figures import DecisionFull, Flipped, GateFigures, GateFilters, GateLine
from obsv.store.ground import Window
from obsv.store.seam import Store, open_store

_BIAS = (
    "Only refusals whose other way was followed or simulated are judged, and these are no random ones; a threshold "
    "chosen on these decisions will look better on them than on the next."
)


def list_gates(db: Path, kind: str | None, mode: str | None, since: str, as_json: bool) -> None:
    """Print a line for each gate."""
    with _opened(db) as store:
        found = store.read_gates(GateFilters(kind, mode), _window(since))
    if as_json:
        print_json(*(each._asdict() for each in found))
    elif not found:
        say("No gates. obsv.decide(…) records decisions, d.gate(…) their gates.")
    else:
        names = ("Gate", "Kind", "Mode", "Seen", "Passed", "Refused first", "Good", "Bad", "Not judged")
        table(names, [_cells(each) for each in found], right=names[3:])


def _cells(each: GateFigures) -> tuple[str, ...]:
    unknown = each.blocked - each.good - each.bad - each.neutral
    counts = (each.blocked, each.good, each.bad, unknown)
    return (
        each.gate,
        each.kind,
        each.mode,
        f"{each.seen:,}",
        _percent(each.passed, each.seen),
        *map("{:,}".format, counts),
    )


def explain_decision(db: Path, decision_id: str, as_json: bool) -> None:
    """Print the gates of a decision."""
    with _opened(db) as store:
        found = store.read_decision(decision_id)
    if as_json:
        gates, results = ([each._asdict() for each in part] for part in (found.gates, found.results))
        print_json({**found.line._asdict(), "gates": gates, "results": results})
        return
    _explain(found)


def _explain(found: DecisionFull) -> None:
    line = found.line
    about = " ".join(part for part in (line.kind, line.subject, line.mode) if part)
    why = f": refused by {line.refused_by}" if line.refused_by else ""
    say(one_line(f"{line.ts}  {about}  {line.verdict}{why}"))
    for gate in found.gates:
        after = "  (after the refusal)" if gate.is_shadow else ""
        say(f"  {'+' if gate.passed else '-'} {one_line(explained(gate))}{after}")
    for each in found.results:
        say(one_line(f"  {each.ts}  {each.method or 'outcome'} {each.metrics} {each.judgement}".rstrip()))
    for told in json.loads(line.violations or "[]"):
        say(f"  ! {one_line(str(told))}")


def explained(gate: GateLine) -> str:
    """Return the explanation of a gate: its template's, else the comparison with the margin."""
    if gate.text:
        return gate.text
    margin = "" if gate.margin is None else f", margin {gate.margin:+.4g}"
    share = "" if gate.margin_share is None else f" ({gate.margin_share:+.1%})"
    return f"{gate.gate}: {_number(gate.observed)} {gate.op} {_number(gate.threshold)}{margin}{share}"


def what_if(
    db: Path, gate: str, threshold: float, kind: str | None, mode: str | None, since: str, as_json: bool
) -> None:
    """Print what another threshold would have done."""
    with _opened(db) as store:
        found = store.read_what_if(gate, threshold, GateFilters(kind, mode), _window(since))
    if as_json:
        turned = {"let_in": found.let_in._asdict(), "shut_out": found.shut_out._asdict()}
        print_json({**found._asdict(), **turned})
        return
    say(f"{found.before:,} of {found.seen:,} passed; with {threshold:g}, {found.after:,} would.")
    say(f"Let in: {_turned(found.let_in, are_blocks=True)}")
    say(f"Shut out: {_turned(found.shut_out, are_blocks=False)}")
    say(_BIAS)


def _turned(found: Flipped, *, are_blocks: bool) -> str:
    text = counted(found.decisions, "decision")
    if are_blocks and found.decisions:
        text += f", judged: {found.bad:,} bad blocks, {found.good:,} good, {found.neutral:,} neutral"
    if found.with_pnl:
        text += f"; result of {found.with_pnl:,}: {found.pnl:+.6g}, {_percent(found.won, found.with_pnl)} won"
    return text


def check_file(file: Path, db: Path, since: str, as_json: bool) -> int:
    """Print the rules of a file with their targets, and how often the gates passed; 1 where a target is missed."""
    policy = load_gates(file, is_registered=False)
    figures: dict[tuple[str, str], tuple[int, int]] = {}
    if db.exists():
        with _opened(db) as store:
            for each in store.read_gates(GateFilters(), _window(since)):
                passed, seen = figures.get((each.gate, each.mode), (0, 0))
                figures[each.gate, each.mode] = passed + each.passed, seen + each.seen
    rows = [row for mode in policy.modes or ("",) for row in _checked(policy, mode, figures)]
    if as_json:
        names = ("gate", "mode", "rule", "target", "passed", "state")
        print_json(*(dict(zip(names, row, strict=True)) for row in rows))
    else:
        table(("Gate", "Mode", "Rule", "Target", "Passed", ""), rows)
        for note in policy.notes:
            say(f"Nothing reads {one_line(note)}.")
        say(f"{file} is valid: version {policy.version or 'none'}, id {policy.id[:12]}.")
    return int(any(row[-1] == "missed" for row in rows))


def _checked(policy: Policy, mode: str, figures: dict[tuple[str, str], tuple[int, int]]) -> Iterator[tuple[str, ...]]:
    for gate in policy.gates(mode):
        rule = policy.rule(gate, mode)
        passed, seen = figures.get((gate, mode), (0, 0))
        state = ""
        if rule.target is not None and seen:
            state = "kept" if rule.target[0] <= passed / seen <= rule.target[1] else "missed"
        target = "" if rule.target is None else f"{rule.target[0]:.0%} to {rule.target[1]:.0%}"
        share = f"{_percent(passed, seen)} of {seen:,}" if seen else ""
        yield gate, mode, f"{rule.op} {_number(rule.threshold)}", target, share, state


def print_rules(file: Path, window: str) -> None:
    """Print an alert rule for each bound of a target."""
    policy = load_gates(file, is_registered=False)
    ago = f"-{seconds('window', window):.0f} seconds"
    for mode in policy.modes or ("",):
        for gate in policy.gates(mode):
            target = policy.rule(gate, mode).target
            bounds = () if target is None else ((target[0], 0.0, "<"), (target[1], 1.0, ">"))
            for share, end, op in bounds:
                if share != end:
                    sys.stdout.write(_rule(gate, mode, share, op, ago) + "\n")


def _rule(gate: str, mode: str, share: float, op: str, ago: str) -> str:
    where = f"gate = {_sql(gate)} and mode = {_sql(mode)} and ts > datetime('now', '{ago}')"
    name = f"gate {gate} {mode}".rstrip() + (" passes too rarely" if op == "<" else " passes too often")
    return "\n".join(
        (
            "[[alerts.rule]]",
            f"name = {json.dumps(name)}",
            'kind = "sql"',
            f"query = {json.dumps(f'select avg(passed) from gate_result where {where}')}",
            f'op = "{op}"',
            f"threshold = {share:g}",
            "",
        )
    )


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _window(since: str) -> Window:
    now = now_ns()
    return Window(instant(since, now), now + 1_000_000_000)


@contextmanager
def _opened(db: Path) -> Iterator[Store]:
    store = open_store(db)
    try:
        yield store
    finally:
        store.close()
