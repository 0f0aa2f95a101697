"""Test doubles, for obsv's own tests and for those of programs that use it."""

from obsv.testing.capturing import captured_by, captured_spans
from obsv.testing.clock import FakeClock
from obsv.testing.exporter import CollectingExporter
from obsv.testing.spans import ended_span

__all__ = ["CollectingExporter", "FakeClock", "captured_by", "captured_spans", "ended_span"]
