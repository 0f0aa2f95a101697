"""Origins of the values of a decision: the calls of its trace that returned them."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.analysis.lineage import lineage
from obsv.store.spans import ValuedCall, ValuedCalls

_DECISION = -1


class Origin(NamedTuple):
    """A call that returned a value.

    Attributes:
        name: of the gate or input.
        process: name of the function.
        output: name of the value there.
        span_id: of the call, hex.
    """

    name: str
    process: str
    output: str
    span_id: str


def origins(found: ValuedCalls, span_id: str, decided_ns: int, values: dict[str, Any]) -> dict[str, Origin]:
    """Return what is known of where values came from, by their names.

    Args:
        found: the calls of the trace.
        span_id: of the decision's own call, hex.
        decided_ns: when it was made; what was returned later is no origin.
        values: of its gates and inputs.
    """
    own = bytes.fromhex(span_id) if span_id else b""
    # Calls around the decision have not returned anything when it is made.
    calls = [call for call in found.calls if call.span_id != own and call.end_ns <= decided_ns]
    trace_id = found.calls[0].trace_id if found.calls else b""
    inputs = [(name, "INPUT", _shown(value)) for name, value in values.items()]
    taker = ValuedCall(trace_id, own, decided_ns, decided_ns, _DECISION, inputs)
    processes = {**found.processes, _DECISION: ("decision", "", "", 0)}
    handovers = lineage(ValuedCalls([*calls, taker], processes, found.cut), one_trace=True)
    return {
        each.name: Origin(each.name, found.processes[each.source][0], each.output, each.source_span)
        for each in handovers
        if each.target == _DECISION
    }


def _shown(value: Any) -> Any:
    """Return a value as the store shows those of calls: numbers as they are, texts quoted."""
    return repr(value) if isinstance(value, str) else value
