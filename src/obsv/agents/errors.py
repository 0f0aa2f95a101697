"""`find_errors`: failed calls in groups, each with a call to inspect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.nearest import suggestion
from obsv.analysis.markdown import code
from obsv.errors import NotFound
from obsv.nouns import counted
from obsv.store.figures import ErrorGroup
from obsv.store.ground import Window
from obsv.store.seam import Store
from obsv.times import iso

# Number of groups examined, the most frequent first.
LOOKED_AT = 100
_LONGEST = 160


def find_errors(
    asked: Asked,
    since: str = "24h",
    process: str | None = None,
    file: str | None = None,
    max_tokens: int = USUAL_TOKENS,
) -> str:
    """List groups of errors with one cause, as the page Errors has them, each with counts and its latest call.

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
    with asked.store.view() as store:
        found = store.read_error_groups(window, order="count", limit=LOOKED_AT, process=process)
        groups = [each for each in found.groups if file is None or _names(store, each, window, file)]
    if process is not None and not groups:
        _must_be_known(asked, process)
    answer = Answer(f"Errors since {since}", max_tokens, "Narrow the query with process, file or a later since.")
    if not groups:
        answer.add("None.")
    errors = sum(each.seen for each in groups)
    left_out = f", of {found.total:,} the most frequent" if found.total > len(found.groups) else ""
    answer.items(
        f"{counted(errors, 'error')} in {counted(len(groups), 'group')} by cause{left_out}", error_lines(groups)
    )
    answer.add("Ask explain_error with a span for the values that made it fail.")
    answer.add(asked.link("/errors"))
    return answer.text()


def error_lines(groups: Sequence[ErrorGroup]) -> Iterator[str]:
    """Yield one line per group of errors, in the given order."""
    for each in groups:
        marks = [
            *(["new"] if each.is_new else []),
            *(["came back"] if each.returned_ns is not None else []),
            *([each.status] if each.status != "open" else []),
            *(["always caught by a recorded caller"] if not each.escaped else []),
            *([f"first in version {code(each.first_version)}"] if each.first_version else []),
        ]
        about = f" ({', '.join(marks)})" if marks else ""
        span = code(f"{each.trace_id}/{each.span_id}")
        yield (
            f"{each.seen:,} × {code(each.process)}: {code(each.title, _LONGEST)}{about}, group {each.id}, "
            f"last {iso(each.last_ns)}, span {span}"
        )


def _names(store: Store, group: ErrorGroup, window: Window, file: str) -> bool:
    """Return whether the latest traceback of a group names a file."""
    latest = store.read_error_group(group.id, window, 1).latest
    return latest is not None and file in (latest.exception or "")


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
