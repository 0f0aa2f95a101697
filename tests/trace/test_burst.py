"""A million calls at full speed: nothing is lost, nothing comes twice."""

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from obsv.trace.processor import ErrorFirstSpanProcessor

CONTEXT = SpanContext(1, 1, False, TraceFlags(TraceFlags.SAMPLED))
OK, FAILED = Status(StatusCode.UNSET), Status(StatusCode.ERROR)


class Small(ReadableSpan):
    """A span as small as can be, so that the test is about the pipeline."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def context(self) -> SpanContext:
        return CONTEXT

    @property
    def status(self) -> Status:
        return OK if self.number % 1_000 else FAILED


class SmallForm:
    name = "small"

    def takes(self, span_type: type) -> bool:
        return span_type is Small

    def freeze(self, spans: Sequence[Any]) -> list[Any]:
        return [span.number for span in spans]

    def thaw(self, frozen: list[Any]) -> list[Any]:
        return [Small(number) for number in frozen]


class Numbers(SpanExporter):
    """Keeps the numbers of all spans."""

    def __init__(self) -> None:
        self.numbers: Counter[int] = Counter()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.numbers.update(span.number for span in spans)  # type: ignore[attr-defined]
        return SpanExportResult.SUCCESS


@pytest.mark.parametrize("threads", [1, 8])
def test_a_million_calls_are_all_exported_once(tmp_path: Path, threads: int) -> None:
    """Errors among them; nothing is dropped, and nothing is left on disk."""
    count = 1_000_000 // threads
    exporter = Numbers()
    processor = ErrorFirstSpanProcessor(exporter, spill_path=tmp_path / "calls.db", forms=[SmallForm()])

    def record(start: int) -> None:
        for number in range(start, start + count):
            processor.on_end(Small(number))

    recorders = [threading.Thread(target=record, args=(number * count,)) for number in range(threads)]
    for recorder in recorders:
        recorder.start()
    for recorder in recorders:
        recorder.join()
    assert processor.force_flush(300_000)
    stats = processor.stats()
    assert (stats["recorded"], stats["errors"], stats["exported"]) == (1_000_000, 1_000, 1_000_000)
    assert (stats["dropped"], stats["rejected"], stats["depth"], stats["spill_pending"]) == (0, 0, 0, 0)
    assert stats["spilled"] == stats["replayed"]
    assert len(exporter.numbers) == 1_000_000
    assert exporter.numbers.total() == 1_000_000
    processor.shutdown()
    assert list(tmp_path.iterdir()) == []
