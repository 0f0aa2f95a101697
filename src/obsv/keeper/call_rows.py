"""From the records of calls to rows of the store.

A call with nothing but arguments and a result becomes a row right here, in 5 µs. All others become the span that the
program had, and then a row by the rules for spans (`exporters/lean_rows.py`): what is stored is the same.
"""

from __future__ import annotations

from json.encoder import encode_basestring as quote
from typing import Any

from obsv.capture import Redactor, render
from obsv.exporters.foreign_rows import ForeignRows
from obsv.exporters.lean_rows import LeanRows, signature_of
from obsv.keeper.tables import Tables, Undefined
from obsv.record.layout import HAS_DETAILS, HAS_RESULT
from obsv.record.values import BadValues, loads
from obsv.store.ground import SpanRow
from obsv.trace.foreign_form import ForeignForm
from obsv.trace.frozen import thaw
from obsv.trace.function import Function
from obsv.trace.span import ERROR
from obsv.wire.rowmaker import RowMaker

_PLAIN = frozenset((str, int, float, bool, type(None)))
_ROOT = bytes(8)

_new_row: Any = tuple.__new__

# What `READ_BEGIN` and `READ_CALL` unpack: size, check, kind, flags, origin, depth, ids, start, function, caller, …
Head = tuple[Any, ...]


class Unreadable(Exception):
    """A record that no row can be made of, now or later; the message says why."""


class CallRows:
    """Makes the rows of all rings of a database.

    Args:
        maker: the rules for spans that are not ours.
    """

    def __init__(self, maker: RowMaker | None = None) -> None:
        self.maker = maker or RowMaker(Redactor())
        self._lean, self._foreign = LeanRows(self.maker.cleaner), ForeignRows(self.maker)
        self._form = ForeignForm()

    def ended(
        self, tables: Tables, offset: int, begin: Head, inputs: bytes, status: int, parts: int, end: int, packed: bytes
    ) -> SpanRow:
        """The row of a call of which both records are there.

        Args:
            tables: of its ring.
            offset: from a tick to Unix time, ns.
            begin: the fixed part of its BEGIN.
            inputs: the rest of it.
            status, parts, end: of its END.
            packed: the rest of that.

        Raises:
            Unreadable: no row can be made of it.
        """
        function = tables.functions.get(begin[10])
        try:
            if function is None:
                function = tables.function(begin[10])
            values = loads(inputs)
            if parts & HAS_DETAILS or function.has_keywords:
                results, details = _unpacked(parts, packed)
                return self._rare(tables, offset, begin, status, end, (values, results, None, details))
            if parts:
                values = (*values, loads(packed))
            return self._usual(tables, offset, begin, status, end, function, values, parts == HAS_RESULT)
        except (BadValues, Undefined, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def whole(self, tables: Tables, offset: int, head: Head, packed: bytes) -> SpanRow:
        """The row of a CALL record.

        Raises:
            Unreadable: no row can be made of it.
        """
        try:
            return self._rare(tables, offset, head, head[13], head[14], loads(packed))
        except Exception as error:  # anything may stand there, and errors' texts are made here
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def open(self, tables: Tables, offset: int, begin: Head, inputs: bytes, died: int, story: str) -> SpanRow:
        """The row of a call whose process has ended.

        Args:
            died: when, as Unix time in ns.
            story: how, as the row's exception.

        Raises:
            Unreadable: no row can be made of it.
        """
        end = max(begin[9], died - offset)
        try:
            row = self._rare(tables, offset, begin, ERROR, end, (loads(inputs), (), None, None))
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        return row._replace(exception=story)

    def foreign(self, tables: Tables, origin: int, packed: bytes) -> SpanRow:
        """The row of a SPAN record.

        Raises:
            Unreadable: no row can be made of it.
        """
        try:
            plain = loads(packed)
            resource, scope = tables.foreign_origin(origin)
            (span,) = self._form.thaw([(*plain[:3], resource, scope, *plain[3:])])
            row = self._foreign.row(span)
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        if row is None:
            raise Unreadable("a span whose ids name nothing")
        return row

    def _usual(
        self,
        tables: Tables,
        offset: int,
        begin: Head,
        status: int,
        end: int,
        function: Function,
        values: tuple[Any, ...],
        has_result: bool,
    ) -> SpanRow:
        _, _, _, _, origin, depth, trace_id, span_id, parent_id, start, _, caller_number, thread, _ = begin
        source = self._lean.source(tables.origins.get(origin) or tables.origin(origin))
        caller = None
        if caller_number:
            caller = tables.functions.get(caller_number) or tables.function(caller_number)
        texts, limit = [], function.max_repr
        for value in values:
            # What `render` does with nearly all values, without a call.
            text = repr(value) if type(value) in _PLAIN else ""
            texts.append(quote(text if 0 < len(text) <= limit else render(value, limit)))
        # A named tuple's own constructor takes twice as long.
        row: SpanRow = _new_row(
            SpanRow,
            (
                function.memo.get((source, has_result)) or signature_of(function, source, has_result),
                source,
                trace_id,
                span_id,
                None if parent_id == _ROOT else parent_id,
                None if caller is None else caller.memo.get((source, True)) or signature_of(caller, source, True),
                start + offset,
                end - start,
                tables.threads.get(thread) or tables.thread(thread),
                status,
                depth,
                f"[{','.join(texts)}]",
                None,
                None,
                None,
                None,
                None,
            ),
        )
        return row

    def _rare(
        self, tables: Tables, offset: int, head: Head, status: int, end: int, values: tuple[Any, Any, Any, Any]
    ) -> SpanRow:
        _, _, _, flags, origin, depth, trace_id, span_id, parent_id, start, function, caller, thread, *_ = head
        inputs, results, failure, details = values
        frozen = (
            int.from_bytes(trace_id, "big"),
            int.from_bytes(span_id, "big"),
            int.from_bytes(parent_id, "big"),
            flags,
            depth,
            start + offset,
            end + offset,
            tables.thread(thread),
            inputs,
            results,
            status,
            failure,
            details,
        )
        called_by = tables.function(caller) if caller else None
        return self._lean.row(thaw(frozen, tables.function(function), called_by, tables.origin(origin)))


def _unpacked(parts: int, packed: bytes) -> tuple[tuple[Any, ...], Any]:
    if parts & HAS_DETAILS:
        results, details = loads(packed)
        return results, details
    return ((loads(packed),) if parts else ()), None
