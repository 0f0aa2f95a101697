"""A report: what was decided, how it turned out, what changed, and what deserves a look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from obsv.errors import ObsvError
from obsv.measures import Definition, shown
from obsv.reports.facts import Asked, Fact, Facts
from obsv.reports.gates import GateKeys, gate_facts
from obsv.reports.insights import Insight, insights
from obsv.reports.references import problems, references
from obsv.store.ground import Scope, Window
from obsv.store.seam import Store
from obsv.times import ts

Kind = Literal["daily", "weekly"]
LENGTH_NS: Mapping[str, int] = {"daily": 86_400_000_000_000, "weekly": 7 * 86_400_000_000_000}
_SCHEDULES = {"daily": ("hourly", "daily"), "weekly": ("hourly", "daily", "weekly")}
_MOST_MODES, _MOST_CHANGES = 10, 20
# Metrics that the texts below name: they are measured for every report, whatever schedule and group a file gives them.
_NAMED_BY_MODE = frozenset(("decisions", "pass_rate", "trades", "total_pnl", "win_rate", "profit_factor", "drawdown"))
_NAMED = _NAMED_BY_MODE | {
    "blocked",
    "outcomes",
    "auc",
    "brier",
    "calibration_error",
    "judged_blocks",
    "good_blocks",
    "bad_blocks",
    "missed_pnl",
    "calls",
    "failed_calls",
    "error_rate",
    "call_time_mean",
    "severe_records",
    "warnings",
}


class CannotReport(ObsvError):
    """A report has a number that its statement does not give."""


class Section(NamedTuple):
    """A heading and lines with references."""

    title: str
    lines: tuple[str, ...]


class Report(NamedTuple):
    """A report.

    Attributes:
        kind: daily or weekly.
        window: the period.
        summary: a few sentences with references.
        sections: the rest, with references.
        insights: what rules found.
        facts: by key.
        phrased_by: the language model that wrote the summary; empty for the template.
    """

    kind: str
    window: Window
    summary: str
    sections: tuple[Section, ...]
    insights: tuple[Insight, ...]
    facts: Mapping[str, Fact]
    phrased_by: str = ""

    def texts(self) -> list[str]:
        """Return all texts that refer to facts."""
        return [
            self.summary,
            *(line for each in self.sections for line in each.lines),
            *(i.text for i in self.insights),
        ]


def make_report(store: Store, known: Mapping[str, Definition], kind: str, end_ns: int) -> Report:
    """Make the report of the period that ends at a time, and verify each of its numbers.

    Args:
        store: what was decided and recorded.
        known: metrics.
        kind: `daily` or `weekly`.
        end_ns: Unix time.

    Raises:
        CannotReport: a number is not what its statement gives.
    """
    window = Window(end_ns - LENGTH_NS[kind], end_ns)
    with store.view() as view:
        facts = Facts(view, known, window)
        report = _made(view, facts, kind)
        wrong = [
            *verified(report.texts(), report.facts),
            *facts.changed(key for text in report.texts() for key in references(text)),
        ]
    if wrong:
        raise CannotReport(f"The report cannot be verified: {wrong[0]}. Please report this as an error of obsv.")
    return report


def verified(texts: Iterable[str], facts: Mapping[str, Fact]) -> list[str]:
    """Return why texts cannot be printed: numbers that are not references, and references to nothing."""
    return [problem for text in texts for problem in problems(text, facts)]


def _made(store: Store, facts: Facts, kind: str) -> Report:
    names = store.read_journal_names(facts.window)
    modes = names.modes[:_MOST_MODES]
    pairs = _ask(facts, kind, modes)
    gates = gate_facts(facts, names.gates)
    sections = (
        Section("What was decided", tuple(_decided(facts, modes, gates))),
        Section("How it turned out", tuple(_results(facts, modes))),
        Section("What changed", tuple(_changes(store, facts))),
        Section("The program", tuple(_program(facts))),
    )
    found = insights(facts, gates, pairs)
    return Report(kind, facts.window, _summary(facts, found), sections, tuple(found), facts.by_key)


def _ask(facts: Facts, kind: str, modes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Measure the metrics that texts name, and those of the schedule, by mode, now and before.

    Returns:
        The keys of each pair of the schedule.
    """
    asked, pairs = [], []
    for each in facts.known.values():
        is_due = each.schedule in _SCHEDULES[kind]
        if not is_due and each.name not in _NAMED:
            continue
        has_modes = each.name in _NAMED_BY_MODE or each.group in ("trading", "decisions", "model")
        for mode in (None, *(modes if has_modes else ())):
            key = each.name if mode is None else f"{each.name}.mode{modes.index(mode)}"
            asked += [
                Asked(key, each.name, Scope(mode)),
                Asked(f"{key}.before", each.name, Scope(mode), is_before=True),
            ]
            if is_due:
                pairs.append((key, f"{key}.before"))
    facts.ask(asked)
    for number, mode in enumerate(modes):
        facts.name(f"mode{number}", "Mode", mode or "(no mode)")
    for key, _ in pairs:
        target = facts.measured(key).target
        if target is not None:
            unit = facts.measured(key).definition.unit
            facts.by_key[f"target.{key}"] = Fact(f"target.{key}", "Target", shown(target, unit), target)
    return pairs


def _decided(facts: Facts, modes: tuple[str, ...], gates: list[GateKeys]) -> list[str]:
    if not facts.value("decisions"):
        return ["Nothing was decided."]
    each_mode = "{{{{mode{0}}}}}: {{{{decisions.mode{0}}}}} decisions, {{{{pass_rate.mode{0}}}}} passed."
    numbers = range(len(modes)) if len(modes) > 1 else ()
    refusing = [each for each in gates if facts.value(each.refused)]
    return [
        "{{decisions}} decisions (before: {{decisions.before}}); {{pass_rate}} passed, {{blocked}} blocked.",
        *map(each_mode.format, numbers),
        *(_gate_line(facts, each) for each in refusing),
    ]


def _gate_line(facts: Facts, gate: GateKeys) -> str:
    figures = f"refused {{{{{gate.refused}}}}} decisions and passed {{{{{gate.rate}}}}}"
    return f"The gate {gate.name} {figures}{_before(facts, gate.rate_before)}."


def _before(facts: Facts, key: str) -> str:
    return "" if facts.value(key) is None else f" (before: {{{{{key}}}}})"


_TRADES = (
    "{{{{trades{0}}}}} trades: profit and loss {{{{total_pnl{0}}}}}, win rate {{{{win_rate{0}}}}}{1}, "
    "profit factor {{{{profit_factor{0}}}}}, largest drawdown {{{{drawdown{0}}}}}."
)
_MODEL = "The model: area under the ROC curve {{auc}}, Brier score {{brier}}, calibration error {{calibration_error}}."
_REFUSALS = (
    "Of {{judged_blocks}} refusals it is known how they would have gone: {{good_blocks}} were right, {{bad_blocks}} "
    "were wrong; together they would have made {{missed_pnl}}. Other refusals are not judged."
)


def _trades(facts: Facts, scope: str) -> str:
    return _TRADES.format(scope, _before(facts, f"win_rate{scope}.before"))


def _results(facts: Facts, modes: tuple[str, ...]) -> list[str]:
    if not facts.value("outcomes") and not facts.value("judged_blocks"):
        return ["No outcome became known."]
    lines = ["{{outcomes}} outcomes became known."]
    if facts.value("trades"):
        numbers = [at for at in range(len(modes)) if len(modes) > 1 and facts.value(f"trades.mode{at}")]
        lines.append(_trades(facts, ""))
        lines += [f"{{{{mode{at}}}}}: {_trades(facts, f'.mode{at}')}" for at in numbers]
    if facts.value("auc") is not None:
        lines.append(_MODEL)
    if facts.value("judged_blocks"):
        lines.append(_REFUSALS)
    return lines


def _changes(store: Store, facts: Facts) -> list[str]:
    lines = []
    for number, each in enumerate(store.registered_between(facts.window.start_ns, facts.window.end_ns, _MOST_CHANGES)):
        name = facts.name(f"artifact{number}", "Artifact", f"{each.kind} {each.name} {each.artifact_id[:12]}")
        by = facts.name(f"artifact{number}.who", "Who", each.who)
        why = facts.name(f"artifact{number}.why", "Why", each.why) if each.why else ""
        lines.append(f"{by} registered {name}{': ' if why else ''}{why}.")
    for number, mark in enumerate(store.read_milestones(facts.window, _MOST_CHANGES)):
        name = facts.name(f"milestone{number}", "What", f"{mark.kind} {mark.name} {mark.service}".strip())
        when = facts.name(f"milestone{number}.when", "When", ts(mark.at_ns)[:16])
        lines.append(f"{name}, {when} UTC.")
    now = store.read_journal_names(facts.window).policies
    known = set(store.read_journal_names(facts.before).policies)
    for number, policy in enumerate([each for each in now if each not in known][:_MOST_CHANGES] if known else []):
        lines.append(f"The rules of gates changed: {facts.name(f'policy{number}', 'Policy', policy[:12])}.")
    return lines or ["No model, configuration, data or rule changed, and nothing was deployed."]


def _program(facts: Facts) -> list[str]:
    if not facts.value("calls"):
        return ["No call was recorded, or they are older than the store keeps."]
    return [
        "{{calls}} calls, {{failed_calls}} of them failed ({{error_rate}}); mean time {{call_time_mean}}.",
        "{{severe_records}} log records of ERROR and above, {{warnings}} warnings.",
    ]


def _summary(facts: Facts, found: list[Insight]) -> str:
    if not facts.value("decisions") and not facts.value("outcomes"):
        return "Nothing was decided, and no outcome became known."
    text = "{{decisions}} decisions, {{pass_rate}} passed."
    if facts.value("trades"):
        text += " {{trades}} trades made {{total_pnl}} with a win rate of {{win_rate}}."
    bad = [each for each in found if each.is_bad]
    return f"{text} {bad[0].text}" if bad else f"{text} Nothing became worse, as far as the rules can tell."
