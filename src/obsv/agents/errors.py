"""`find_errors`: failed calls in groups, each with a call to inspect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.nearest import suggestion
from obsv.analysis.markdown import code
from obsv.errors import NotFound
from obsv.store.figures import ErrorCall
from obsv.times import iso

# Number of failed calls examined: more would change the shares, but seldom the groups.
LOOKED_AT = 1_000
_LONGEST = 160


def find_errors(
    asked: Asked,
    since: str = "24h",
    process: str | None = None,
    file: str | None = None,
    max_tokens: int = USUAL_TOKENS,
) -> str:
    """List failed calls grouped by function and exception, with counts and the latest call of each group.

    Args:
        asked: the store.
        since: an age (90s, 1h, 7d) or a point in time (ISO 8601, UTC).
        process: only errors of this function, `module.qualname`.
        file: only errors whose traceback names this file.
        max_tokens: maximum length of the answer.

    Raises:
        NotFound: there is no such function.
    """
    window = asked.window(since)
    found = asked.store.latest_errors(window, LOOKED_AT)
    if process is not None:
        found = [each for each in found if each.process == process]
        if not found:
            _must_be_known(asked, process)
    if file is not None:
        found = [each for each in found if file in each.exception]
    answer = Answer(f"Errors since {since}", max_tokens, "Narrow the query with process, file or a later since.")
    if not found:
        answer.add("None.")
    answer.items(f"{len(found):,} failed calls, by function and exception", error_lines(found))
    answer.add("Ask explain_error with a span for the values that made it fail.")
    answer.add(asked.link("/explorer", status="ERR"))
    return answer.text()


def error_lines(errors: Sequence[ErrorCall]) -> Iterator[str]:
    """Yield one line per group, the most frequent first; ties are ordered by their latest failure."""
    groups: dict[tuple[str, str], list[ErrorCall]] = {}
    for each in errors:
        groups.setdefault((each.process, kind_of(each.exception)), []).append(each)
    for (process, _), calls in sorted(groups.items(), key=lambda group: (-len(group[1]), -group[1][0].start_ns)):
        latest = calls[0]
        message = code(last_line(latest.exception), _LONGEST)
        span = code(f"{latest.trace_id}/{latest.span_id}")
        yield f"{len(calls):,} × {code(process)}: {message}, last {iso(latest.start_ns)}, span {span}"


def kind_of(exception: str) -> str:
    """Return the exception's type, as named in the traceback's last line."""
    return last_line(exception).partition(":")[0]


def last_line(exception: str) -> str:
    """Return the line of a traceback with the type and message: the last one that is not indented."""
    lines = [line for line in exception.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if not line[:1].isspace()), lines[-1] if lines else "no message")


def _must_be_known(asked: Asked, process: str) -> None:
    known = asked.store.read_processes(process)
    if process not in known:
        raise NotFound(
            f"No function {code(process)} in the store.{suggestion(process, asked.store.read_processes(limit=5_000))}"
        )
