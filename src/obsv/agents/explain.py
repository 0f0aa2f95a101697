"""`explain_error`: one failed call, with everything that helps to find the cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.errors import last_line
from obsv.agents.values import SHORT, title_of, value_line
from obsv.analysis.difference import differences
from obsv.analysis.durations import duration
from obsv.analysis.markdown import block, code
from obsv.analysis.surroundings import Clue, Recorded, inside, meanwhile, origins
from obsv.analysis.tree import build, row_of
from obsv.store.figures import Pair
from obsv.store.seam import Store
from obsv.store.spans import Call, failing_line
from obsv.times import iso

# A long traceback, and a function's source, each take at most this share of an answer.
_TRACEBACK, _SOURCE = 0.25, 0.2
_LINES_AROUND = 6


def explain_error(asked: Asked, span: str, max_tokens: int = USUAL_TOKENS) -> str:
    """Explain a failed call: exception, failing line, inputs and where they came from, callers; what differs from the
    last successful call, in it and in the calls inside it; and what ran at the same time.

    Args:
        asked: the store.
        span: `TRACE_ID/SPAN_ID` or a span ID, hex.
        max_tokens: maximum length of the answer.

    Raises:
        NotFound: there is no such span.
    """
    with asked.store.view() as store:
        call = call_of(store, span)
        pair = store.read_pair(call.trace_id, call.span_id)
        path = _path(store, call)
        around = [
            ("Calls inside it, compared with that call", _said(inside(store, call, pair.good))),
            ("Where its inputs came from", _said(origins(store, call), with_span=True)),
            ("Ran several times at once since that call", _said(meanwhile(store, call, pair.good))),
        ]
    answer = Answer(title_of(call), max_tokens, f"Ask get_trace or make_test with span {call.trace_id}/{call.span_id}.")
    answer.add(_facts(call))
    if call.failed:
        answer.add(f"Exception: {code(last_line(_exception(call)), 600)}")
    answer.items("Inputs", map(value_line, call.inputs), "Ask query for a complete value of data_trace.")
    answer.items("Differences from the last successful call", _different(pair), "Ask query for complete values.")
    for title, lines in around:
        answer.items(title, lines)
    if source := _source(call, int(answer.chars * _SOURCE)):
        answer.add(source)
    answer.items("Outputs", (value_line(value) for value in call.outputs if value.text))
    if call.failed and _exception(call):
        answer.add(f"## Traceback\n\n{block(_exception(call), 'text', int(answer.chars * _TRACEBACK))}")
    answer.items("Called by, outermost first", path)
    answer.add(asked.link(f"/trace/{call.trace_id}", span=call.span_id))
    return answer.text()


def _said(clues: Iterable[Clue], *, with_span: bool = False) -> list[str]:
    return [
        "".join(code(*word) if isinstance(word, Recorded) else word for word in clue.words)
        + (f", span {code(clue.span_id)}" if with_span else "")
        for clue in clues
    ]


def call_of(store: Store, span: str) -> Call:
    """Return the call of `TRACE_ID/SPAN_ID` or of a span ID.

    Raises:
        NotFound: there is no such call.
    """
    trace, _, span_id = span.strip().rpartition("/")
    return store.read_call(trace, span_id) if trace else store.find_call(span_id)


def _facts(call: Call) -> str:
    place = f", {code(f'{call.code.file_path}:{call.code.line_number}')}" if call.code else ""
    thread = f", thread {code(call.thread_name, SHORT)}" if call.thread_name else ""
    return (
        f"Service {code(call.service)}{place}, at {iso(call.start_ns)}, after {duration(call.duration_ns)}{thread}, "
        f"span {code(f'{call.trace_id}/{call.span_id}')}"
    )


def _exception(call: Call) -> str:
    return call.exception or str(call.detail.get("statusMessage") or "")


def _different(pair: Pair) -> Iterator[str]:
    """Yield the inputs that differ in the successful call."""
    if pair.good is None:
        yield "no successful call of this function was found to compare with"
        return
    good = pair.good
    when = "after" if pair.good_is_later else "before"
    yield f"compared with span {code(f'{good.trace_id}/{good.span_id}')}, {iso(good.start_ns)}, {when} it"
    for each in differences(pair.failed, good):
        if not each.same and each.data_type == "INPUT":
            here, there = (code("absent" if text is None else text, SHORT * 2) for text in (each.left, each.right))
            yield f"{code(each.name, SHORT)}: here {here}, there {there}"
    if pair.failed_caller != pair.good_caller:
        here, there = (code(name or "nothing") for name in (pair.failed_caller, pair.good_caller))
        yield f"called by {here}, there by {there}"


def _source(call: Call, longest: int) -> str:
    """Return the source around the failing line, or the function's first lines; empty if unknown."""
    if call.code is None or not call.code.source_text:
        return ""
    lines = call.code.source_text.splitlines()
    first = call.code.line_number
    failing = failing_line(call.exception, call.code.file_path, first, call.code.source_text) or first
    begin = max(0, failing - first - _LINES_AROUND)
    shown = [
        f"{'>' if number == failing else ' '} {number:5} {line}"
        for number, line in enumerate(lines[begin : begin + 3 * _LINES_AROUND], first + begin)
    ]
    return f"## Source at the time of the call\n\n{block(chr(10).join(shown), 'text', longest)}"


def _path(store: Store, call: Call) -> list[str]:
    spans = store.read_trace_columns(call.trace_id, call.span_id)
    tree = build(spans)
    row = row_of(spans, tree, call.span_id)
    path: list[str] = []
    while row >= 0 and (row := tree.parent[row]) >= 0:
        at = tree.at[row]
        path.append(f"{code(spans.processes[spans.process_id[at]].name)}, span {code(spans.span_id[at].hex())}")
    return path[::-1]
