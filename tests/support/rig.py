"""The parts of the processor without its thread, under a clock that stands still."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from obsv.testing import CollectingExporter, FakeClock, ended_span
from obsv.trace.blobs import Blobs
from obsv.trace.breaker import CircuitBreaker
from obsv.trace.buffer import Buffer
from obsv.trace.codec import Codec
from obsv.trace.counters import Counters
from obsv.trace.drain import Drain, Limits
from obsv.trace.exporting import Exporting
from obsv.trace.foreign_form import ForeignForm
from obsv.trace.journal import Journal
from obsv.trace.notices import Notices
from obsv.trace.overflow import Overflow
from obsv.trace.pulse import Pulse
from obsv.trace.spill import Spill
from obsv.trace.stash import Stash


class TimedExporter(CollectingExporter):
    """An exporter that takes `span_s` seconds of a fake clock a span, and `fixed_s` a batch."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.fixed_s = 0.0
        self.span_s = 0.0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.clock.advance(self.fixed_s + self.span_s * len(spans))
        return super().export(spans)


class Rig:
    """Buffer, drain, overflow and what they need. `recovery_s` is the breaker's."""

    recovery_s = 5.0

    def __init__(
        self,
        base: Path | None,
        *,
        exporter: CollectingExporter | None = None,
        lane_size: int = 10_000,
        ring_size: int = 50_000,
        spill_max_bytes: int = 1 << 30,
        **limits: Any,
    ) -> None:
        self.clock = FakeClock()
        self.exporter = exporter or TimedExporter(self.clock)
        self.buffer: Buffer[ReadableSpan] = Buffer(lane_size, ring_size)
        self.blobs = Blobs()
        self.counters = Counters()
        self.notices = Notices()
        self.limits = Limits(**limits)
        self.pulse = Pulse(self.limits.lag_s, self.clock)
        self.breaker = CircuitBreaker(3, self.recovery_s, clock=self.clock)
        self.spill = None if base is None else Spill(base, spill_max_bytes)
        self.stash = Stash(self.spill, Codec([ForeignForm()]), self.counters, self.notices, self.clock)
        self.journal = Journal(base, self.notices)
        self.exporting = Exporting(self.exporter, self.breaker, self.counters, self.notices, self.pulse, self.clock)
        self.drain = Drain(
            self.buffer,
            self.blobs,
            self.exporting,
            self.stash,
            self.journal,
            self.pulse,
            self.counters,
            self.notices,
            self.limits,
            self.clock,
        )
        self.wakes = 0
        self.overflow = Overflow(
            self.buffer,
            self.blobs,
            self.stash,
            self.journal,
            self.pulse,
            self.limits,
            self.notices,
            8_000,
            self._wake,
        )
        self.buffer.on_mark = self.overflow.on_mark
        self.overflow.after_step()

    def _wake(self) -> None:
        self.wakes += 1

    def put(self, count: int = 1, name: str = "success") -> None:
        """Add successes."""
        for _ in range(count):
            self.buffer.put(ended_span(name))

    def put_error(self, count: int = 1, name: str = "error") -> None:
        """Add errors, past the producers' side."""
        for _ in range(count):
            self.buffer.put_error(ended_span(name, error=True))

    def work(self) -> int:
        """Do what can be done now; the number of steps that did something."""
        steps = 0
        while self.drain.step():
            steps += 1
            self.overflow.after_step()
        self.overflow.after_step()
        return steps

    def close(self) -> None:
        """Leave no open file."""
        self.drain.leave()
