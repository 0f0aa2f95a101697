"""`obsv show TRACE_ID`: print a trace as a tree, with times and values."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from obsv.analysis.durations import duration
from obsv.analysis.markdown import one_line, visible
from obsv.analysis.tree import Tree, build
from obsv.cli.branches import ASCII_LINES, LINES, Branches
from obsv.cli.common import complain
from obsv.cli.listing import values_as_documents
from obsv.cli.output import STATUS_STYLE, console, print_json
from obsv.cold import open_whole
from obsv.nouns import counted
from obsv.store.spans import Call, TraceSpans

# Deeper levels would leave no space for the calls, or fill a file with lines.
_LEVELS, _READABLE = 40, 44


def show(db: Path, trace_id: str, limit: int, as_json: bool) -> None:
    """Print a trace."""
    reader = open_whole(db)
    try:
        with reader.view() as store:
            spans = store.read_trace_columns(trace_id)
            tree = build(spans)
            rows = range(min(len(tree), limit))
            calls = [store.read_call(spans.trace_id, spans.span_id[tree.at[row]].hex()) for row in rows]
    finally:
        reader.close()
    if as_json:
        print_json(*(_document(call, tree, row) for row, call in enumerate(calls)))
    else:
        _draw(spans, tree, calls)
    if len(calls) < spans.total:
        complain(
            f"{spans.total - len(calls):,} of {spans.total:,} spans are not shown; use --limit or the app to see more."
        )


def _document(call: Call, tree: Tree, row: int) -> dict[str, object]:
    return {
        "span_id": call.span_id,
        "parent_span_id": call.parent_span_id,
        "depth": tree.depth[row],
        "process": call.process,
        "service": call.service,
        "status": "ERR" if call.failed else "OK",
        "start_ms": tree.start[row] / 1e6,
        "duration_ms": call.duration_ns / 1e6,
        "self_ms": tree.self_ns[row] / 1e6,
        "values": values_as_documents(call.values),
        "exception": call.exception,
    }


def _draw(spans: TraceSpans, tree: Tree, calls: list[Call]) -> None:
    out = console()
    out.print(Text(f"trace {spans.trace_id}  {counted(spans.total, 'span')}  {duration(tree.length)}", "bold"))
    levels = max(2, min(_LEVELS, (out.width - _READABLE) // len(LINES[0])))
    branches = Branches(tree, len(calls), levels, LINES if out.encoding.startswith("utf") else ASCII_LINES)
    for row, call in enumerate(calls):
        first, rest = branches.of(row)
        _print(out, _line(call, tree, row), first, rest)
        for value in call.values:
            arrow = "→" if value.data_type == "OUTPUT" else "·"
            _print(out, Text.assemble((f"{arrow} {one_line(value.name)} = ", "dim"), visible(value.text)), rest, rest)
        if call.failed and call.exception:
            _print(out, Text(visible(call.exception).rstrip(), "red"), rest, rest)


def _print(out: Console, text: Text, first: str, rest: str) -> None:
    """Print text; on a screen, long text continues below itself, elsewhere nothing is wrapped."""
    for line in text.split("\n"):
        for part in line.wrap(out, out.width - len(rest), overflow="fold"):
            out.print(Text.assemble((first, "dim"), part), soft_wrap=True)
            first = rest


def _line(call: Call, tree: Tree, row: int) -> Text:
    state = "ERR" if call.failed else "OK"
    text = Text()
    text.append(f"{state:4}", STATUS_STYLE[state])
    text.append(f"{duration(call.duration_ns):>8}", "bold")
    text.append(f" +{duration(tree.start[row])}  ", "dim")
    text.append(one_line(call.process), "bold")
    if call.service and tree.depth[row] == 0:
        text.append(f"  {one_line(call.service)}", "dim")
    return text
