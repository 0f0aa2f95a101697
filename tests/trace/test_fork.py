"""Processes that fork: each records its own calls once."""

import faulthandler
import os
import threading
from collections.abc import Iterator

import pytest

from obsv.testing import CollectingExporter, ended_span
from obsv.trace.processor import ErrorFirstSpanProcessor

PATIENCE_S = 60

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    # Python 3.12 warns of what is tested here.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture
def exporter() -> CollectingExporter:
    return CollectingExporter()


@pytest.fixture
def processor(exporter: CollectingExporter) -> Iterator[ErrorFirstSpanProcessor]:
    processor = ErrorFirstSpanProcessor(exporter, schedule_delay_s=3_600)
    yield processor
    exporter.error = None
    exporter.go_on()
    processor.shutdown()


def in_child(check: "object") -> None:
    """Run a function that returns a bool in a forked child; fail if it is False, raises or hangs."""
    child = os.fork()
    if child == 0:
        code = 1
        faulthandler.dump_traceback_later(PATIENCE_S - 5, file=2)  # of one that hangs
        try:
            code = 0 if check() else 2  # type: ignore[operator]
        finally:
            os._exit(code)
    waiter = threading.Timer(PATIENCE_S, os.kill, (child, 9))
    waiter.start()
    status = os.waitpid(child, 0)[1]
    waiter.cancel()
    assert status == 0


def test_what_waits_in_the_parent_is_exported_by_the_parent_alone(
    processor: ErrorFirstSpanProcessor, exporter: CollectingExporter
) -> None:
    """The child begins with nothing, and its own spans are exported by its own thread."""
    processor.on_end(ended_span("opener", error=True))
    assert exporter.wait_for_spans(1)
    for _ in range(9):
        processor.on_end(ended_span("parent"))

    def child() -> bool:
        stats = processor.stats()
        exporter.batches.clear()
        for _ in range(100):
            processor.on_end(ended_span("child"))
        flushed = processor.force_flush(120_000)
        return flushed and exporter.names == ["child"] * 100 and stats["recorded"] == 0 == stats["depth"]

    in_child(child)
    assert processor.force_flush()
    assert exporter.names == ["opener"] + ["parent"] * 9


def test_a_fork_before_the_first_span_is_free(processor: ErrorFirstSpanProcessor, exporter: CollectingExporter) -> None:
    """Servers that fork their workers before the first call need no care."""

    def child() -> bool:
        processor.on_end(ended_span("child", error=True))
        return exporter.wait_for_spans(1)

    in_child(child)
    processor.on_end(ended_span("parent", error=True))
    assert exporter.wait_for_spans(1)
    assert exporter.names == ["parent"]


def test_a_fork_at_any_moment_does_not_hang() -> None:
    """Children forked while all locks are in use can record and flush."""
    exporter = CollectingExporter()
    processor = ErrorFirstSpanProcessor(exporter, max_queue_size=100)
    stop = threading.Event()

    def record() -> None:
        while not stop.is_set():
            processor.on_end(ended_span("parent"))
            processor.on_end(ended_span("parent", error=True))
            processor.stats()

    recorders = [threading.Thread(target=record) for _ in range(2)]
    for recorder in recorders:
        recorder.start()
    try:
        for _ in range(20):

            def child() -> bool:
                exporter.__init__()  # type: ignore[misc]
                processor.on_end(ended_span("child"))
                return processor.force_flush(120_000) and exporter.names == ["child"]

            in_child(child)
    finally:
        stop.set()
        for recorder in recorders:
            recorder.join()
        processor.shutdown()
