"""The worker thread: sleeps when nothing comes, wakes when something does, survives what it meets."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from obsv.testing import CollectingExporter, ended_span
from obsv.trace import worker as worker_module
from obsv.trace.processor import ErrorFirstSpanProcessor

NEVER_S = 3_600.0
MakeProcessor = Callable[..., ErrorFirstSpanProcessor]


@pytest.fixture
def exporter() -> CollectingExporter:
    return CollectingExporter()


@pytest.fixture
def make(exporter: CollectingExporter, tmp_path: Path) -> Iterator[MakeProcessor]:
    made: list[ErrorFirstSpanProcessor] = []

    def make_processor(**settings: Any) -> ErrorFirstSpanProcessor:
        made.append(ErrorFirstSpanProcessor(exporter, spill_path=tmp_path / "calls.db", **settings))
        return made[-1]

    yield make_processor
    exporter.go_on()
    for processor in made:
        processor.shutdown()


def threads_of(work: Callable[[], object]) -> set[threading.Thread]:
    before = set(threading.enumerate())
    work()
    return set(threading.enumerate()) - before


def test_there_is_no_thread_before_the_first_span(make: MakeProcessor) -> None:
    """A program that records nothing pays for nothing."""
    assert threads_of(make) == set()


def test_a_sleeping_worker_is_woken_by_a_success(make: MakeProcessor, exporter: CollectingExporter) -> None:
    """After a long rest the thread sleeps without a timeout, and the next span wakes it."""
    processor = make(schedule_delay_s=0.0001)
    processor.on_end(ended_span("first"))
    assert exporter.wait_for_spans(1)
    asleep = threading.Event()
    sleep = processor._worker._sleep

    def note(timeout_s: float) -> None:
        if timeout_s > 10:
            asleep.set()
        sleep(timeout_s)

    processor._worker._sleep = note  # type: ignore[method-assign]
    assert asleep.wait(30)
    processor.on_end(ended_span("second"))
    assert exporter.wait_for_spans(2)


def test_an_error_wakes_a_worker_that_waits_for_the_next_round(
    make: MakeProcessor, exporter: CollectingExporter
) -> None:
    """With the round an hour away an error is exported at once."""
    processor = make(schedule_delay_s=NEVER_S)
    processor.on_end(ended_span("first"))
    assert exporter.wait_for_spans(1)
    processor.on_end(ended_span("second", error=True))
    assert exporter.wait_for_spans(2)


def test_an_unexpected_exception_does_not_end_the_worker(
    make: MakeProcessor, exporter: CollectingExporter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens in a round is logged once, and the next round is as usual."""
    processor = make()
    stumbled = threading.Event()
    step = processor._drain.step

    def stumble(**_: object) -> bool:
        stumbled.set()
        raise SystemExit

    monkeypatch.setattr(processor._drain, "step", stumble)
    processor.on_end(ended_span("a"))
    assert stumbled.wait(30)
    assert not processor.force_flush(10_000)
    monkeypatch.setattr(processor._drain, "step", step)
    assert processor.force_flush()
    assert exporter.names == ["a"]
    assert len([record for record in caplog.records if "stumbled" in record.message]) == 1


def test_without_a_thread_flush_does_the_work(
    make: MakeProcessor, exporter: CollectingExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.12 starts no thread at interpreter shutdown: then the caller of flush exports."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    monkeypatch.setattr(worker_module.threading.Thread, "start", refuse)
    processor = make()
    processor.on_end(ended_span("a"))
    processor.on_end(ended_span("b", error=True))
    assert exporter.names == []
    assert processor.force_flush()
    assert exporter.names == ["b", "a"]
    processor.on_end(ended_span("c"))
    processor.shutdown()
    assert exporter.names == ["b", "a", "c"]


def test_a_flush_from_the_workers_own_thread_does_not_hang(make: MakeProcessor, exporter: CollectingExporter) -> None:
    """An exporter or a periodic task that flushes gets False at once."""
    processor = make(schedule_delay_s=0.001)
    results: list[bool] = []
    done = threading.Event()

    def flush() -> None:
        results.append(processor.force_flush())
        done.set()

    processor.every(0, flush)
    processor.on_end(ended_span())
    assert done.wait(30)
    assert results[0] is False


def test_periodic_tasks_run_on_the_workers_thread(make: MakeProcessor) -> None:
    """What is due is called even when nothing is recorded any more."""
    processor = make(schedule_delay_s=0.001)
    names: list[str] = []
    often_enough = threading.Event()

    def note() -> None:
        names.append(threading.current_thread().name)
        if len(names) == 3:
            often_enough.set()

    processor.every(0.001, note)
    processor.start()
    assert often_enough.wait(30)
    assert set(names) == {"obsv-writer"}


def test_periodic_tasks_run_while_there_is_no_end_of_work(make: MakeProcessor, exporter: CollectingExporter) -> None:
    """A program that is always ahead of its exporter has its file kept small all the same."""
    processor = make(schedule_delay_s=0.001)
    called = threading.Event()
    export = exporter.export

    def endless(spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if not called.is_set():
            processor.on_end(ended_span(error=True))
        return export(spans)

    exporter.export = endless  # type: ignore[method-assign]
    processor.every(0, called.set)
    processor.on_end(ended_span(error=True))
    try:
        assert called.wait(20)
    finally:
        called.set()


def test_the_worker_does_not_trace_itself(make: MakeProcessor, exporter: CollectingExporter) -> None:
    """Instrumented libraries that the exporter uses see that they must not record."""
    from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value

    processor = make()
    seen: list[object] = []
    export = exporter.export
    exporter.export = lambda spans: (seen.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY)), export(spans))[1]  # type: ignore[method-assign]
    processor.on_end(ended_span())
    assert processor.force_flush()
    assert seen == [True]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_recording_in_a_signal_handler_does_not_hang(make: MakeProcessor, exporter: CollectingExporter) -> None:
    """A handler may interrupt any step of recording, and be monitored itself."""
    processor = make(lane_size=100, ring_size=200)
    handled: list[int] = []

    def handle(*_: object) -> None:
        for error in (False, True):
            processor.on_end(ended_span(error=error))
        processor.stats()
        handled.append(1)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    recorded = 0
    try:
        while len(handled) < 200:
            processor.on_end(ended_span(error=recorded % 10 == 0))
            recorded += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert processor.force_flush()
    assert len(exporter.spans) == recorded + 2 * len(handled)
    assert processor.stats()["recorded"] == recorded + 2 * len(handled)
