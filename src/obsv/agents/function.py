"""`describe_function`: statistics, callers and variables of a function."""

from __future__ import annotations

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.errors import last_line
from obsv.agents.nearest import suggestion
from obsv.agents.values import SHORT
from obsv.analysis.durations import duration
from obsv.analysis.markdown import block, code
from obsv.errors import NotFound
from obsv.nouns import counted
from obsv.store.figures import FunctionReport, Neighbour, Variable
from obsv.times import iso

_SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
_SOURCE = 0.4


def describe_function(asked: Asked, name: str, since: str = "24h", max_tokens: int = USUAL_TOKENS) -> str:
    """Describe a function: counts, percentiles, variables with their last values, callers, callees, failures, source.

    Args:
        asked: the store.
        name: `module.qualname`, or a foreign span's name.
        since: start of the counts: an age (90s, 1h, 7d) or a point in time (ISO 8601, UTC).
        max_tokens: maximum length of the answer.

    Raises:
        NotFound: there is no such function; the message suggests similar names.
    """
    try:
        found = asked.store.read_function(name, asked.window(since))
    except NotFound as error:
        near = suggestion(name, asked.store.read_processes(limit=5_000))
        raise NotFound(f"{error}{near}") from None
    answer = Answer(f"Function {code(found.name)}", max_tokens, "Ask find_calls with process:NAME for its calls.")
    answer.add(_facts(found, since))
    answer.items("Variables, with their last values", map(_variable, found.variables))
    answer.items(
        "Latest failures",
        (
            f"{iso(each.start_ns)} {code(last_line(each.text), 160)}, span {code(f'{each.trace_id}/{each.span_id}')}"
            for each in found.failures
        ),
    )
    answer.items("Called by", map(_neighbour, found.callers))
    answer.items("Calls", map(_neighbour, found.callees))
    if found.versions and found.versions[0].code.source_text:
        text = block(found.versions[0].code.source_text, "python", int(answer.chars * _SOURCE))
        answer.add(f"## Source at the last call\n\n{text}")
    answer.add(asked.link("/code", process=found.name))
    return answer.text()


def _facts(found: FunctionReport, since: str) -> str:
    sums = found.sums
    times = [(name, sums.percentile_ns(share)) for name, share in _SHARES]
    shown = "".join(f", {name} {duration(ns)}" for name, ns in times if ns is not None)
    place = ""
    if found.versions:
        newest = found.versions[0].code
        place = f" {code(f'{newest.file_path}:{newest.line_number}')}, {len(found.versions)} version(s) of its source."
    last = f" Last called {iso(found.last_ns)}." if found.last_ns is not None else ""
    return (
        f"Since {since}: {counted(sums.calls, 'call')}, {sums.errors:,} failed ({sums.error_rate:.2%}){shown}."
        f"{last}{place} Services: {', '.join(map(code, found.services[:10]))}."
    )


def _variable(each: Variable) -> str:
    value = f"{code(each.name, SHORT)} ({each.data_type.lower()}) = {code(each.last_value or '', 160)}"
    return f"{value}, {counted(each.updates, 'call')}, repeated {counted(each.repeats, 'time')}"


def _neighbour(each: Neighbour) -> str:
    return f"{code(each.name)}: {counted(each.calls, 'call')}, {each.errors:,} failed"
