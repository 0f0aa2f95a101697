"""`overview`: the state of the program."""

from __future__ import annotations

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.errors import LOOKED_AT, error_lines
from obsv.analysis.durations import duration
from obsv.analysis.markdown import code
from obsv.nouns import counted
from obsv.store.figures import FunctionSums, PeriodTotals

_BUSIEST = 10


def overview(asked: Asked, since: str = "1h", max_tokens: int = USUAL_TOKENS) -> str:
    """Compare calls, error rate and p95 with the previous period; list errors and slow, changed and busy functions.

    Args:
        asked: the store.
        since: an age (90s, 1h, 7d) or a point in time (ISO 8601, UTC).
        max_tokens: maximum length of the answer.
    """
    window = asked.window(since)
    with asked.store.view() as store:
        found = store.read_overview(window)
        errors = store.read_error_groups(window, order="count", limit=LOOKED_AT).groups
        busiest = store.read_busiest(window, limit=_BUSIEST)
        services = store.read_services()
    answer = Answer(f"Overview since {since}", max_tokens, "Ask find_errors or describe_function for one of these.")
    answer.add(f"Now: {_totals(found.now)}.\n\nPrevious period: {_totals(found.before)}.")
    if services:
        answer.add(f"Services: {', '.join(map(code, services[:20]))}.")
    answer.items("Errors, most frequent first", error_lines(errors), "Ask find_errors for the others.")
    answer.items("Slowest functions", map(_function, found.slowest))
    answer.items("Functions with changed durations", map(_function, found.changed))
    answer.items(
        "Functions with the most calls",
        (f"{code(each.name)}: {counted(each.calls, 'call')}, {each.errors:,} failed" for each in busiest),
    )
    answer.add(asked.link("/"))
    return answer.text()


def _totals(totals: PeriodTotals) -> str:
    p95 = f", p95 {duration(totals.p95_ns)}" if totals.p95_ns is not None else ""
    return f"{counted(totals.calls, 'call')}, {totals.errors:,} failed ({totals.error_rate:.2%}){p95}"


def _function(each: FunctionSums) -> str:
    p95 = f", p95 {duration(each.p95_ns)}" if each.p95_ns is not None else ""
    before = f", before {duration(each.mean_before_ns)}" if each.mean_before_ns is not None else ""
    return f"{code(each.name)}: {each.calls:,} calls, mean {duration(each.mean_ns)}{before}{p95}"
