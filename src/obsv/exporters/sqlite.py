"""Export of spans into an obsv store, as OpenTelemetry's `SpanExporter`."""

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
    """An exporter that writes spans of any instrumentation to a store; works with any OpenTelemetry processor.

    Args:
        path: the database file; created with its directories at the first export. None uses `OBSV_DB`, else
            `logs/observability.db`, as with `OTEL_TRACES_EXPORTER=obsv_sqlite`.
        busy_timeout_s: how long a write waits for another process's lock, in seconds.

    An existing span (by trace ID and span ID) is not stored again, so an export may be repeated.

    Attributes:
        is_unavailable: whether the last export failed because of the file (locked, full, corrupt, …), not because of
            the data.
    """

    def __init__(self, path: str | Path | None = None, *, busy_timeout_s: float = 1.0) -> None:
        self.writer = Writer(path or os.environ.get("OBSV_DB") or DEFAULT_DB, busy_timeout_s=busy_timeout_s)
        self._rows = Rows()
        self._said: str | None = None
        self.is_unavailable = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Store a batch in one transaction.

        Returns:
            FAILURE if the database could not be written; then nothing of the batch is stored.
        """
        self.is_unavailable = False
        try:
            self.writer.write(self._rows.of(spans))
        except StoreError as error:
            cause = error.__cause__
            self.is_unavailable = not isinstance(cause, sqlite3.Error) or is_about_the_file(cause)
            # The store's messages say what to do; each is logged once until something else happens.
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
        """Do nothing: an export has been stored when it returns."""
        return True
