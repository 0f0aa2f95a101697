"""The exporter, watched: its failures open a breaker, its times are measured."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from obsv.own_time import monotonic
from obsv.trace.breaker import CircuitBreaker
from obsv.trace.counters import Counters
from obsv.trace.notices import Notices
from obsv.trace.pulse import Pulse

# Batches from this size on tell what a span costs; the time of smaller ones is mostly fixed cost.
_LARGE = 256
# Each batch that was spilled because its export seemed to take too long lets the estimate fall, so that one is tried.
_FORGET = 0.97


@runtime_checkable
class ReplayingExporter(Protocol):
    """What an exporter may offer besides `SpanExporter`, so that spilled spans are exported exactly once."""

    def export_replayed(self, spans: Sequence[ReadableSpan], path: str, position: int) -> SpanExportResult:
        """Export spans and note `position` for the spill file, in one transaction.

        Args:
            spans: what was spilled.
            path: name of the spill file, unique for ever.
            position: bytes of the file that are done with these spans.
        """

    def replayed_position(self, path: str) -> int:
        """The position noted last for a spill file; 0 if there is none."""

    def forget_replayed(self, path: str) -> None:
        """Forget the position: the file has been deleted."""


class Exporting:
    """Calls the exporter. Used by one thread at a time.

    Args:
        exporter: where spans go.
        breaker: asked by the caller before, told of every outcome here.
        counters: `exported`, `failed_batches`, `batch_time_s`, `batch_size` are kept here.
        notices: says what failed, once an episode.
        pulse: told how long the exporter will take.
        clock: seconds.

    Attributes:
        in_hand: spans that the exporter has been given and not yet returned from.
        is_busy: the exporter has not returned yet.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        breaker: CircuitBreaker,
        counters: Counters,
        notices: Notices,
        pulse: Pulse,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.exporter = exporter
        self.breaker = breaker
        self._counters = counters
        self._notices = notices
        self._pulse = pulse
        self._clock = clock
        self.reset()
        self._replaying = exporter if isinstance(exporter, ReplayingExporter) else None
        self._fixed_s = 0.02
        self._span_s = 25e-6

    def reset(self) -> None:
        """Begin anew, as the child of a fork must: what was under way is the parent's."""
        self.in_hand: Sequence[ReadableSpan] = ()
        self.is_busy = False

    def export(self, spans: Sequence[ReadableSpan]) -> bool:
        """Export a batch. Never raises.

        Returns:
            False if it failed and must be kept.
        """
        self.in_hand = spans
        try:
            return self._attempt(lambda: self.exporter.export(spans), len(spans))
        finally:
            self.in_hand = ()

    def export_replayed(self, spans: Sequence[ReadableSpan], path: Path, position: int) -> bool:
        """Export a batch that comes from a spill file, with the position that this reaches if the exporter keeps it."""
        replaying = self._replaying
        if replaying is None:
            return self.export(spans)
        return self._attempt(lambda: replaying.export_replayed(spans, path.name, position), len(spans))

    def replayed_position(self, path: Path) -> int | None:
        """How far the exporter has had a spill file; None if it could not say now."""
        if self._replaying is None:
            return 0
        try:
            return self._replaying.replayed_position(path.name)
        except Exception as error:
            self._failed(error)
            return None

    @property
    def is_unavailable(self) -> bool:
        """Whether the exporter says that its last failure had nothing to do with the spans."""
        return bool(getattr(self.exporter, "is_unavailable", False))

    def forget_replayed(self, path: Path) -> None:
        """Tell the exporter that a spill file is gone."""
        if self._replaying is None:
            return
        try:
            self._replaying.forget_replayed(path.name)
        except Exception as error:
            self._notices.once("forget", logging.DEBUG, "The position in %s could not be deleted: %s", path, error)

    def expected_s(self, size: int) -> float:
        """Seconds that a batch will take, going by the last ones."""
        return self._fixed_s + size * self._span_s

    def doubt_estimate(self) -> None:
        """Lower the estimate a little: a batch was not tried because of it."""
        self._fixed_s *= _FORGET
        self._span_s *= _FORGET

    def _attempt(self, export: Callable[[], object], size: int) -> bool:
        started = self._clock()
        self._pulse.busy_for(self.expected_s(size))
        self.is_busy = True
        try:
            result = export()
        except Exception as error:
            return self._failed(error)
        finally:
            self.is_busy = False
            self._pulse.busy_for(0)
        # As in the SDK, an exporter that returns nothing has not failed.
        if result is SpanExportResult.FAILURE:
            return self._failed(None)
        self._succeeded(size, self._clock() - started)
        return True

    def _succeeded(self, size: int, elapsed_s: float) -> None:
        if size >= _LARGE:
            self._span_s += 0.3 * (max(0.0, elapsed_s - self._fixed_s) / size - self._span_s)
        else:
            self._fixed_s += 0.3 * (elapsed_s - self._fixed_s)
            self._pulse.takes(self._fixed_s)
        self._counters.exported += size
        self._counters.batch_size, self._counters.batch_time_s = size, elapsed_s
        self.breaker.succeeded()
        if self._notices.over("export"):
            self._notices.over("breaker")
            self._notices.over("retried")
            logging.getLogger("obsv").info("Recording works again.")

    def _failed(self, error: Exception | None) -> bool:
        self._counters.failed_batches += 1
        reason = "the exporter returned FAILURE" if error is None else f"{type(error).__name__}: {error}"
        # An exporter that returns FAILURE has said why itself, as OpenTelemetry's do.
        self._notices.once(
            "export",
            logging.INFO if error is None else logging.WARNING,
            "Calls cannot be stored now, they are kept and tried again: %s",
            reason,
        )
        self.breaker.failed()
        return False
