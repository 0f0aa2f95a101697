"""The answers of an SQLite file about traces that are kept beyond retention."""

from __future__ import annotations

from pathlib import Path

from obsv.acting import require
from obsv.errors import NotFound
from obsv.store.figures import KeptTrace, KeptTraces
from obsv.store.figures.archive import forgotten_steps
from obsv.store.figures.error_groups import read_error_group
from obsv.store.figures.kept import kept_content, kept_ids, kept_with, lacks_kept, read_kept, read_kept_trace
from obsv.store.file import limits_of, open_writer, read_settings
from obsv.store.ground import MINUTE_NS, Limits, Window
from obsv.store.seam.answers.source import Source
from obsv.store.spans.call import hex_id
from obsv.store.writing import KeptBook
from obsv.store.writing.packed_trace import pack

_PATIENCE_S = 5.0


class KeptAnswers(Source):
    """The answers of an SQLite file about traces that are kept beyond retention."""

    def read_limits(self) -> Limits:
        with self._source.snapshot() as snapshot:
            return limits_of(read_settings(snapshot.query))

    def read_kept(self) -> KeptTraces:
        return read_kept(self._source)

    def read_kept_trace(self, trace_id: str) -> KeptTrace | None:
        return read_kept_trace(self._source, hex_id(trace_id, 32))

    def sample_of_group(self, group_id: int, *, first: bool = False) -> str:
        found = read_error_group(self._source, group_id, Window(0, MINUTE_NS))
        sample = found.first if first else found.latest
        return sample.trace_id if sample is not None else found.group.trace_id

    def keep_trace(self, trace_id: str, note: str, now_ns: int) -> KeptTrace:
        return self.keep_trace_of(self._path, trace_id, note, now_ns)

    def kept_book(self) -> KeptBook:
        return KeptBook(self._path)

    # -- for a store that has the calls of several files --------------------------------------------------------------

    def keep_trace_of(self, file: Path, trace_id: str, note: str, now_ns: int, steps: int | None = None) -> KeptTrace:
        """Keep a trace whose calls are in another file, which was read after rows had been removed `steps` times."""
        require("editor")
        trace, book = hex_id(trace_id, 32), KeptBook(self._path)
        if self._path.exists():
            open_writer(self._path, _PATIENCE_S).close()  # of this schema version, which the copy needs
        known = read_kept_trace(self._reader, trace)
        steps = forgotten_steps(self._reader) if steps is None else steps
        try:
            packed = pack(file, trace)
        except NotFound:
            if known is None:
                raise
            packed = None
        if packed is None or (known is not None and known.spans > packed.spans):
            book.note(trace, note, now_ns)
        else:
            book.keep(trace, packed, note, now_ns, steps)
        kept = read_kept_trace(self._reader, trace)
        if kept is None:
            raise NotFound(f"Trace {trace} was removed meanwhile.")
        return kept

    def lacks_kept(self, trace_id: str) -> int | None:
        """Return when a trace was kept of which the file has fewer calls by now; None for any other."""
        return lacks_kept(self._source, trace_id)

    def kept_ids(self) -> list[str]:
        """Return the IDs of all kept traces."""
        return kept_ids(self._source)

    def kept_content(self, trace_id: str) -> bytes | None:
        """Return the packed calls of a kept trace."""
        return kept_content(self._source, trace_id)

    def kept_with(self, span_id: str) -> list[str]:
        """Return the kept traces that have a span."""
        return kept_with(self._source, bytes.fromhex(hex_id(span_id, 16)))
