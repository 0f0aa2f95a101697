"""`obsv show TRACE_ID`: a trace as a tree, with times and values."""

from pathlib import Path

from rich.text import Text
from rich.tree import Tree as RichTree

from obsv.analysis.durations import duration
from obsv.analysis.markdown import visible
from obsv.analysis.tree import Tree, build
from obsv.cli.output import STATUS_STYLE, console, print_json
from obsv.store.call import Call, read_call
from obsv.store.reader import Reader
from obsv.store.trace import TraceSpans, read_trace


def show(db: Path, trace_id: str, limit: int, as_json: bool) -> None:
    """Print a trace."""
    reader = Reader(db)
    try:
        with reader.snapshot() as store:
            spans = read_trace(store, trace_id)
            tree = build(spans)
            rows = range(min(len(tree), limit))
            calls = [read_call(store, spans.trace_id, spans.span_id[tree.at[row]].hex()) for row in rows]
    finally:
        reader.close()
    if as_json:
        print_json(*(_document(call, tree, row) for row, call in enumerate(calls)))
        return
    _draw(spans, tree, calls)


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
        "values": [{"name": value.name, "data_type": value.data_type, "text": value.text} for value in call.values],
        "exception": call.exception,
    }


def _draw(spans: TraceSpans, tree: Tree, calls: list[Call]) -> None:
    head = f"trace {spans.trace_id}  {spans.total:,} spans  {duration(tree.length)}"
    root = RichTree(Text(head, "bold"), guide_style="dim")
    branches: dict[int, RichTree] = {-1: root}
    for row, call in enumerate(calls):
        branch = branches.get(tree.parent[row], root).add(_line(call, tree, row))
        branches[row] = branch
        if call.failed and call.exception:
            branch.add(Text(visible(call.exception).rstrip(), "red"))
    out = console()
    out.print(root)
    if len(calls) < spans.total:
        out.print(f"… {spans.total - len(calls):,} more: --limit, --json, or the app show them.")


def _line(call: Call, tree: Tree, row: int) -> Text:
    state = "ERR" if call.failed else "OK"
    text = Text(overflow="fold")
    text.append(f"{state:4}", STATUS_STYLE[state])
    text.append(f"{duration(call.duration_ns):>8}", "bold")
    text.append(f" +{duration(tree.start[row])}  ", "dim")
    text.append(visible(call.process), "bold")
    if call.service and tree.depth[row] == 0:
        text.append(f"  {visible(call.service)}", "dim")
    for value in call.values:
        arrow = "→" if value.data_type == "OUTPUT" else "·"
        text.append(f"\n{arrow} {visible(value.name)} = ", "dim")
        text.append(visible(value.text))
    return text
