"""Supervision of the exporter: failures open a breaker, and a span that it never accepts does not block others."""

import logging
from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from obsv.own_time import monotonic
from obsv.trace.breaker import CircuitBreaker
from obsv.trace.notices import Notices
from obsv.trace.sieve import sift

logger = logging.getLogger("obsv")

_MOST_NAMES = 5


class Exporting:
    """A caller of the exporter. Used by one thread at a time.

    Args:
        exporter: receives the spans. If it has an attribute `is_unavailable`, that says whether its last failure was
            unrelated to the spans.
        breaker: checked by the caller before, informed of every outcome here.
        notices: logs failures, once per episode.
        clock: seconds.

    Attributes:
        exported, rejected: numbers of accepted spans, and of those refused individually while others were accepted.
        failed_batches: number of failed exports.
        batch_size, batch_time_s: of the last successful export.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        breaker: CircuitBreaker,
        notices: Notices,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.exporter, self.breaker, self._notices, self._clock = exporter, breaker, notices, clock
        self.reset()

    def reset(self) -> None:
        """Start again, as required in the child of a fork."""
        self.exported = self.rejected = self.failed_batches = self.batch_size = 0
        self.batch_time_s = 0.0

    def export(self, spans: Sequence[ReadableSpan]) -> Sequence[ReadableSpan]:
        """Export a batch. Never raises.

        Returns:
            The spans to keep and export again: all, or none.
        """
        if self._attempt(spans):
            return ()
        if len(spans) == 1 or self._is_unavailable:
            return spans
        was_unavailable = False

        def export(part: Sequence[ReadableSpan]) -> bool:
            nonlocal was_unavailable
            is_taken = self._attempt(part)
            was_unavailable = was_unavailable or (not is_taken and self._is_unavailable)
            return is_taken

        refused = sift(spans, export)
        if refused is None:
            return spans
        if was_unavailable:  # accepted spans are exported again: better twice than never
            return spans
        self._reject(refused)
        return ()

    def _reject(self, refused: list[ReadableSpan]) -> None:
        if refused:
            self.rejected += len(refused)
            names = ", ".join(sorted({span.name for span in refused})[:_MOST_NAMES])
            message = "%d spans are dropped, because the exporter accepts others but not them: %s"
            self._notices.once("refused", logging.ERROR, message, len(refused), names)

    @property
    def _is_unavailable(self) -> bool:
        return bool(getattr(self.exporter, "is_unavailable", False))

    def _attempt(self, spans: Sequence[ReadableSpan]) -> bool:
        started = self._clock()
        try:
            result: object = self.exporter.export(spans)
        except Exception as error:
            return self._failed(f"{type(error).__name__}: {error}", logging.WARNING)
        # As in the SDK, an exporter that returns nothing has not failed.
        if result is SpanExportResult.FAILURE:
            # An exporter that returns this has logged the reason itself, as OpenTelemetry's do.
            return self._failed("the exporter returned FAILURE", logging.INFO)
        self.exported += len(spans)
        self.batch_size, self.batch_time_s = len(spans), self._clock() - started
        self.breaker.succeeded()
        if self._notices.over("export"):
            logger.info("Exporting works again.")
        return True

    def _failed(self, reason: str, level: int) -> bool:
        self.failed_batches += 1
        self._notices.once(
            "export", level, "Spans cannot be exported at the moment; they are kept and retried: %s", reason
        )
        self.breaker.failed()
        return False
