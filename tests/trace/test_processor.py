"""The processor keeps OpenTelemetry's contract of span processors."""

import gc
import logging
import threading
import weakref
from collections.abc import Iterator, Sequence
from unittest.mock import Mock

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from obsv.testing import CollectingExporter, ended_span
from obsv.trace.breaker import CircuitBreaker
from obsv.trace.processor import ErrorFirstSpanProcessor

NEVER_S = 3600.0


@pytest.fixture
def exporter() -> CollectingExporter:
    return CollectingExporter()


@pytest.fixture
def processor(exporter: CollectingExporter) -> Iterator[ErrorFirstSpanProcessor]:
    processor = ErrorFirstSpanProcessor(exporter)
    yield processor
    exporter.error, exporter.result = None, SpanExportResult.SUCCESS
    exporter.go_on()
    processor.shutdown()


def test_successes_are_exported_by_themselves(processor: ErrorFirstSpanProcessor, exporter: CollectingExporter) -> None:
    """A span is exported without anybody asking for it."""
    processor.on_end(ended_span("a"))
    assert exporter.wait_for_spans(1)
    assert exporter.names == ["a"]


def test_force_flush_exports_everything_in_order(exporter: CollectingExporter) -> None:
    """After force_flush all spans recorded before are exported, in their order where nothing had to be put aside."""
    processor = ErrorFirstSpanProcessor(exporter)
    names = [str(number) for number in range(2_000)]
    for name in names:
        processor.on_end(ended_span(name))
    assert processor.force_flush()
    assert exporter.names == names
    assert exporter.was_flushed
    processor.shutdown()


def test_an_error_overtakes_the_successes(exporter: CollectingExporter) -> None:
    """An error that comes last is exported first."""
    processor = ErrorFirstSpanProcessor(exporter, batch_size=10)
    exporter.hang()
    processor.on_end(ended_span("opener", error=True))
    assert exporter.wait_for_attempts(1)
    for _ in range(30):
        processor.on_end(ended_span("success"))
    processor.on_end(ended_span("error", error=True))
    exporter.go_on()
    assert processor.force_flush()
    assert exporter.names == ["opener", "error"] + ["success"] * 30
    processor.shutdown()


def test_unsampled_spans_are_ignored(processor: ErrorFirstSpanProcessor, exporter: CollectingExporter) -> None:
    """A span that is not sampled is not exported, as with the SDK's processors."""
    processor.on_end(ended_span("no", sampled=False))
    processor.on_end(ended_span("yes"))
    assert processor.force_flush()
    assert exporter.names == ["yes"]


def test_spans_of_the_sdk_pass(processor: ErrorFirstSpanProcessor, exporter: CollectingExporter) -> None:
    """The processor works in the SDK's own provider."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    with provider.get_tracer("test").start_as_current_span("parent"):
        pass
    assert provider.force_flush()
    assert exporter.names == ["parent"]


def test_shutdown_exports_what_waits_and_ends_the_exporter(exporter: CollectingExporter) -> None:
    """Spans recorded before shutdown are exported; later ones are dropped and counted."""
    processor = ErrorFirstSpanProcessor(exporter, schedule_delay_s=NEVER_S)
    processor.on_end(ended_span("before"))
    processor.shutdown()
    processor.on_end(ended_span("after"))
    processor.on_end(ended_span("after", error=True))
    assert exporter.names == ["before"]
    assert exporter.is_shut_down
    assert processor.stats()["dropped"] == 2
    assert not processor.force_flush()
    processor.shutdown()


def test_a_mock_is_an_exporter() -> None:
    """An exporter whose export returns something else than a result has not failed."""
    exporter = Mock()
    processor = ErrorFirstSpanProcessor(exporter, schedule_delay_s=NEVER_S)
    for _ in range(10):
        processor.on_end(ended_span())
    assert processor.force_flush()
    processor.shutdown()
    assert sum(len(call.args[0]) for call in exporter.export.call_args_list) == 10
    exporter.shutdown.assert_called_once_with()


def test_the_processor_is_garbage_collected_after_shutdown(exporter: CollectingExporter) -> None:
    """Nothing keeps a processor alive that was shut down."""
    processor = ErrorFirstSpanProcessor(exporter)
    processor.on_end(ended_span())
    reference = weakref.ref(processor)
    processor.shutdown()
    del processor
    gc.collect()
    assert reference() is None


def test_a_forgotten_processor_exports_what_it_has_and_ends_its_thread(exporter: CollectingExporter) -> None:
    """A processor that nobody has any more loses nothing and leaves no thread."""
    processor = ErrorFirstSpanProcessor(exporter, schedule_delay_s=NEVER_S)
    before = set(threading.enumerate())
    processor.on_end(ended_span("a"))
    (thread,) = set(threading.enumerate()) - before
    del processor
    gc.collect()
    thread.join(30)
    assert not thread.is_alive()
    assert exporter.names == ["a"]


@pytest.mark.parametrize("how", ["raises", "returns FAILURE"])
def test_a_failed_batch_is_kept(processor: ErrorFirstSpanProcessor, exporter: CollectingExporter, how: str) -> None:
    """Spans that the exporter did not take are exported when it works again."""
    if how == "raises":
        exporter.error = RuntimeError("no")
    else:
        exporter.result = SpanExportResult.FAILURE
    processor.on_end(ended_span("error", error=True))
    processor.on_end(ended_span("success"))
    assert not processor.force_flush()
    assert processor.stats()["depth"] + processor.stats()["error_depth"] == 2
    exporter.error, exporter.result = None, SpanExportResult.SUCCESS
    assert processor.force_flush()
    assert exporter.names == ["error", "success"]
    assert processor.stats()["depth"] == 0


def test_a_failing_exporter_is_logged_once(exporter: CollectingExporter, caplog: pytest.LogCaptureFixture) -> None:
    """One line an episode says that calls cannot be stored."""
    breaker = CircuitBreaker(failure_threshold=100)
    processor = ErrorFirstSpanProcessor(exporter, breaker=breaker)
    exporter.error = RuntimeError("the disk is gone")
    with caplog.at_level(logging.WARNING, "obsv"):
        for _ in range(5):
            processor.on_end(ended_span(error=True))
            processor.force_flush()
    assert [record.message for record in caplog.records] == [
        "Spans cannot be exported at the moment; they are kept and retried: RuntimeError: the disk is gone"
    ]
    exporter.error = None
    processor.shutdown()


def test_force_flush_honours_its_timeout(processor: ErrorFirstSpanProcessor, exporter: CollectingExporter) -> None:
    """With an exporter that hangs, force_flush returns False."""
    exporter.hang()
    processor.on_end(ended_span())
    assert not processor.force_flush(timeout_millis=1)


def test_shutdown_does_not_wait_for_an_exporter_that_hangs(exporter: CollectingExporter) -> None:
    """Spans that it has not accepted are dropped and counted."""
    processor = ErrorFirstSpanProcessor(exporter)
    exporter.hang()
    processor.on_end(ended_span("opener", error=True))
    assert exporter.wait_for_attempts(1)
    processor.on_end(ended_span("error", error=True))
    processor.on_end(ended_span("success"))
    processor.shutdown(timeout_millis=1)
    assert processor.stats()["dropped"] == 2
    exporter.go_on()


def test_errors_are_never_dropped(exporter: CollectingExporter) -> None:
    """If more arrives than the exporter accepts, the oldest successes are dropped."""
    processor = ErrorFirstSpanProcessor(exporter, max_queue_size=10)
    exporter.hang()
    processor.on_end(ended_span("opener", error=True))
    assert exporter.wait_for_attempts(1)
    for number in range(100):
        processor.on_end(ended_span(f"error {number}", error=True))
        processor.on_end(ended_span(f"success {number}"))
    assert processor.stats()["dropped"] == 90
    exporter.go_on()
    assert processor.force_flush()
    assert exporter.names == [
        "opener",
        *(f"error {number}" for number in range(100)),
        *(f"success {number}" for number in range(90, 100)),
    ]
    processor.shutdown()


def test_a_program_may_wait_for_room(exporter: CollectingExporter) -> None:
    """With on_full="block" nothing is dropped while the exporter takes something in time."""
    processor = ErrorFirstSpanProcessor(exporter, max_queue_size=5, batch_size=2, on_full="block", block_timeout_s=60)
    for number in range(200):
        processor.on_end(ended_span(str(number)))
    assert processor.force_flush()
    assert exporter.names == [str(number) for number in range(200)]
    assert processor.stats()["dropped"] == 0
    processor.shutdown()


class Picky(CollectingExporter):
    """Refuses batches with a span of a certain name."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if any(span.name == "bad" for span in spans):
            return SpanExportResult.FAILURE
        return super().export(spans)


def test_a_span_that_is_refused_keeps_no_other_out(caplog: pytest.LogCaptureFixture) -> None:
    """It is dropped, counted and named."""
    exporter = Picky()
    processor = ErrorFirstSpanProcessor(exporter, schedule_delay_s=NEVER_S, breaker=CircuitBreaker(100))
    for name in ("a", "b", "bad", "c"):
        processor.on_end(ended_span(name))
    assert processor.force_flush()
    assert exporter.names == ["a", "b", "c"]
    assert (processor.stats()["exported"], processor.stats()["rejected"]) == (3, 1)
    assert "1 spans are dropped" in caplog.text
    processor.shutdown()


def test_many_waiting_spans_are_said_once(exporter: CollectingExporter, caplog: pytest.LogCaptureFixture) -> None:
    """One line an episode."""
    processor = ErrorFirstSpanProcessor(exporter, schedule_delay_s=NEVER_S, queue_warning_threshold=3)
    for _ in range(10):
        processor.on_end(ended_span())
    assert [record.message for record in caplog.records] == ["4 spans are waiting for the exporter, more than 3."]
    processor.shutdown()


def test_an_open_breaker_is_shown(exporter: CollectingExporter) -> None:
    """The state says that the exporter is left alone."""
    processor = ErrorFirstSpanProcessor(exporter, breaker=CircuitBreaker(1, 3_600))
    exporter.error = RuntimeError("no")
    processor.on_end(ended_span(error=True))
    assert not processor.force_flush()
    assert processor.stats()["state"] == "CIRCUIT OPEN"
    exporter.error = None
    assert processor.force_flush()
    assert processor.stats()["state"] == "OK"
    processor.shutdown()
