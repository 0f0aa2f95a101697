"""Our spans as citizens of OpenTelemetry: API, processors, providers, propagation."""

import json
from collections.abc import Iterator

import pytest
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from obsv import monitor
from obsv.testing import captured_by, captured_spans
from obsv.trace.provider import TracerProvider
from obsv.trace.recording import recording
from obsv.trace.span import Span


@pytest.fixture
def spans() -> Iterator[list[Span]]:
    with captured_spans(resource=Resource({"service.name": "shop"})) as recorded:
        yield recorded


def test_span_is_current_and_of_both_types(spans: list[Span]) -> None:
    """Inside a call, the current span is the call's; it is a Span and reads as a ReadableSpan."""
    inside: list[trace.Span] = []
    monitor(lambda: inside.append(trace.get_current_span()))()
    assert inside == spans
    assert isinstance(spans[0], trace.Span)
    assert isinstance(spans[0], ReadableSpan)
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_everything_the_span_api_offers(spans: list[Span]) -> None:
    """Attributes, events, links, status, name and exceptions set by hand are in the span."""
    other = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))

    @monitor
    def f() -> None:
        span = trace.get_current_span()
        assert span.is_recording()
        span.set_attribute("customer", "ann")
        span.set_attributes({"size": 3, "tags": ["a", "b"]})
        span.add_event("cache miss", {"key": "k"}, timestamp=5)
        span.add_link(other, {"why": "batch"})
        span.set_status(StatusCode.OK)
        span.set_status(Status(StatusCode.ERROR, "ignored: OK is final"))
        span.update_name("renamed")
        span.record_exception(ValueError("seen, password=hunter2"), {"extra": 1})

    f()
    (span,) = spans
    assert span.attributes["customer"] == "ann"
    assert span.attributes["size"] == 3
    assert span.attributes["tags"] == ("a", "b")
    assert [event.name for event in span.events] == ["cache miss", "exception"]
    assert span.events[0].timestamp == 5
    assert span.events[1].attributes is not None
    assert "hunter2" not in str(span.events[1].attributes["exception.stacktrace"])
    assert span.links == (Link(other, {"why": "batch"}),) or span.links[0].context == other
    assert span.status.status_code is StatusCode.OK
    assert span.name == "renamed"
    assert span.kind is SpanKind.INTERNAL


def test_ended_span_takes_nothing_more(spans: list[Span], caplog: pytest.LogCaptureFixture) -> None:
    """Changes after the end are not recorded, but logged."""
    monitor(lambda: None)()
    span = spans[0]
    span.set_attribute("late", 1)
    span.add_event("late")
    span.set_status(StatusCode.ERROR)
    span.end()
    assert not span.is_recording()
    assert "late" not in span.attributes
    assert not span.events
    assert span.status.status_code is StatusCode.UNSET
    assert "has ended" in caplog.text
    assert len(spans) == 1


def test_span_ended_by_hand_is_handed_over_once(spans: list[Span]) -> None:
    """`span.end()` inside the call ends it there."""
    monitor(lambda: trace.get_current_span().end())()
    assert len(spans) == 1


def test_limits_are_honoured() -> None:
    """Span limits bound what is set by hand, and what was dropped is counted."""
    limits = SpanLimits(max_span_attributes=2, max_events=1, max_links=1)

    @monitor
    def f() -> None:
        span = trace.get_current_span()
        for i in range(5):
            span.set_attribute(f"a{i}", i)
            span.add_event(f"e{i}")
            span.add_link(SpanContext(1, i + 1, is_remote=False))

    with captured_spans(span_limits=limits) as spans:
        f()
    assert (spans[0].dropped_attributes, spans[0].dropped_events, spans[0].dropped_links) == (3, 4, 4)


def test_sdk_spans_and_ours_share_a_trace(spans: list[Span]) -> None:
    """Spans of other instrumentation nest under ours, and ours under theirs."""
    provider = TracerProvider(shutdown_on_exit=False)
    tracer = provider.get_tracer("other")
    seen: list[trace.Span] = []

    @monitor
    def inner() -> None:
        with tracer.start_as_current_span("query") as span:
            seen.append(span)

    with tracer.start_as_current_span("request") as request:
        inner()
    ours = spans[0]
    assert ours.parent == request.get_span_context()
    assert seen[0].parent.span_id == ours.span_id  # type: ignore[attr-defined]
    assert {ours.trace_id, seen[0].get_span_context().trace_id} == {request.get_span_context().trace_id}
    assert ours.depth == 1


def test_w3c_context_goes_out_and_comes_in(spans: list[Span]) -> None:
    """The call's context is injected into headers; a remote parent's ids, state and flags are taken over."""
    carrier: dict[str, str] = {}
    monitor(lambda: inject(carrier))()
    _, trace_id, span_id, flags = carrier["traceparent"].split("-")
    assert (trace_id, span_id) == (f"{spans[0].trace_id:032x}", f"{spans[0].span_id:016x}")
    assert int(flags, 16) & 1

    token = context_api.attach(extract({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "x=1"}))
    child: dict[str, str] = {}
    monitor(lambda: monitor(lambda: inject(child))())()
    context_api.detach(token)
    grandchild, remote_child = spans[1:]
    assert remote_child.parent is not None
    assert remote_child.parent.is_remote
    assert f"{remote_child.parent.span_id:x}" == "b" * 16
    assert grandchild.parent_id == remote_child.span_id
    assert child["tracestate"] == "x=1"


def test_unsampled_remote_parent_is_not_recorded(spans: list[Span]) -> None:
    """A request that its sender did not sample is not recorded (parent-based, the default)."""
    token = context_api.attach(extract({"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}))
    monitor(lambda: None)()
    context_api.detach(token)
    assert not spans


def test_invalid_parent_starts_a_trace(spans: list[Span]) -> None:
    """A current span without an identity is no parent."""
    with trace.use_span(trace.INVALID_SPAN):
        monitor(lambda: None)()
    assert spans[0].parent is None
    assert spans[0].trace_id


def test_ids_are_random_where_w3c_wants_it_and_sort_by_time(spans: list[Span]) -> None:
    """Trace ids begin with the time in milliseconds and carry the random flag."""
    f = monitor(lambda: None)
    for _ in range(3):
        f()
    assert len({span.trace_id & (2**64 - 1) for span in spans}) == 3
    milliseconds = spans[0].trace_id >> 80
    assert abs(milliseconds - spans[0].start_time / 1e6) < 5_000
    assert spans[0].get_span_context().trace_flags & 0x02


@pytest.mark.parametrize("make", [SimpleSpanProcessor, BatchSpanProcessor], ids=["simple", "batch"])
def test_any_sdk_processor_and_exporter_gets_complete_spans(make: type) -> None:
    """A processor of the SDK on our provider exports spans with everything in them."""
    exporter = InMemorySpanExporter()
    with captured_spans(resource=Resource({"service.name": "shop"})):
        provider = TracerProvider(shutdown_on_exit=False, resource=Resource({"service.name": "shop"}))
        provider.add_span_processor(make(exporter))
        provider.open(recording)
        monitor(lambda value: value)(1)
        provider.force_flush()
        provider.shutdown()
    (span,) = exporter.get_finished_spans()
    shown = json.loads(span.to_json())
    assert shown["attributes"]["obsv.input.value"] == "1"
    assert shown["resource"]["attributes"]["service.name"] == "shop"
    assert shown["end_time"]


def test_processor_that_raises_does_not_reach_the_program(caplog: pytest.LogCaptureFixture) -> None:
    """A broken processor is said once; calls go on."""

    class Broken(SimpleSpanProcessor):
        def on_start(self, span: object, parent_context: object = None) -> None:
            raise RuntimeError("start")

        def on_end(self, span: object) -> None:
            raise RuntimeError("end")

    with captured_spans():
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(Broken(ConsoleSpanExporter()))
        provider.open(recording)
        f = monitor(lambda: 1)
        assert f() == f() == 1
    assert caplog.text.count("failed in on_end") <= 1


def test_another_provider_makes_the_spans() -> None:
    """With another provider installed, calls are its spans, with our attributes."""
    provider = SdkTracerProvider(shutdown_on_exit=False, resource=Resource({"service.name": "theirs"}))
    with captured_by(provider) as spans:

        @monitor
        def f(a: int) -> int:
            assert trace.get_current_span().is_recording()
            return a

        @monitor
        def g() -> Iterator[str]:
            yield "first"

        f(1), list(g())
        with pytest.raises(ZeroDivisionError):
            monitor(lambda x: 1 // x)(0)
    ok, generated, failed = spans
    assert not isinstance(ok, Span)
    assert ok.resource.attributes["service.name"] == "theirs"
    assert (ok.attributes["obsv.input.a"], ok.attributes["obsv.output.return"]) == ("1", "1")
    assert generated.attributes["obsv.output.yield"] == "'first'"
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.events[0].attributes["exception.type"] == "ZeroDivisionError"


def test_what_a_call_used_and_locals_with_another_provider() -> None:
    """`cpu`, `memory` and `locals` are attributes of its spans too."""

    @monitor(capture={"cpu": True, "memory": True, "locals": True})
    def divide(count: int) -> float:
        token = sum(range(100_000))
        return token / count

    with captured_by(SdkTracerProvider(shutdown_on_exit=False)) as spans:
        divide(1)
        with pytest.raises(ZeroDivisionError):
            divide(0)
    ok, failed = (span.attributes for span in spans)
    for attributes in (ok, failed):
        assert attributes["obsv.cpu_time_ns"] > 0
        assert isinstance(attributes["obsv.memory_growth_bytes"], int)
    assert "obsv.output.local.count" not in ok
    assert (failed["obsv.output.local.count"], failed["obsv.output.local.token"]) == ("0", "***")


def test_another_provider_that_does_not_sample_still_gets_failures() -> None:
    """A failing call that the other provider's sampler dropped is recorded by us."""
    with captured_by(SdkTracerProvider(shutdown_on_exit=False, sampler=ALWAYS_OFF)) as spans:
        f = monitor(lambda x: 1 // x)
        f(1)
        with pytest.raises(ZeroDivisionError):
            f(0)
    assert [type(span) for span in spans] == [Span]


def test_a_failure_below_an_unsampled_parent_is_sampled(spans: list[Span]) -> None:
    """It is recorded, so what goes on over OTLP says so: exporters leave out what is not sampled."""
    parent = NonRecordingSpan(SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(0)))
    with trace.use_span(parent), pytest.raises(ZeroDivisionError):
        monitor(lambda: 1 // 0)()
    context = spans[0].get_span_context()
    assert (context.trace_id, context.trace_flags.sampled) == (7, True)


def test_non_recording_parent_of_the_api(spans: list[Span]) -> None:
    """A NonRecordingSpan that was sampled elsewhere is a parent like any other."""
    parent = NonRecordingSpan(SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(1)))
    with trace.use_span(parent):
        monitor(lambda: None)()
    assert (spans[0].trace_id, spans[0].parent_id) == (7, 8)
