"""Test doubles, for obsv's own tests and for those of programs that use it."""

from obsv.testing.clock import FakeClock
from obsv.testing.exporter import CollectingExporter
from obsv.testing.spans import ended_span

__all__ = ["CollectingExporter", "FakeClock", "ended_span"]
