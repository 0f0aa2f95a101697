"""Conversion of spans to rows of the store."""

import logging
from collections.abc import Iterable

from opentelemetry.sdk.trace import ReadableSpan

from obsv.capture import Redactor
from obsv.exporters.foreign_rows import ForeignRows
from obsv.exporters.lean_rows import LeanRows
from obsv.own_time import unix_ns
from obsv.store.ground import SpanRow
from obsv.trace.span import Span
from obsv.wire.rowmaker import RowMaker

logger = logging.getLogger("obsv")


class Rows:
    """A converter of a batch to rows. For one thread at a time.

    Attributes:
        unreadable: number of spans that could not be converted.
    """

    def __init__(self) -> None:
        self._maker = RowMaker(Redactor())
        self._lean = LeanRows(self._maker.cleaner)
        self._foreign = ForeignRows(self._maker)
        self.unreadable = 0

    def of(self, spans: Iterable[ReadableSpan]) -> list[SpanRow]:
        """Return the rows of spans; one that cannot be converted, now or later, is counted and skipped."""
        self._maker.arrive(unix_ns())
        rows = []
        lean, foreign = self._lean.row, self._foreign.row
        for span in spans:
            try:
                row = lean(span) if type(span) is Span else foreign(span)
            except Exception:
                row = None
                logger.debug("A span could not be read.", exc_info=True)
            if row is None:
                self.unreadable += 1
            else:
                rows.append(row)
        return rows
