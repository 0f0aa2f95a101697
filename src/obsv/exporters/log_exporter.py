"""Log records of this program, handed to an official exporter of OpenTelemetry's SDK."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry._logs import LogRecord as ApiLogRecord
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from obsv import semconv
from obsv.exporters.log_rows import plain, redactor
from obsv.trace.log_record import LogRecord
from obsv.trace.recording import recording

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class LogExporter:
    """An exporter of `obsv.trace.log_record.LogRecord`s.

    Args:
        exporter: takes OpenTelemetry's log records.
    """

    def __init__(self, exporter: LogRecordExporter) -> None:
        self._exporter = exporter

    def export(self, records: Sequence[LogRecord], /) -> SpanExportResult:
        """Send a batch."""
        taken = self._exporter.export([readable(record) for record in records])
        return SpanExportResult.FAILURE if taken is LogRecordExportResult.FAILURE else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the exporter's connections."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


def readable(record: LogRecord) -> ReadableLogRecord:
    """Return a log record as the SDK's exporters read it: values as the store shows them, secrets in texts masked."""
    redact = redactor(record.words).redact_value
    attributes: dict[str, Any] = {name: plain(value, redact) for name, value in record.attributes}
    attributes.setdefault(semconv.THREAD_ID, record.thread[0])
    attributes.setdefault(semconv.THREAD_NAME, record.thread[1])
    return ReadableLogRecord(
        ApiLogRecord(
            timestamp=record.time_ns,
            observed_timestamp=record.time_ns,
            context=_context(record),
            severity_text=record.severity_text or None,
            severity_number=SeverityNumber(record.severity) if 0 < record.severity <= 24 else None,
            body=plain(record.body, redact),
            attributes=attributes,
            event_name=record.event_name or None,
        ),
        recording.origin.resource,
        record.scope,
    )


def _context(record: LogRecord) -> Context:
    if not record.trace_id:
        return Context()
    place = SpanContext(record.trace_id, record.span_id, is_remote=False, trace_flags=_SAMPLED)
    return set_span_in_context(NonRecordingSpan(place), Context())
