"""Events and log records: OpenTelemetry's log data model, recorded beside calls and in their traces."""

from obsv.events.event import event
from obsv.events.handler import LogHandler
from obsv.events.loguru import loguru_sink
from obsv.events.pressure import on_overload
from obsv.events.structlog import structlog_processor

__all__ = ["LogHandler", "event", "loguru_sink", "on_overload", "structlog_processor"]
