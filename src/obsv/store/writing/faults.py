"""Errors of a batch: the call in which each originated, and its identity. Nothing here reads the database.

An error that passes through five recorded calls is five failed calls and one error. A call passed an error on if the
frames of its exception end with all frames of another failed call's, that call began no later, and the exception has
the same class; or if it is the caller of a call that failed at the same innermost frame (a recursion, whose middle is
left out), or has no details of its own.
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

# Limits of what is remembered of earlier errors: callers, and the frames at which calls failed.
_MOST_REMEMBERED = 20_000
# An exception may be stored and raised again later, for example by `Future.result()`.
_KEPT_NS = 60_000_000_000
_MOST_STATEMENTS = 10_000
# Texts of tracebacks, some kilobytes each.
_MOST_KNOWN = 500
_MESSAGE = "message"


class Failed(NamedTuple):
    """A failed call, and its error.

    Args:
        row: the call.
        fault: its exception.
        error: identity of the error, by the call in which it originated.
        began: whether it originated here.
        escaped: whether it left the recorded part of the program here.
    """

    row: SpanRow
    fault: Fault
    error: Fingerprint
    began: bool
    escaped: bool


class _Known(NamedTuple):
    """A parsed exception, and its identity if it originated in a call with a given signature."""

    fault: Fault
    errors: dict[Signature, Fingerprint]


class _Before(NamedTuple):
    """A failed call that a later one may have received its error from."""

    error: Fingerprint
    mark: int
    tail: int
    said: str
    end_ns: int


class Faults:
    """The errors of consecutive batches.

    Attributes:
        split: fingerprints of groups whose errors are also distinguished by their messages.
    """

    def __init__(self) -> None:
        self.split: frozenset[str] = frozenset()
        self._statements = _Statements()
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._below: OrderedDict[tuple[bytes, bytes], _Before] = OrderedDict()  # by the caller's trace and span
        self._marks: OrderedDict[int, _Before] = OrderedDict()

    def read(self, rows: Iterable[SpanRow]) -> list[Failed]:
        """Return the failed calls among rows, callees before their callers."""
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
        """Return the parsed exception of a call; parsed once for exceptions that differ only in their messages."""
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
            # The parsed message may be that of another call.
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
    """The statements of sources: those recorded with the calls, or else those in files of this machine."""

    def __init__(self) -> None:
        self._files = SourceFiles()
        self._known: OrderedDict[tuple[str, int, int], str | None] = OrderedDict()

    def at(self, code: Code | None, ended_ns: int | None, file: str, line: int) -> str | None:
        """Return the statement at a line.

        Args:
            code: code of the call in which the error originated.
            ended_ns: when that was; None if the file is not on this machine.
            file: path.
            line: line number, from 1.
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
                return None  # not cached: later data about the same place, from an older process, may still be known
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
    """Return the value of the attribute that overrides the grouping of errors."""
    fields: Sequence[tuple[str, str]] = row.signature.fields
    at = next((at for at, (name, _) in enumerate(fields) if name == ATTRIBUTE), None)
    if at is None:
        return None
    try:
        value = json.loads(row.data)[at]
    except (ValueError, IndexError):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
