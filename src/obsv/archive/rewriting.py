"""Removal of rows from archived parts: a new part takes the place of the old one, whose file goes at once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import arro3.io
from arro3.core import Array, RecordBatch

from obsv.archive.kinds import Kind, kind_named
from obsv.archive.parquet import INT, read_rows
from obsv.archive.part import manifest, manifest_of, name_of, start_of
from obsv.archive.target import Targets
from obsv.errors import ForeignFile, StoreUnavailable
from obsv.store import SpanRow
from obsv.store.ground import LogRow, Range
from obsv.store.spans import ArchivedDecision, ArchivedOutcome
from obsv.store.writing import CALLS, DECISIONS, LOGS, OUTCOMES, ArchiveBook, Part
from obsv.times import MAX_NS

_ROWS_AT_ONCE = 8_192


class Sought(NamedTuple):
    """The rows to be removed.

    Args:
        calls, logs, decisions, outcomes: test rows.
        range: of their times.
        belongs: whether a row of a kind goes because of what else was removed: log records and decisions of a call,
            outcomes of a decision.
        note: told each row that is found, with its kind.
    """

    calls: Callable[[Sequence[SpanRow]], list[bool]]
    logs: Callable[[Sequence[LogRow]], list[bool]]
    decisions: Callable[[Sequence[ArchivedDecision]], list[bool]]
    outcomes: Callable[[Sequence[ArchivedOutcome]], list[bool]]
    range: Range
    belongs: Callable[[str, Any], bool]
    note: Callable[[str, Any], object]


class Rewriter:
    """Removes rows from the parts of an archive, at any of its addresses.

    Args:
        book: its catalog.
        sought: which rows.
    """

    def __init__(self, book: ArchiveBook, sought: Sought) -> None:
        self._book, self._sought, self._targets = book, sought, Targets()
        self._found: dict[str, set[int]] = {}  # places of rows by the name of a part, which never changes

    def count(self, kind: str) -> int:
        """Return how many rows of a kind are to be removed; the parts are read, where they have not been.

        Raises:
            ForeignFile: a part is missing or damaged: it cannot be searched.
            StoreUnavailable: the archive does not respond.
        """
        return sum(len(self._places(part)) for part in self._parts(kind))

    def remove(self, kind: str, steps: int, now_ns: int) -> int:
        """Remove the rows of a kind; return from how many parts. Others may archive meanwhile.

        Args:
            kind: of rows.
            steps: how many times rows were removed from the store on request.
            now_ns: Unix time.

        Raises:
            ForeignFile, StoreUnavailable: see `count`; repeat it.
        """
        parts = 0
        while affected := [part for part in self._parts(kind) if self._places(part)]:
            for part in affected:
                parts += self._rewrite(part, steps, now_ns)
        return parts

    def remove_files(self, files: dict[str, str]) -> None:
        """Delete files that are not, or no longer, in the catalog.

        Args:
            files: address by name.
        """
        for name, url in files.items():
            target = self._targets.at(url)
            target.delete(name)
            target.delete(manifest_of(name))
            self._book.forget_replaced(name)

    def _parts(self, kind: str) -> list[Part]:
        # What belongs to a call, or to a decision, may be later.
        first_ns, last_ns = self._sought.range if kind == CALLS else (0, MAX_NS)
        return [part for part in self._book.parts(first_ns, min(last_ns + 1, 2**63 - 1)) if part.kind == kind]

    def _places(self, part: Part) -> set[int]:
        found = self._found.get(part.name)
        if found is None:
            content = self._content(part)
            found = self._found[part.name] = set(self._hits(part, content)) if content is not None else set()
        return found

    def _hits(self, part: Part, content: bytes) -> Iterator[int]:
        place, sought = 0, self._sought
        first_ns, last_ns = sought.range
        kind = kind_named(part.kind)
        tests: dict[str, Callable[[Sequence[Any]], list[bool]]] = {
            CALLS: sought.calls,
            LOGS: sought.logs,
            DECISIONS: sought.decisions,
            OUTCOMES: sought.outcomes,
        }
        for rows in kind.read(content, None):
            for at, (row, is_found) in enumerate(zip(rows, tests[part.kind](rows), strict=True), place):
                is_found = is_found and first_ns <= kind.time_of(row) <= last_ns
                if is_found or sought.belongs(part.kind, row):
                    sought.note(part.kind, row)
                    yield at
            place += len(rows)

    def _content(self, part: Part) -> bytes | None:
        """Return the file of a part; None if the part was replaced meanwhile."""
        content = self._targets.at(part.url).get(part.name)
        if content is not None and hashlib.sha256(content).hexdigest() == part.sha256:
            return content
        if all(part.name != each.name for each in self._book.parts()):
            return None
        state = "missing" if content is None else "damaged"
        raise ForeignFile(
            f"A part of the archive is {state}, and cannot be searched: {part.name} in {part.url}. Nothing was removed "
            "there: put its file back, and repeat the command."
        )

    def _rewrite(self, part: Part, steps: int, now_ns: int) -> bool:
        """Put a part without the found rows in its place; return False if somebody else has replaced it."""
        content = self._content(part)
        if content is None:
            return False
        kind = kind_named(part.kind)
        left = part.calls - len(self._places(part))
        if not left:
            is_done = self._book.retire(part, now_ns)
        else:
            made, written = self._without(kind, part, content, steps)
            if self._book.begin(made, now_ns):
                self._put(made, written)
            is_done = self._book.replace([part.name], made, now_ns)
            if not is_done:
                self.remove_files({made.name: made.url})
        if is_done:
            self.remove_files({part.name: part.url})
        return is_done

    def _without(self, kind: Kind, part: Part, content: bytes, steps: int) -> tuple[Part, bytes]:
        file = io.BytesIO()
        kind.columns.write_batches(_kept(kind, content, self._places(part)), file)
        written = file.getvalue()
        state, is_error = kind.state
        times, errors, calls = [2**63, 0], 0, 0
        for rows in read_rows(written, (kind.time, state)):
            calls += len(rows)
            times = [min(times[0], *(row[0] for row in rows)), max(times[1], *(row[0] for row in rows))]
            errors += sum(is_error(row[1]) for row in rows)
        sha256 = hashlib.sha256(written).hexdigest()
        store_id = part.name.rpartition("/")[2].partition("-")[0]
        name = name_of(part.kind, store_id, part.first_id, part.last_id, start_of(part), sha256, steps)
        ids, ends = (part.first_id, part.last_id), (times[0], times[1])
        return Part(name, *ids, calls, errors, *ends, len(written), sha256, part.kind, part.url), written

    def _put(self, part: Part, content: bytes) -> None:
        target = self._targets.at(part.url)
        target.put(part.name, content)
        if target.get(part.name) != content:
            target.delete(part.name)
            raise StoreUnavailable(f"{target.url} did not keep what was written: repeat the command.")
        target.put(manifest_of(part.name), manifest(part).encode())


def _kept(kind: Kind, content: bytes, gone: set[int]) -> Iterator[RecordBatch]:
    place = 0
    for batch in arro3.io.read_parquet(io.BytesIO(content), batch_size=_ROWS_AT_ONCE):
        left = [at for at in range(batch.num_rows) if place + at not in gone]
        place += batch.num_rows
        if left:
            taken: Any = batch.take(Array(left, INT))
            known = taken.schema.names
            yield RecordBatch.from_arrays(
                [
                    taken.column(column.name) if column.name in known else Array([None] * len(left), column.type)
                    for column in kind.columns.columns
                ],
                schema=kind.columns.schema,
            )
