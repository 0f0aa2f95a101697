"""Spans of other instrumentation survive the way through a record."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from obsv.record.values import dumps, loads
from obsv.testing import CollectingExporter
from obsv.trace.foreign_form import ForeignForm, freeze_resource, freeze_scope, freeze_span


def through(span: ReadableSpan) -> ReadableSpan:
    """The way through a record."""
    resource, scope = freeze_resource(span.resource), freeze_scope(span.instrumentation_scope)
    plain, resource, scope = loads(dumps((freeze_span(span), resource, scope)))
    return ForeignForm().thaw((*plain[:3], resource, scope, *plain[3:]))


ATTRIBUTES = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=5),
        st.lists(st.text(max_size=3), max_size=3).map(tuple),
        st.lists(st.integers(), max_size=3).map(tuple),
    ),
    max_size=4,
)
STATES = st.dictionaries(st.sampled_from(["a", "b", "c@d"]), st.sampled_from(["1", "x"]), max_size=3)
CONTEXTS = st.builds(
    lambda trace_id, span_id, is_remote, flags, state: SpanContext(
        trace_id, span_id, is_remote, TraceFlags(flags), TraceState(list(state.items()))
    ),
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.booleans(),
    st.integers(0, 255),
    STATES,
)
TIMES = st.integers(0, 2**63)
SPANS = st.builds(
    lambda name, context, parent, resource, attributes, events, links, kind, code, start, end: ReadableSpan(
        name,
        context,
        parent,
        Resource(resource, "https://schema"),
        BoundedAttributes(attributes=attributes),
        events,
        links,
        kind,
        status=Status(code, "why" if code is StatusCode.ERROR else None),
        start_time=start,
        end_time=end,
        instrumentation_scope=InstrumentationScope("scope", "1", "https://scope", attributes),
    ),
    st.text(max_size=10),
    CONTEXTS,
    st.none() | CONTEXTS,
    ATTRIBUTES,
    ATTRIBUTES,
    st.lists(st.builds(Event, st.text(max_size=5), ATTRIBUTES, TIMES), max_size=2),
    st.lists(st.builds(Link, CONTEXTS, ATTRIBUTES), max_size=2),
    st.sampled_from(SpanKind),
    st.sampled_from(StatusCode),
    TIMES,
    st.none() | TIMES,
)


@given(st.lists(SPANS, min_size=1, max_size=3))
def test_foreign_spans_come_back_as_they_were(spans: list[ReadableSpan]) -> None:
    """Whatever OpenTelemetry lets a span hold comes back."""
    for before in spans:
        after = through(before)
        assert after.to_json() == before.to_json()
        assert after.context == before.context
        assert after.parent == before.parent
        assert after.resource == before.resource
        assert after.instrumentation_scope == before.instrumentation_scope
        assert [(link.context, dict(link.attributes or {})) for link in after.links] == [
            (link.context, dict(link.attributes or {})) for link in before.links
        ]


def test_what_the_sdk_dropped_is_still_counted() -> None:
    """The counts of dropped attributes, events and links come back."""
    exporter = CollectingExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("busy") as span:
        for number in range(200):
            span.set_attribute(f"key {number}", number)
            span.add_event(f"event {number}")
            span.add_link(SpanContext(1, number + 1, False))
    (before,) = exporter.spans
    after = through(before)
    assert before.dropped_attributes > 0
    assert after.dropped_attributes == before.dropped_attributes
    assert after.dropped_events == before.dropped_events
    assert after.dropped_links == before.dropped_links
