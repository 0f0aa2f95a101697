"""Conversion of call records to rows of the store.

A call with only arguments and a result becomes a row right here, its plain values' texts being the compiled core's work
where there is one. Any other call becomes the span that the program had, and then a row by the rules for spans
(`exporters/lean_rows.py`): the stored row is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, NamedTuple

from obsv.capture import Redactor
from obsv.exporters.foreign_rows import ForeignRows
from obsv.exporters.lean_rows import LeanRows, signature_of, texts_of, weight_of
from obsv.exporters.log_rows import LogRows
from obsv.keeper.tables import Tables
from obsv.record.core import texts_by
from obsv.record.layout import HAS_DETAILS, LOG_HEAD, READ_BEGIN
from obsv.record.values import BadValues, loads
from obsv.store.ground import LogRow, Signature, Source, SpanRow
from obsv.trace.foreign_form import ForeignForm, Plain, thaw_resource, thaw_scope
from obsv.trace.frozen import thaw
from obsv.trace.function import Function
from obsv.trace.span import ERROR
from obsv.wire.rowmaker import RowMaker

_ROOT = bytes(8)
_MOST_LOGGERS = 10_000

# Individual fields of a BEGIN: depth, IDs, start. Its plan determines the rest.
_OWN = Struct(">12xI16s8s8sq16x").unpack

_new_row: Any = tuple.__new__

# Fields unpacked by `READ_BEGIN` and `READ_CALL`: size, checksum, kind, flags, origin, depth, IDs, start, function,
# caller, …
Head = tuple[Any, ...]


class Unreadable(Exception):
    """A record that can never be converted to a row; the message says why."""


def _untold(inputs: bytes, result: bytes | None) -> str | None:
    """Leave the texts to Python."""
    return None


class Plan(NamedTuple):
    """The parts shared by the rows of many calls.

    Args:
        told: makes the JSON array of most calls' texts straight from the bytes of the values; None of the others.
    """

    function: Function
    signature: Signature
    source: Source
    caller: Signature | None
    thread: tuple[int, str]
    told: Callable[[bytes, bytes | None], str | None]


class CallRows:
    """The converter for all rings of a database.

    Args:
        maker: the rules for spans that are not ours.
    """

    def __init__(self, maker: RowMaker | None = None) -> None:
        self.maker = maker or RowMaker(Redactor())
        self._lean, self._foreign = LeanRows(self.maker.cleaner), ForeignRows(self.maker)
        self._logs = LogRows(self.maker.cleaner)
        self._form = ForeignForm()
        self._loggers: dict[int, tuple[tuple[Plain, Plain], Any, Any]] = {}

    def plan(self, tables: Tables, head: bytes, *, has_result: bool) -> Plan:
        """Return the shared part of the rows of calls with the same numbers in BEGIN: function, caller, thread, origin.

        Args:
            tables: tables of its ring.
            head: the fixed part of a BEGIN.
            has_result: whether such calls have a recorded result.

        Raises:
            Unreadable: a number is not defined.
        """
        begin = READ_BEGIN.unpack(head)
        try:
            function, source = tables.function(begin[10]), self._lean.source(tables.origin(begin[4]))
            caller = signature_of(tables.function(begin[11]), source, True) if begin[11] else None
            signature = signature_of(function, source, has_result)
            texts = None if function.hides_result else texts_by(function.redactor, function.max_repr)
            told = _untold if texts is None else texts.of
            return Plan(function, signature, source, caller, tables.thread(begin[12]), told)
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def usual(
        self,
        plan: Plan,
        offset: int,
        head: bytes,
        inputs: bytes,
        status: int,
        delay: int,
        end: int,
        result: bytes | None,
    ) -> SpanRow:
        """Return the row of a call with only arguments and a result.

        Args:
            plan: its shared part.
            offset: from a tick to Unix time, ns.
            head: the fixed part of its BEGIN.
            inputs: the rest of its BEGIN.
            status, delay, end: fields of its END.
            result: packed; None if there is none.

        Raises:
            Unreadable: it cannot be converted.
        """
        try:
            text = plan.told(inputs, result)
            if text is None:
                values = loads(inputs) if result is None else (*loads(inputs), loads(result))
                text = _array(plan.function, values)
            return self._plain(plan, offset, head, text, status, delay, end)
        except (BadValues, TypeError, ValueError, IndexError, KeyError, AttributeError, RecursionError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    @staticmethod
    def _plain(plan: Plan, offset: int, head: bytes, text: str, status: int, delay: int, end: int) -> SpanRow:
        function, signature, source, caller, thread, _ = plan
        depth, trace_id, span_id, parent_id, start = _OWN(head)
        weight = detail = None
        if 0.0 < function.sample_rate < 1.0 and status != ERROR:
            weight, detail = weight_of(function, span_id, end - start)
        start += delay
        # A named tuple's own constructor takes twice as long.
        row: SpanRow = _new_row(
            SpanRow,
            (
                signature,
                source,
                trace_id,
                span_id,
                None if parent_id == _ROOT else parent_id,
                caller,
                start + offset,
                end - start,
                thread,
                status,
                depth,
                text,
                None,
                None,
                None,
                detail,
                None,
                weight,
            ),
        )
        return row

    def ended(
        self,
        tables: Tables,
        offset: int,
        head: bytes,
        inputs: bytes,
        status: int,
        parts: int,
        delay: int,
        end: int,
        packed: bytes,
    ) -> SpanRow:
        """Return the row of any call with both records.

        Args:
            tables: tables of its ring.
            offset: from a tick to Unix time, ns.
            head: the fixed part of its BEGIN.
            inputs: the rest of its BEGIN.
            status, parts, delay, end: fields of its END.
            packed: the rest of its END.

        Raises:
            Unreadable: it cannot be converted.
        """
        try:
            results, details = _unpacked(parts, packed)
            values = loads(inputs), results, None, details
            return self._rare(tables, offset, READ_BEGIN.unpack(head), status, delay, end, values)
        except Exception as error:  # it may contain anything
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def whole(self, tables: Tables, offset: int, head: Head, begin: bytes, packed: bytes) -> SpanRow:
        """Return the row of a CALL record.

        Args:
            tables: tables of its ring.
            offset: from a tick to Unix time, ns.
            head: its fixed part.
            begin: the part of it that equals a BEGIN.
            packed: the rest of it.

        Raises:
            Unreadable: it cannot be converted.
        """
        try:
            values = loads(packed)
            inputs, results, failure, details = values
            if failure is None and details is None and not tables.function(head[10]).has_keywords:
                plan = self.plan(tables, begin, has_result=bool(results))
                text = _array(plan.function, (*inputs, *results))
                return self._plain(plan, offset, begin, text, head[13], 0, head[14])
            return self._rare(tables, offset, head, head[13], 0, head[14], values)
        except Exception as error:  # it may contain anything, and errors' texts are formatted here
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def open(self, tables: Tables, offset: int, begin: Head, inputs: bytes, died: int, story: str) -> SpanRow:
        """Return the row of an open call whose process has ended.

        Args:
            died: time of the end, Unix time in ns.
            story: description of the end, as the row's exception.

        Raises:
            Unreadable: it cannot be converted.
        """
        end = max(begin[9], died - offset)
        try:
            row = self._rare(tables, offset, begin, ERROR, 0, end, (loads(inputs), (), None, None))
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        return row._replace(exception=story)

    def foreign(self, tables: Tables, origin: int, packed: bytes) -> SpanRow:
        """Return the row of a SPAN record.

        Raises:
            Unreadable: it cannot be converted.
        """
        try:
            plain = loads(packed)
            resource, scope = tables.foreign_origin(origin)
            span = self._form.thaw((*plain[:3], resource, scope, *plain[3:]))
            row = self._foreign.row(span)
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        if row is None:
            raise Unreadable("a span whose ids name nothing")
        return row

    def log(self, tables: Tables, record: bytes) -> LogRow:
        """Make the row of a LOG record.

        Raises:
            Unreadable: no row can be made of it.
        """
        try:
            _, _, _, severity, _, origin, time_ns = LOG_HEAD.unpack_from(record)
            values = loads(record[LOG_HEAD.size :])
            function, thread = values[2], values[3]
            return self._logs.row(
                *self._logger(tables.foreign_origin(origin)),
                time_ns,
                severity,
                values,
                tables.function(function).name if function else "",
                tables.thread(thread)[1] if thread else "",
            )
        except Exception as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error

    def _logger(self, plain: tuple[Plain, Plain]) -> tuple[Any, Any]:
        """Return resource and scope, the same objects for equal ones; `plain` is one object for a number."""
        known = self._loggers.get(id(plain))
        if known is None or known[0] is not plain:
            if len(self._loggers) >= _MOST_LOGGERS:
                self._loggers.clear()
            shared = self._form.shared
            known = self._loggers[id(plain)] = plain, shared(plain[0], thaw_resource), shared(plain[1], thaw_scope)
        return known[1:]

    def _rare(
        self,
        tables: Tables,
        offset: int,
        head: Head,
        status: int,
        delay: int,
        end: int,
        values: tuple[Any, Any, Any, Any],
    ) -> SpanRow:
        _, _, _, flags, origin, depth, trace_id, span_id, parent_id, start, function, caller, thread, *_ = head
        inputs, results, failure, details = values
        frozen = (
            int.from_bytes(trace_id, "big"),
            int.from_bytes(span_id, "big"),
            int.from_bytes(parent_id, "big"),
            flags,
            depth,
            start + delay + offset,
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


def _array(function: Function, values: tuple[Any, ...]) -> str:
    return f"[{','.join(texts_of(function, values))}]"


def _unpacked(parts: int, packed: bytes) -> tuple[tuple[Any, ...], Any]:
    if parts & HAS_DETAILS:
        results, details = loads(packed)
        return results, details
    return ((loads(packed),) if parts else ()), None
