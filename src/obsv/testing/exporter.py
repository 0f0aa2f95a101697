"""An exporter that keeps its spans, and fails or hangs on request."""

import threading
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


class CollectingExporter(SpanExporter):
    """A span exporter in memory. May be used by several threads.

    Attributes:
        batches: the exported spans, one list per batch.
        error: raised by `export` while it is set.
        result: the result of `export`; with FAILURE nothing is kept.
        is_shut_down: whether `shutdown` was called.
    """

    def __init__(self) -> None:
        self.batches: list[list[ReadableSpan]] = []
        self.error: Exception | None = None
        self.result = SpanExportResult.SUCCESS
        self.attempts = 0
        self.is_shut_down = False
        self.was_flushed = False
        self._open = threading.Event()
        self._open.set()
        self._changed = threading.Condition()  # guards the lists and counts

    @property
    def spans(self) -> list[ReadableSpan]:
        """Return all exported spans, in order."""
        return [span for batch in self.batches for span in batch]

    @property
    def names(self) -> list[str]:
        """Return the names of all exported spans, in order."""
        return [span.name for span in self.spans]

    def hang(self) -> None:
        """Make `export` wait from now on until `go_on`."""
        self._open.clear()

    def go_on(self) -> None:
        """End `hang`."""
        self._open.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._changed:
            self.attempts += 1
            self._changed.notify_all()
        self._open.wait()
        if self.error is not None:
            raise self.error
        with self._changed:
            if self.result is SpanExportResult.SUCCESS:
                self.batches.append(list(spans))
            self._changed.notify_all()
        return self.result

    def wait_for_spans(self, count: int, timeout_s: float = 30.0) -> bool:
        """Wait until `count` spans were exported; return False if time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: sum(map(len, self.batches)) >= count, timeout_s)

    def wait_for_attempts(self, count: int, timeout_s: float = 30.0) -> bool:
        """Wait until `export` was called `count` times; return False if time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: self.attempts >= count, timeout_s)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.was_flushed = True
        return True

    def shutdown(self) -> None:
        self.is_shut_down = True
