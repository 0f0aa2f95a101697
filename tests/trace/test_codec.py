"""Spans survive the way through bytes."""

import marshal
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

from obsv import monitor
from obsv.testing import CollectingExporter, captured_spans, ended_span
from obsv.trace.codec import Codec, UnknownCodec
from obsv.trace.foreign_form import ForeignForm
from obsv.trace.lean_form import LeanForm
from obsv.trace.span import Span


@pytest.fixture
def codec() -> Codec:
    return Codec([LeanForm(), ForeignForm()])


@pytest.fixture
def calls() -> Iterator[list[Span]]:
    with captured_spans(resource=Resource({"service.name": "shop"})) as recorded:
        yield recorded


def through(codec: Codec, spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
    payload, lost = codec.encode(spans)
    assert lost == 0
    return codec.decode(payload)


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
    codec = Codec([ForeignForm()])
    for before, after in zip(spans, through(codec, spans), strict=True):
        assert after.to_json() == before.to_json()
        assert after.context == before.context
        assert after.parent == before.parent
        assert after.resource == before.resource
        assert after.instrumentation_scope == before.instrumentation_scope
        assert [(link.context, dict(link.attributes or {})) for link in after.links] == [
            (link.context, dict(link.attributes or {})) for link in before.links
        ]


def test_what_the_sdk_dropped_is_still_counted(codec: Codec) -> None:
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
    (after,) = through(codec, exporter.spans)
    assert before.dropped_attributes > 0
    assert after.dropped_attributes == before.dropped_attributes
    assert after.dropped_events == before.dropped_events
    assert after.dropped_links == before.dropped_links


def test_monitored_calls_come_back_as_they_were(codec: Codec, calls: list[Span]) -> None:
    """A monitored call is the same to a reader, with its values, its failure and its caller."""

    @monitor(capture={"locals": True})
    def inner(amount: int, options: dict[str, int]) -> int:
        return 100 // amount

    @monitor
    def outer(amount: int) -> int:
        return inner(amount, {"rounded": 1})

    outer(5)
    with pytest.raises(ZeroDivisionError):
        outer(0)
    before = list(calls)
    after = through(codec, before)
    assert [type(span) for span in after] == [Span] * 4
    for one, other in zip(before, after, strict=True):
        assert isinstance(other, Span)
        assert other.to_json() == one.to_json()
        assert (other.trace_id, other.span_id, other.parent_id) == (one.trace_id, one.span_id, one.parent_id)
        assert (other.inputs, other.depth, other.status_code) == (one.inputs, one.depth, one.status_code)
        assert (other.caller and other.caller.name) == (one.caller and one.caller.name)


def test_a_functions_own_secret_words_come_back(codec: Codec, calls: list[Span]) -> None:
    """The text of an exception is made behind the codec, and is redacted by what the function asked for."""

    @monitor(sensitive_fields=("account",))
    def pay() -> None:
        raise ValueError("refused: account=DE02 password=hunter2 amount=3")

    with pytest.raises(ValueError, match="refused"):
        pay()
    (span,) = through(codec, calls)
    assert isinstance(span, Span)
    assert span.function.redactor == calls[0].function.redactor
    text = str((span.events[0].attributes or {})["exception.stacktrace"])
    assert text.endswith("ValueError: refused: account=*** password=*** amount=3\n")
    assert "DE02" not in text


def test_what_spans_share_is_one_object_again(codec: Codec, calls: list[Span]) -> None:
    """Exporters compare functions and resources by identity, also between two records."""

    @monitor
    def function() -> None:
        """Do nothing."""

    function()
    function()
    one, other = through(codec, calls[:1]) + through(codec, calls[1:])
    assert isinstance(one, Span)
    assert isinstance(other, Span)
    assert one.function is other.function
    assert one.origin is other.origin
    foreign, other_foreign = through(codec, [ended_span()]) + through(codec, [ended_span()])
    assert foreign.resource is other_foreign.resource


def test_spans_of_several_classes_keep_their_order(codec: Codec, calls: list[Span]) -> None:
    """Monitored calls and foreign spans may stand in one record."""
    monitor(len)([])
    spans = [ended_span("a"), *calls, ended_span("b"), ended_span("c")]
    assert [span.name for span in through(codec, spans)] == [span.name for span in spans]


class _Level(IntEnum):
    LOW = 1


def test_a_value_that_is_not_plain_becomes_text(codec: Codec) -> None:
    """Attributes that the API does not allow do not cost the span."""
    context = ended_span().context
    span = ReadableSpan("odd", context, attributes={"object": object(), "level": _Level.LOW})  # type: ignore[dict-item]
    (after,) = through(codec, [span])
    assert after.attributes is not None
    assert str(after.attributes["object"]).startswith("<object object")
    assert after.attributes["level"] == 1


def test_a_span_that_cannot_be_read_costs_only_itself(codec: Codec) -> None:
    """One broken span does not take the others of its record with it."""

    class Broken(ReadableSpan):
        @property
        def name(self) -> str:
            raise RuntimeError("broken")

    payload, lost = codec.encode([ended_span("a"), Broken(""), ended_span("b")])
    assert lost == 1
    assert [span.name for span in codec.decode(payload)] == ["a", "b"]


def test_a_monitored_call_with_an_odd_value_comes_back_as_a_foreign_span(codec: Codec, calls: list[Span]) -> None:
    """What `marshal` cannot write is kept as text."""
    monitor(len)([])
    calls[0].inputs = ((("obj", object()),),)
    (after,) = through(codec, calls)
    assert type(after) is ReadableSpan
    assert after.name == calls[0].name


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff garbage", id="garbage"),
        pytest.param(marshal.dumps(7), id="no tuple"),
        pytest.param(marshal.dumps((99, [])), id="a later version"),
        pytest.param(marshal.dumps((1, [("unheard-of", [])])), id="an unknown form"),
    ],
)
def test_bytes_of_another_codec_are_refused(codec: Codec, payload: bytes) -> None:
    """What cannot be read is said to be so, and nothing else happens."""
    with pytest.raises(UnknownCodec):
        codec.decode(payload)


def test_forms_of_ones_own_come_first() -> None:
    """Whoever has a span class of their own can have it spilled in their own way."""

    class Own(ReadableSpan):
        pass

    class OwnForm:
        name = "own"

        def takes(self, span_type: type) -> bool:
            return span_type is Own

        def freeze(self, spans: Sequence[Any]) -> list[Any]:
            return [span.name for span in spans]

        def thaw(self, frozen: list[Any]) -> list[Any]:
            return [Own(name) for name in frozen]

    codec = Codec([OwnForm(), ForeignForm()])
    assert [type(span) for span in through(codec, [Own("x"), ended_span()])] == [Own, ReadableSpan]
