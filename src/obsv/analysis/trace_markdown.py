"""A trace as Markdown for an issue or a chat: failures, their inputs, and where the time went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from obsv.analysis.critical_path import critical_path
from obsv.analysis.durations import duration
from obsv.analysis.markdown import block, code, visible
from obsv.analysis.tree import Flag, Tree, build
from obsv.store.spans import Call, TraceSpans, Value
from obsv.times import iso

# More would not be read, and does not fit into a chat.
MOST_ROWS = 60
MOST_FAILURES = 3
_NAME, _BAR = 52, 16


def first_failures(tree: Tree, most: int = MOST_FAILURES) -> list[int]:
    """Return the rows of the failed spans without failed children, earliest first."""
    above: set[int] = set()
    found = []
    for row in range(len(tree) - 1, -1, -1):
        if tree.flags[row] & Flag.ERROR:
            if row not in above:
                found.append(row)
            up = tree.parent[row]
            while up >= 0 and up not in above:
                above.add(up)
                up = tree.parent[up]
    return sorted(found, key=lambda row: (tree.start[row], row))[:most]


def trace_markdown(spans: TraceSpans, tree: Tree, failures: Sequence[Call]) -> str:
    """Return a trace as Markdown.

    Args:
        spans: the spans of the trace.
        tree: their tree.
        failures: the calls to describe, such as those of `first_failures`.
    """
    parts = [_head(spans, tree), *map(_failure, failures), _tree(spans, tree)]
    return "\n\n".join(parts) + "\n"


def of_spans(spans: TraceSpans) -> tuple[Tree, list[str]]:
    """Return the tree, and the IDs of the spans that `trace_markdown` should describe."""
    tree = build(spans)
    return tree, [spans.span_id[tree.at[row]].hex() for row in first_failures(tree)]


def _head(spans: TraceSpans, tree: Tree) -> str:
    roots = [row for row, parent in enumerate(tree.parent) if parent < 0]
    root = max(roots, key=lambda row: (tree.duration[row], -row))
    errors = sum(1 for flags in tree.flags if flags & Flag.ERROR)
    services = sorted({spans.processes[process].service for process in spans.process_id})
    facts = [
        f"**{duration(tree.length)}**",
        f"{spans.total:,} span{'s' * (spans.total != 1)}",
        f"{errors:,} failed" if errors else "none failed",
        f"service{'s' * (len(services) != 1)} {', '.join(map(code, services))}",
        f"started {iso(tree.start_ns)}",
    ]
    return f"### {code(_name(spans, tree, root))}\n\n{' · '.join(facts)}\n\nTrace {code(spans.trace_id)}"


def _failure(call: Call) -> str:
    title = f"#### Failed: {code(call.process)}"
    place = f"{code(f'{call.code.file_path}:{call.code.line_number}')}, " if call.code else ""
    parts = [title, f"{place}span {code(call.span_id)}, after {duration(call.duration_ns)}"]
    if call.inputs:
        parts.append(_values("Inputs", call.inputs))
    if call.outputs and any(value.text for value in call.outputs):
        parts.append(_values("Outputs", call.outputs))
    problem = call.exception or call.detail.get("statusMessage")
    if problem:
        parts.append(block(str(problem), "text"))
    return "\n\n".join(parts)


def _values(title: str, values: Sequence[Value]) -> str:
    return "\n".join([f"{title}:", "", *(f"- {code(value.name)}: {code(value.text)}" for value in values)])


def _tree(spans: TraceSpans, tree: Tree) -> str:
    critical = set(critical_path(tree).row)
    rows = list(_rows(tree))
    lines = [_line(spans, tree, row, left_out, row in critical) for row, left_out in rows]
    legend = "`█` while it ran, `*` on the critical path, `!` failed"
    return f"{legend}\n\n{block(chr(10).join(lines), 'text', longest=60_000)}"


def _rows(tree: Tree) -> Iterator[tuple[int, int]]:
    """Yield the rows to show, each with the number left out after it; failed and long ones are kept."""
    if len(tree) <= MOST_ROWS:
        yield from ((row, 0) for row in range(len(tree)))
        return
    kept: set[int] = set()
    for row in sorted(range(len(tree)), key=lambda row: (not tree.flags[row] & Flag.ERROR, -tree.duration[row], row)):
        path = []
        while row >= 0 and row not in kept:
            path.append(row)
            row = tree.parent[row]
        if len(kept) + len(path) > MOST_ROWS:
            break
        kept.update(path)
    shown = sorted(kept or {0})
    for row, following in zip(shown, [*shown[1:], len(tree)], strict=True):
        yield row, following - row - 1


def _line(spans: TraceSpans, tree: Tree, row: int, left_out: int, critical: bool) -> str:
    depth = tree.depth[row]
    indent = "  " * min(depth, 12) + (f"[{depth}] " if depth > 12 else "")
    name = indent + " ".join(visible(_name(spans, tree, row)).split())
    name = name if len(name) <= _NAME else name[: _NAME - 1] + "…"
    mark = "!" if tree.flags[row] & Flag.ERROR else "*" if critical else " "
    line = f"{mark} {name:<{_NAME}} {duration(tree.duration[row]):>10}  {_bar(tree, row)}"
    return line.rstrip() + (f"\n  {indent}… {left_out:,} more" if left_out else "")


def _bar(tree: Tree, row: int) -> str:
    length = max(1, tree.length)
    first = min(_BAR - 1, tree.start[row] * _BAR // length)
    last = max(first + 1, min(_BAR, -(-(tree.start[row] + tree.duration[row]) * _BAR // length)))
    return "·" * first + "█" * (last - first) + "·" * (_BAR - last)


def _name(spans: TraceSpans, tree: Tree, row: int) -> str:
    return spans.processes[spans.process_id[tree.at[row]]].name
