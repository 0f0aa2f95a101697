"""Notable differences between two periods, the most significant first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from itertools import islice
from math import log2, log10
from typing import NamedTuple

from obsv.analysis.durations import duration
from obsv.analysis.proportions import (
    Estimate,
    absence_p_value,
    estimated_share_p_value,
    idle_p_value,
    percentile_bounds,
    surprising,
)
from obsv.nouns import counted
from obsv.store.figures import Changes, EdgeChange, FunctionChange, NewForm, Side, SourceChange
from obsv.store.ground import MANY, VALUE, percentile

# A change of P95 below this is none that anybody feels.
LEAST_RATIO = 1.1
# A value is new after the instant by chance if it came late: after as much time as this share of all that was before.
# Not all values of a variable that has many are looked at, but for None: a form that is rare is seen late.
_LATE_VALUE, _LATE_FORM, _LATE_OF_MANY = 0.05, 0.5, 0.01
_PERCENTILES = ((0.95, "p95"), (0.5, "p50"))
_MOST_DIFF_LINES = 400

KINDS = {
    "error_new": "new error",
    "error_returned": "error came back",
    "error_share": "error share",
    "value": "new value",
    "source": "source",
    "p95": "P95",
    "p50": "P50",
    "feed_gone": "feed ended",
    "function_gone": "not called",
    "edge_gone": "call ended",
    "feed_new": "new feed",
    "function_new": "new function",
    "edge_new": "new call",
}


class Finding(NamedTuple):
    """Something that is otherwise than before.

    Attributes:
        kind: a key of `KINDS`.
        subject: name of the function; of an error, what was raised.
        service: whose.
        text: what changed, in a few words.
        weight: how much it says, for the order; 0 to about 150.
        is_worse: None where it is neither for the worse nor the better.
        group_id: of an error's group.
        trace_id, span_id: a call that shows it; None where none is known.
        diff: of a source, as `diff -u` has it.
    """

    kind: str
    subject: str
    service: str
    text: str
    weight: float
    is_worse: bool | None = None
    group_id: int | None = None
    trace_id: str | None = None
    span_id: str | None = None
    diff: str | None = None


def findings(changes: Changes) -> list[Finding]:
    """All that is otherwise, the most telling first.

    Args:
        changes: both stretches, as the store knows them.
    """
    touched = Counter(each.group.process for each in changes.groups)
    found = [
        *_errors(changes),
        *_shares(changes.functions),
        *_durations(changes.functions),
        *(_source(each) for each in changes.sources),
        *_values(changes, touched),
        *_functions(changes),
        *_edges(changes),
    ]
    # What concerns a function in which a new error began explains it, perhaps.
    found = [
        each._replace(weight=each.weight + 15) if each.kind in ("source", "value") and touched[each.subject] else each
        for each in found
    ]
    return sorted(found, key=lambda each: (-each.weight, each.subject, each.text))


def _errors(changes: Changes) -> Iterator[Finding]:
    for each in changes.groups:
        group = each.group
        weight = (100 if group.escaped else 75) + 5 * log10(max(1, group.seen)) + (5 if each.kind == "returned" else 0)
        how = "came back" if each.kind == "returned" else "is new"
        left = "" if group.escaped else ", all caught"
        text = f"{how}: {group.seen:,}× in {group.process}{left}"
        about = group.title, group.service, text, weight, True
        yield Finding(f"error_{each.kind}", *about, group.id, group.trace_id, group.span_id)


def _shares(functions: Iterable[FunctionChange]) -> Iterator[Finding]:
    both = [each for each in functions if each.before.calls and each.after.calls]
    tested = [each for each in both if each.before.errors or each.after.errors]
    chances = [estimated_share_p_value(_estimate(each.before), _estimate(each.after)) for each in tested]
    for each, tells in zip(tested, surprising(chances), strict=True):
        if not tells:
            continue
        before, after = each.before.errors / each.before.calls, each.after.errors / each.after.calls
        text = f"{_share(before)} → {_share(after)} of calls fail ("
        text += f"{each.before.errors:,} of {each.before.calls:,} → {each.after.errors:,} of {each.after.calls:,})"
        weight = 80 + 15 * abs(after - before) if after > before else 35
        yield Finding("error_share", each.name, each.service, text, weight, after > before)


def _estimate(side: Side) -> Estimate:
    error_rows = side.errors if side.error_rows is None else side.error_rows
    return Estimate(side.errors, side.calls, error_rows, max(error_rows, side.calls - side.unrecorded))


def _share(value: float) -> str:
    return f"{100 * value:.3g} %"


def _durations(functions: Iterable[FunctionChange]) -> Iterator[Finding]:
    for each in functions:
        yield from islice(filter(None, (_duration(each, q, kind) for q, kind in _PERCENTILES)), 1)


def _duration(each: FunctionChange, q: float, kind: str) -> Finding | None:
    """Return the change of a percentile; of few calls only the median has bounds."""
    old, new = (percentile_bounds(side.buckets, q, _per_row(side)) for side in (each.before, each.after))
    before, after = (percentile(side.buckets, q) for side in (each.before, each.after))
    if old is None or new is None or before is None or after is None:
        return None
    slower = new[0] > old[1] and after > LEAST_RATIO * before
    faster = old[0] > new[1] and before > LEAST_RATIO * after
    if not slower and not faster:
        return None
    calls = f"{each.before.calls:,} → {each.after.calls:,} calls"
    text = f"{KINDS[kind]} {duration(before)} → {duration(after)} ({calls})"
    weight = 50 + 8 * min(4.0, log2(after / before)) if slower else 25
    return Finding(kind, each.name, each.service, text, weight, slower)


def _per_row(side: Side) -> float:
    return side.calls / max(1, side.calls - side.unrecorded)


def _source(each: SourceChange) -> Finding:
    lines = list(unified_diff(each.before.splitlines(), each.after.splitlines(), "before", "after", lineterm="", n=3))
    added = sum(line.startswith("+") for line in lines[2:])
    taken = sum(line.startswith("-") for line in lines[2:])
    if len(lines) > _MOST_DIFF_LINES:
        lines = [*lines[:_MOST_DIFF_LINES], f"… {len(lines) - _MOST_DIFF_LINES:,} lines more"]
    text = f"changed: {added} line{'s' * (added != 1)} added, {taken} taken away"
    return Finding("source", each.name, each.service, text, 55, diff="\n".join(lines))


def _values(changes: Changes, touched: Mapping[str, int]) -> Iterator[Finding]:
    """One finding a variable and value: that a value is None says that its form is new, too."""
    forms = [each for each in changes.forms if touched[each.process] or _is_sudden(changes, each)]
    kinds = {_seen(each) for each in forms if not _is_value(each)}
    for each in forms:
        if _is_value(each) and _seen(each) in kinds:
            continue
        values = [known.removeprefix(VALUE) for known in each.known if known.startswith(VALUE)]
        forms_before = [known for known in each.known if not known.startswith(VALUE)]
        before = values if 0 < len(values) <= 3 else forms_before
        what = "its result" if each.name == "return" else each.name
        text = f"{what} was {each.form.removeprefix(VALUE)} for the first time"
        text += f"; before: {', '.join(before[:4]) or 'other values'}"
        about = each.process, each.service, text, _value_weight(each, len(values))
        yield Finding("value", *about, trace_id=each.trace_id, span_id=each.span_id)


def _is_sudden(changes: Changes, each: NewForm) -> bool:
    """Return whether it came so soon after the instant, for the time it had not come before, that it is no accident."""
    since, before = each.first_ns - changes.since_ns, changes.since_ns - each.known_ns
    late = _LATE_VALUE if _is_value(each) else _LATE_FORM
    if MANY in each.known and each.form != "None":
        late = _LATE_OF_MANY
    return since <= late * (since + before)


def _seen(each: NewForm) -> tuple[object, ...]:
    return each.process, each.service, each.name, each.data_type, each.first_ns


def _is_value(each: NewForm) -> bool:
    return each.form.startswith(VALUE)


def _value_weight(each: NewForm, values: int) -> float:
    if each.form in ("None", "nan", "empty"):
        return 65
    if _is_value(each):
        return 50 if values == 1 else 40 if values <= 3 else 22
    return 45


def _functions(changes: Changes) -> Iterator[Finding]:
    known = [each for each in changes.functions if each.before.calls]
    chances = [
        1.0 if each.after.calls else _chance(changes, each.service, each.before.calls, each.before.minutes)
        for each in known
    ]
    for each, is_missed in zip(known, surprising(chances), strict=True):
        if is_missed:
            text = f"not called since; {_often(changes, each.service, each.before.calls, each.before.minutes)}"
            weight = 60 if each.feed else 38
            yield Finding(f"{_what(each)}_gone", each.feed or each.name, each.service, text, weight, True)
    for each in changes.functions:
        if each.is_new and each.after.calls:
            text = f"called for the first time, {each.after.calls:,}×"
            yield Finding(f"{_what(each)}_new", each.feed or each.name, each.service, text, 24 if each.feed else 20)


def _what(each: FunctionChange) -> str:
    return "feed" if each.feed else "function"


def _edges(changes: Changes) -> Iterator[Finding]:
    """Between functions that were there before, and are there now: of others it is no news."""
    lasting = {(each.name, each.service) for each in changes.functions if each.before.calls and each.after.calls}
    names = {name for name, _ in lasting}
    edges = [each for each in changes.edges if each.caller in names and (each.callee, each.service) in lasting]
    for each in edges:
        if each.is_new and each.after:
            yield _edge("edge_new", each, f"is called by {each.caller} for the first time, {each.after:,}×", 18)
    chances = [1.0 if each.after else _chance(changes, each.service, each.before, each.minutes) for each in edges]
    for each, is_missed in zip(edges, surprising(chances), strict=True):
        if is_missed:
            often = _often(changes, each.service, each.before, each.minutes)
            yield _edge("edge_gone", each, f"is no longer called by {each.caller}; {often}", 32)


def _edge(kind: str, each: EdgeChange, text: str, weight: float) -> Finding:
    return Finding(kind, each.callee, each.service, text, weight)


def _chance(changes: Changes, service: str, calls: int, called: int) -> float:
    """Return how likely it is that there was no call since by chance alone, 0..1.

    The larger one of two: of calls that come one by one, and of minutes with and without calls, since many come in
    bursts: at a start, once an hour. A service that is no longer there misses nothing.
    """
    before, after = changes.minutes.get(service, (0.0, 0.0))
    if not before or not after:
        return 1.0
    return max(absence_p_value(calls, before, after), idle_p_value(called, before, after))


def _often(changes: Changes, service: str, calls: int, called: int) -> str:
    before = max(called, round(changes.minutes[service][0]))
    return f"{counted(calls, 'call')} before, in {called:,} of {before:,} minutes"
