"""`get_trace`: the structure of a trace, with values only on request."""

from __future__ import annotations

from collections.abc import Iterator

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.values import value_line
from obsv.analysis.critical_path import critical_path
from obsv.analysis.durations import duration
from obsv.analysis.markdown import block, code, visible
from obsv.analysis.tree import Flag, Tree, build, row_of
from obsv.nouns import counted
from obsv.store.spans import TraceSpans

# Average length of a line, to know how many fit before they are formatted.
_CHARS_A_LINE = 90
_ROOM_FOR_COUNT = 190
_NAME = 60
_INDENT = 12


def get_trace(
    asked: Asked,
    trace_id: str,
    around: str | None = None,
    depth: int | None = None,
    max_tokens: int = USUAL_TOKENS,
) -> str:
    """Show a trace as a tree of names, durations and span IDs; if it is too long, failed and long calls are kept.

    Args:
        asked: the store.
        trace_id: hex.
        around: a span ID whose values are shown, and whose callers and callees are kept.
        depth: levels shown, from the outermost call or from `around`.
        max_tokens: maximum length of the answer.

    Raises:
        NotFound: there is no such trace, or no such span in it.
    """
    with asked.store.view() as store:
        spans = store.read_trace_columns(trace_id, around)
        call = store.read_call(spans.trace_id, around) if around else None
    tree = build(spans)
    errors = sum(1 for flags in tree.flags if flags & Flag.ERROR)
    hint = "Ask again with around=SPAN_ID for a part and its values, or depth for fewer levels."
    answer = Answer(f"Trace {spans.trace_id}", max_tokens, hint)
    answer.add(f"{counted(spans.total, 'span')}, {errors:,} failed, {duration(tree.length)}.")
    if call is not None:
        answer.items(f"Values of {code(call.process)}", map(value_line, call.values))
    centre = row_of(spans, tree, call.span_id) if call else -1
    most = max(5, answer.room // _CHARS_A_LINE)
    lines = list(_lines(spans, tree, _shown(tree, centre, depth, most)))
    while most > 1 and not _fits(answer, lines):
        most = most * 3 // 4
        lines = list(_lines(spans, tree, _shown(tree, centre, depth, most)))
    if len(lines) < len(tree):
        answer.add(f"{len(lines):,} of {len(tree):,} rows are shown, failed and long ones first. {hint}")
    answer.add(_skeleton(lines))
    answer.add(asked.link(f"/trace/{spans.trace_id}", **({"span": around} if around else {})))
    return answer.text()


def _fits(answer: Answer, lines: list[str]) -> bool:
    return len(_skeleton(lines)) + _ROOM_FOR_COUNT < answer.room


def _skeleton(lines: list[str]) -> str:
    legend = "`!` failed, `*` on the critical path"
    return f"{legend}\n\n{block(chr(10).join(lines), 'text', longest=100_000)}"


def _shown(tree: Tree, centre: int, depth: int | None, most: int) -> list[int]:
    """Return the rows to show, in tree order: those above and below the centre, else failed and long ones."""
    level = tree.depth[centre] if centre >= 0 else 0
    allowed = [row for row in range(len(tree)) if depth is None or tree.depth[row] - level < depth or row == centre]
    inside = range(centre, tree.end[centre]) if centre >= 0 else range(0)

    def weight(row: int) -> tuple[bool, bool, int, int]:
        return row not in inside, not tree.flags[row] & Flag.ERROR, -tree.duration[row], row

    kept: set[int] = set()
    for row in sorted(allowed, key=weight):
        path = []
        while row >= 0 and row not in kept:
            path.append(row)
            row = tree.parent[row]
        if len(kept) + len(path) > most:
            # A chain longer than the space: keep its lower end, where the failure is.
            kept.update(path[: most - len(kept)])
            break
        kept.update(path)
    return sorted(kept)


def _lines(spans: TraceSpans, tree: Tree, rows: list[int]) -> Iterator[str]:
    critical = set(critical_path(tree).row)
    for row in rows:
        at = tree.at[row]
        depth = tree.depth[row]
        indent = "  " * min(depth, _INDENT) + (f"[{depth}] " if depth > _INDENT else "")
        name = " ".join(visible(spans.processes[spans.process_id[at]].name).split())[:_NAME]
        mark = "!" if tree.flags[row] & Flag.ERROR else "*" if row in critical else " "
        yield f"{mark} {indent}{name}  {duration(tree.duration[row])}  {spans.span_id[at].hex()}"
