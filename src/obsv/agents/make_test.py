"""`make_test`: turn a recorded call into a pytest file."""

from __future__ import annotations

from obsv.agents.answer import USUAL_TOKENS, Answer
from obsv.agents.asked import Asked
from obsv.agents.explain import call_of
from obsv.agents.values import title_of
from obsv.analysis.markdown import block, code
from obsv.analysis.repro import repro


def make_test(asked: Asked, span: str, max_tokens: int = USUAL_TOKENS) -> str:
    """Return a pytest file that calls the function again with the recorded inputs and asserts the recorded outcome.

    Args:
        asked: the store.
        span: `TRACE_ID/SPAN_ID` or a span ID, hex.
        max_tokens: maximum length of the answer.

    Raises:
        NotFound: there is no such span.
        InvalidQuery: the span is from other instrumentation, so there is no function to call.
    """
    with asked.store.view() as store:
        call = call_of(store, span)
        found = repro(call, store.read_exact(call))
    command = f"obsv repro {call.trace_id}/{call.span_id} -o {found.file_name}"
    answer = Answer(
        f"Test: {title_of(call)}",
        max_tokens,
        f"For the whole file, run {code(command)} or ask again with a larger max_tokens.",
    )
    if found.received:
        answer.add("This call was not recorded on this machine: the file imports nothing and contains only its data.")
    if found.placeholders:
        answer.add(f"Fill in first: {', '.join(map(code, found.placeholders))}.")
    if found.exact:
        answer.add("The test loads a pickle: run it only if you trust the recorded data.")
    answer.add(f"Save it as {code(found.file_name)} and run {code(f'python -m pytest {found.file_name}')}.")
    answer.add(block(found.source, "python", longest=max(len(found.source), 1)))
    return answer.text()
