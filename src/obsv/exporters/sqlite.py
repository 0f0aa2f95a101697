"""Spans into an obsv store, by OpenTelemetry's `SpanExporter`."""

import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from obsv.config import DEFAULT_DB
from obsv.errors import StoreError
from obsv.exporters.rows import Rows
from obsv.store.file import is_about_the_file
from obsv.store.writing import Writer

logger = logging.getLogger("obsv")


class SQLiteSpanExporter(SpanExporter):
    """Writes spans, of whatever instrumentation, to a store; works behind any OpenTelemetry processor.

    Args:
        path: the database file; made with its directories at the first export. None takes `OBSV_DB`, else
            `logs/observability.db`: what `OTEL_TRACES_EXPORTER=obsv_sqlite` does.
        busy_timeout_s: how long a write waits for another process's lock, in seconds.

    A span that is there already (trace id, span id) is not stored again, so an export may be repeated.

    Attributes:
        is_unavailable: the last export failed for the file (locked, full, corrupt, …), not for what was to be stored.
    """

    def __init__(self, path: str | Path | None = None, *, busy_timeout_s: float = 1.0) -> None:
        self.writer = Writer(path or os.environ.get("OBSV_DB") or DEFAULT_DB, busy_timeout_s=busy_timeout_s)
        self._rows = Rows()
        self._said: str | None = None
        self.is_unavailable = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Store a batch in one transaction.

        Returns:
            FAILURE when the database could not be written; nothing of the batch is in it then.
        """
        self.is_unavailable = False
        try:
            self.writer.write(self._rows.of(spans))
        except StoreError as error:
            cause = error.__cause__
            self.is_unavailable = not isinstance(cause, sqlite3.Error) or is_about_the_file(cause)
            # The store's messages say what to do; each is said once until something else happens.
            if str(error) != self._said:
                self._said = str(error)
                logger.error("%s", error)
            return SpanExportResult.FAILURE
        self._said = None
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the database."""
        self.writer.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here: an export has been stored when it returns."""
        return True
