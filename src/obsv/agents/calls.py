"""`find_calls`: calls that match a short text."""

from __future__ import annotations

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.errors import last_line
from obsv.agents.nearest import suggestion
from obsv.agents.values import values_line
from obsv.analysis.durations import duration
from obsv.analysis.markdown import code
from obsv.nouns import counted
from obsv.store.finding import Filters
from obsv.store.spans import ListedCall
from obsv.times import iso

KEYS = ("process", "group", "variable", "status", "min_ms", "max_ms", "service", "host", "instance")
MOST = 200
ORDERS = ("-ts", "ts", "-duration", "duration")


def find_calls(
    asked: Asked,
    filter: str = "",
    since: str = "1h",
    order: str = "-ts",
    limit: int = 20,
    cursor: str | None = None,
    max_tokens: int = USUAL_TOKENS,
) -> str:
    """List calls, one line each with their first values.

    Args:
        asked: the store.
        filter: `process:NAME group:NAME variable:NAME status:ERR min_ms:200 max_ms:900 service:NAME host:NAME
            instance:ID` in any combination; other words are searched in values and exceptions.
        since: an age (90s, 1h, 7d) or a point in time (ISO 8601, UTC).
        order: -ts (newest first), ts, -duration (longest first) or duration.
        limit: the maximum number of calls, up to 200.
        cursor: cursor of the previous answer, for the next page.
        max_tokens: maximum length of the answer.

    Raises:
        InvalidQuery: a filter, order or cursor cannot be parsed.
    """
    filters = parse(filter)
    size = min(max(limit, 1), MOST)
    page = asked.store.read_page(filters, asked.window(since), order, cursor, size)
    answer = Answer("Calls", max_tokens, "Ask for fewer calls with limit, or narrow the filter.")
    if not page.calls:
        answer.add("None." + (_unknown(asked, filters.process) if filters.process else ""))
    if page.cursor:
        answer.add(f"For more calls, repeat the query with cursor {code(page.cursor, 1_000)}.")
    answer.items(counted(len(page.calls), "call"), map(_line, page.calls))
    return answer.text()


def parse(text: str) -> Filters:
    """Return the filters that a text describes.

    Raises:
        InvalidQuery: a key does not accept its value.
    """
    given: dict[str, str] = {}
    words: list[str] = []
    for word in text.split():
        key, colon, value = word.partition(":")
        if colon and value and key in KEYS:
            given[key] = value
        else:
            words.append(word)
    if words:
        given["q"] = " ".join(words)
    return Filters.parse(given)


def _line(call: ListedCall) -> str:
    values = values_line(call.values)
    failure = f", {code(last_line(call.exception), 120)}" if call.exception else ""
    return (
        f"{iso(call.start_ns)} {call.status} {code(call.process)} {duration(call.duration_ns)}, "
        f"span {code(f'{call.trace_id}/{call.span_id}')}{failure}" + (f": {values}" if values else "")
    )


def _unknown(asked: Asked, process: str) -> str:
    if process in asked.store.read_processes(process):
        return ""
    near = suggestion(process, asked.store.read_processes(limit=5_000))
    return f" There is no function {code(process)}.{near}"
