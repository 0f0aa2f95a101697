"""What a batch says of errors: which call each began at, and what it is the same as. Nothing here reads the database.

An error that passes through five recorded calls is five failed calls and one error. A call passes an error on when the
frames of its exception end with all the frames of another failed call's, that call began no later, and what was
raised is of the same class; or when it is the caller of a call that failed at the same innermost place (a recursion,
whose middle is left out), or says nothing of its own.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from obsv.source_lines import SourceFiles
from obsv.store.ground import ERROR, Code, Signature, SpanRow, raised_line
from obsv.store.ground.fault import Fault, places_of, read_fault
from obsv.store.ground.fingerprint import ATTRIBUTE, Fingerprint, fingerprint, without_varying
from obsv.store.ground.statement import statement_at

# What is remembered of errors before: who calls whom, and the frames at which calls failed.
_MOST_REMEMBERED = 20_000
# An exception may be kept and raised again later, by `Future.result()` say.
_KEPT_NS = 60_000_000_000
_MOST_STATEMENTS = 10_000
# Texts of tracebacks, some kilobytes each.
_MOST_KNOWN = 500
_MESSAGE = "message"


class Failed(NamedTuple):
    """A failed call, and the error that it failed of.

    Args:
        row: the call.
        fault: what its exception says.
        error: which error it is, by the call where it began.
        began: it began here.
        escaped: it left the recorded part of the program here.
    """

    row: SpanRow
    fault: Fault
    error: Fingerprint
    began: bool
    escaped: bool


class _Known(NamedTuple):
    """What was read of an exception, and which error it is where it began at a call of some signature."""

    fault: Fault
    errors: dict[Signature, Fingerprint]


class _Before(NamedTuple):
    """A failed call that a later one may have its error from."""

    error: Fingerprint
    mark: int
    tail: int
    said: str
    end_ns: int


class Faults:
    """Reads the errors of batches, one after the other.

    Attributes:
        split: fingerprints of groups whose errors are told apart by their messages too.
    """

    def __init__(self) -> None:
        self.split: frozenset[str] = frozenset()
        self._statements = _Statements()
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._below: OrderedDict[tuple[bytes, bytes], _Before] = OrderedDict()  # by the caller's trace and span
        self._marks: OrderedDict[int, _Before] = OrderedDict()

    def read(self, rows: Iterable[SpanRow]) -> list[Failed]:
        """The failed calls among rows, callees before their callers."""
        failed = [row for row in rows if row.status == ERROR]
        failed.sort(key=lambda row: (row.start_ns + row.duration_ns, -row.start_ns))
        return [self._read(row) for row in failed]

    def _read(self, row: SpanRow) -> Failed:
        fault, errors = self._fault(row)
        before = self._passed_on(row, fault)
        error = before.error if before else self._error(row, fault, errors)
        self._remember(row, fault, error)
        outermost = row.parent is None and (row.parent_span_id is None or not row.source.received)
        return Failed(row, fault, error, before is None, outermost)

    def _fault(self, row: SpanRow) -> _Known:
        """What the exception of a call says; read once where only the messages differ."""
        text = row.exception or ""
        where = places_of(text)
        if where is None:
            return _Known(read_fault(text or _status_message(row)), {})
        known = self._known.get(where)
        if known is None:
            known = _Known(read_fault(text), {})
            _put(self._known, where, known, _MOST_KNOWN)
        return known

    def _error(self, row: SpanRow, fault: Fault, errors: dict[Signature, Fingerprint]) -> Fingerprint:
        known = errors.get(row.signature)
        if known is None or known.key in self.split:
            # The message that was read may be that of another call.
            message = raised_line(row.exception or "").partition(": ")[2] if fault.mark else fault.message
            known = self._fingerprint(row, fault._replace(message=message))
            if known.why["rule"] == "frames" and "split_by" not in known.why:
                errors[row.signature] = known
        return known

    def _passed_on(self, row: SpanRow, fault: Fault) -> _Before | None:
        below = self._below.get((row.trace_id, row.span_id))
        for mark in fault.below:
            known = self._marks.get(mark)
            if known is not None and known.end_ns >= row.start_ns - _KEPT_NS:
                return below if below is not None and below.mark in fault.below else known
        if below is None:
            return None
        if fault.tail:
            return below if fault.tail == below.tail else None
        return below if not fault.type or _said(fault) == below.said else None

    def _remember(self, row: SpanRow, fault: Fault, error: Fingerprint) -> None:
        before = _Before(error, fault.mark, fault.tail, _said(fault), row.start_ns + row.duration_ns)
        if row.parent_span_id is not None:
            _put(self._below, (row.trace_id, row.parent_span_id), before)
        if fault.mark:
            _put(self._marks, fault.mark, before)

    def _fingerprint(self, row: SpanRow, fault: Fault) -> Fingerprint:
        code = row.signature.code
        ended_ns = row.start_ns + row.duration_ns
        statements = partial(self._statements.at, code, None if row.source.received else ended_ns)
        known = partial(fingerprint, fault, row.signature.name, code, statements, _chosen(row))
        found = known()
        return known(without_varying(fault.message) or _MESSAGE) if found.key in self.split else found


class _Statements:
    """Statements of sources: those that were recorded with the calls, or else those of files of this machine."""

    def __init__(self) -> None:
        self._files = SourceFiles()
        self._known: OrderedDict[tuple[str, int, int], str | None] = OrderedDict()

    def at(self, code: Code | None, ended_ns: int | None, file: str, line: int) -> str | None:
        """The statement at a line.

        Args:
            code: of the call where the error began.
            ended_ns: when that was; None where the file is not of this machine.
            file: path.
            line: number, from 1.
        """
        own = code is not None and code.file_path == file and code.line_number <= line
        key = (file, line, id(code) if own else 0)
        if key in self._known:
            return self._known[key]
        found = None
        if own and code is not None:
            found = statement_at(code.source_text.splitlines(keepends=True), line - code.line_number + 1)
        if found is None and ended_ns is not None and not file.startswith("<"):
            source = self._files.read(file)
            if source is None or source.changed_ns > ended_ns:
                return None  # not kept: what an older process says of the same place may still be known later
            found = statement_at(source.lines, line)
        _put(self._known, key, found, _MOST_STATEMENTS)
        return found


def _put(known: OrderedDict[Any, Any], key: Any, value: Any, most: int = _MOST_REMEMBERED) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > most:
        known.popitem(last=False)


def _said(fault: Fault) -> str:
    return f"{fault.type}: {fault.message}"


def _status_message(row: SpanRow) -> str:
    if row.detail is None or '"statusMessage"' not in row.detail:
        return ""
    try:
        return str(json.loads(row.detail).get("statusMessage") or "")
    except (ValueError, AttributeError):
        return ""


def _chosen(row: SpanRow) -> str | None:
    """The value of the attribute that overrides what errors are grouped by."""
    fields: Sequence[tuple[str, str]] = row.signature.fields
    at = next((at for at, (name, _) in enumerate(fields) if name == ATTRIBUTE), None)
    if at is None:
        return None
    try:
        value = json.loads(row.data)[at]
    except (ValueError, IndexError):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
