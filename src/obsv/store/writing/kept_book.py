"""Traces that are kept beyond retention, and what they may take; each change is one short transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obsv.acting import actor
from obsv.errors import InvalidQuery, NotFound, StoreUnavailable
from obsv.store.file import change_settings, limits_of, note_change, read_settings
from obsv.store.ground import headline
from obsv.store.writing.packed_trace import Packed
from obsv.store.writing.short_transaction import short_transaction

MOST_CHARS = 2_000
_KEEP = """
insert into kept_trace(trace_id, note, kept_by, kept_ns, process, service, start_ns, duration_ns, spans, errors, logs,
  exception, bytes, span_ids, content) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict(trace_id) do update set note = excluded.note, kept_by = excluded.kept_by, kept_ns = excluded.kept_ns,
  process = excluded.process, service = excluded.service, start_ns = excluded.start_ns,
  duration_ns = excluded.duration_ns, spans = excluded.spans, errors = excluded.errors, logs = excluded.logs,
  exception = excluded.exception, bytes = excluded.bytes, span_ids = excluded.span_ids, content = excluded.content
"""
_ABOUT = Packed._fields.index("exception")
_NOTE = "update kept_trace set note = ?, kept_by = ?, kept_ns = ? where trace_id = ?"
_STEPS = "select coalesce(sum(steps), 0) from forgotten"
_OTHERS = "select coalesce(sum(bytes), 0) from kept_trace where trace_id <> ?"


class KeptBook:
    """The writer of kept traces to an existing store.

    Args:
        path: the database file.

    All methods raise `Forbidden`, `StoreUnavailable`, `ForeignFile` and `NewerSchema`.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def keep(self, trace_id: str, packed: Packed, note: str, now_ns: int, steps: int) -> None:
        """Keep a trace; one that is kept already is replaced.

        Args:
            trace_id: 32 hex digits.
            packed: its calls.
            note: why.
            now_ns: Unix time.
            steps: how many times rows were removed on request before its calls were read.

        Raises:
            StoreUnavailable: rows were removed since then, which it may have.
            InvalidQuery: kept traces would take more than they may.
        """
        size = len(packed.span_ids) + len(packed.content)
        with self._file("keep trace", trace_id, note) as file:
            if file.execute(_STEPS).fetchone() != (steps,):
                raise StoreUnavailable(f"Calls were forgotten while trace {trace_id} was read: keep it again.")
            limit = limits_of(read_settings(lambda sql: file.execute(sql).fetchall())).most_kept_bytes
            (others,) = file.execute(_OTHERS, (trace_id,)).fetchone()
            if others + size > limit:
                raise InvalidQuery(
                    f"Kept traces may take {limit / 1e6:,.1f} MB: {others / 1e6:,.1f} MB are taken, and this trace "
                    f"needs {size / 1e6:,.1f} MB. Remove some (`obsv kept remove`), or raise the limit "
                    "(`obsv kept limit`)."
                )
            about = packed[:_ABOUT]
            raised = ": ".join(filter(None, headline(packed.exception)))[:MOST_CHARS] if packed.exception else ""
            values = (note[:MOST_CHARS], actor().name, now_ns, *about, raised, size, packed.span_ids, packed.content)
            file.execute(_KEEP, (trace_id, *values))

    def note(self, trace_id: str, note: str, now_ns: int) -> None:
        """Replace the note of a kept trace.

        Raises:
            NotFound: it is not kept.
        """
        with self._file("keep trace", trace_id, note) as file:
            if not file.execute(_NOTE, (note[:MOST_CHARS], actor().name, now_ns, trace_id)).rowcount:
                raise _not_kept(trace_id)

    def remove(self, trace_id: str) -> None:
        """Keep a trace no longer than other calls.

        Raises:
            NotFound: it is not kept.
        """
        with self._file("remove kept trace", trace_id) as file:
            if not file.execute("delete from kept_trace where trace_id = ?", (trace_id,)).rowcount:
                raise _not_kept(trace_id)

    def limit(self, most_bytes: int, now_ns: int) -> None:
        """Change what kept traces may take in all; those that are there stay."""
        with self._file("change limits", "kept_bytes", most_bytes, admin=True) as file:
            change_settings(file, {"kept_bytes": most_bytes}, now_ns)

    @contextmanager
    def _file(
        self, action: str, subject: object, detail: object = "", *, admin: bool = False
    ) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            raise StoreUnavailable(f"There is no database at {self._path}; record something first, or set OBSV_DB.")
        with short_transaction(self._path) as file:
            note_change(file, "admin" if admin else "editor", action, subject, detail)
            yield file


def _not_kept(trace_id: str) -> NotFound:
    return NotFound(f"Trace {trace_id} is not kept; `obsv kept` lists those that are.")
