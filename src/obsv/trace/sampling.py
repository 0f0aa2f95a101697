"""A sampler that records in the trace state the probability with which it kept a trace."""

from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes

from obsv.probability import threshold_of, with_threshold

OT = "ot"


def telling(sampler: Sampler) -> Sampler:
    """Return the sampler, or one that decides equally and states its probability, if known and below 1."""
    root = getattr(sampler, "_root", None) if isinstance(sampler, ParentBased) else sampler
    rate = root.rate if isinstance(root, TraceIdRatioBased) else 1.0
    return TellingSampler(sampler, rate) if 0.0 < rate < 1.0 else sampler


class TellingSampler(Sampler):
    """Adds `ot=th:…` to the trace state of sampled roots; their descendants have their trace state.

    Args:
        sampler: decides.
        probability: probability with which it keeps roots.
    """

    def __init__(self, sampler: Sampler, probability: float) -> None:
        self._sampler, self._threshold = sampler, threshold_of(probability)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        result = self._sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)
        is_root = not trace.get_current_span(parent_context).get_span_context().is_valid
        if is_root and result.decision is Decision.RECORD_AND_SAMPLE:
            result.trace_state = with_probability(result.trace_state, self._threshold)
        return result

    def get_description(self) -> str:
        return self._sampler.get_description()


def with_probability(state: TraceState | None, threshold: str | None) -> TraceState:
    """Return a trace state with another probability, or none."""
    state = state or TraceState()
    own = with_threshold(state.get(OT, ""), threshold)
    if not own:
        return state.delete(OT) if OT in state else state
    return state.update(OT, own) if OT in state else state.add(OT, own)
