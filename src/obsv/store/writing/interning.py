"""IDs of shared rows: origins, functions, threads."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

from obsv.store.ground import RECEIVED, Code, Signature, Source, SpanRow, machine_mark
from obsv.store.writing.sql.statements import Insert, Lookup
from obsv.store.writing.versions import Unversioned, Versions

Thread = tuple[int, str]

# Lifetime of a cached ID: retention deletes only rows that no writer has looked up for a day longer.
EPOCH_NS = 600 * 1_000_000_000
# Foreign spans can bring new shapes without end.
_CACHE_LIMIT = 20_000


class _Interned:
    """A table of shared rows. Inserting an existing row marks it as used."""

    def __init__(self, table: str, keys: str, extra: str = "") -> None:
        columns = f"{keys}, {extra}, used_ns" if extra else f"{keys}, used_ns"
        updates = [f"{column.strip()} = excluded.{column.strip()}" for column in extra.split(",") if column]
        updates.append("used_ns = max(used_ns, excluded.used_ns)")
        self._keys = keys.count(",") + 1
        self._insert = Insert(table, columns, f"({keys}) do update set {', '.join(updates)}")
        self._lookup = Lookup(table, keys)

    def ids(self, connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], now_ns: int) -> list[int]:
        """Return the IDs of rows given as key columns followed by extra columns; insert new rows."""
        self._insert.run(connection, [value for row in rows for value in (*row, now_ns)])
        found: list[tuple[int, int]] = self._lookup.run(connection, [row[: self._keys] for row in rows])
        by_position = dict(found)
        return [by_position[position] for position in range(len(rows))]


_SOURCE = _Interned("source", "service, resource, scope, origin")
_NAME = _Interned("process_name", "name")
_PROCESS = _Interned("process", "name, service, process_group, kind", "feed, name_id")
_CODE = _Interned("code", "process_id, digest", "file_path, line_number, source_text")
_SIGNATURE = _Interned("signature", "process_id, code_id, digest", "fields")
_THREAD = _Interned("thread", "thread_id, name")
_FIELD = Insert("signature_field", "signature_id, position, path, name, data_type", "do nothing")


class Ids:
    """The IDs of one file that a writer knows. Only committed IDs are added, so a rollback cannot leave a wrong one."""

    def __init__(self) -> None:
        self.signatures: dict[Signature, tuple[int, int, int]] = {}  # ids of name, process and signature
        self.sources: dict[Source, int] = {}
        self.threads: dict[Thread | None, int] = {None: 0}
        self.versions: dict[Source, int] = {}
        self._epoch = -1

    def expire(self, now_ns: int) -> None:
        """Forget everything if the epoch has changed or there are too many."""
        epoch = now_ns // EPOCH_NS
        if epoch != self._epoch or len(self.signatures) + len(self.sources) + len(self.threads) > _CACHE_LIMIT:
            self.clear()
            self._epoch = epoch

    def clear(self) -> None:
        """Forget everything: the file was replaced."""
        self.signatures.clear()
        self.sources.clear()
        self.versions.clear()
        self.threads.clear()
        self.threads[None] = 0

    def process_id(self, signature: Signature) -> int:
        """Return the ID of a known signature's process."""
        return self.signatures[signature][1]

    def version(self, row: SpanRow) -> int:
        """Return the ID of the version of the service that made a call; 0 if unknown."""
        return self.versions.get(row.source, 0)


class Missing:
    """The parts of a batch without an ID.

    Attributes:
        signatures, sources, threads: as the batch has them.
    """

    def __init__(
        self,
        ids: Ids,
        signatures: Iterable[Signature],
        sources: Iterable[Source],
        threads: Iterable[Thread | None],
        unversioned: Sequence[Unversioned],
    ) -> None:
        self._ids = ids
        self._unversioned = unversioned
        self.signatures = [signature for signature in signatures if signature not in ids.signatures]
        self.sources = [source for source in sources if source not in ids.sources]
        self.threads = [thread for thread in threads if thread is not None and thread not in ids.threads]

    def __bool__(self) -> bool:
        return bool(self.signatures or self.sources or self.threads or self._unversioned)

    def insert(
        self, connection: sqlite3.Connection, versions: Versions, began: Callable[[Source], int], now_ns: int
    ) -> None:
        """Gives an id to each, in the transaction that is open; `began`: when a program began."""
        self._processes = self._of_signatures(connection, now_ns)
        sources = [(s.service, s.resource, s.scope, RECEIVED if s.received else machine_mark()) for s in self.sources]
        self._source_ids = _SOURCE.ids(connection, sources, now_ns)
        self._versions = {source: versions.of(connection, source, began, now_ns) for source in self.sources}
        self._versions.update(versions.learn(connection, self._unversioned, began, now_ns))
        self._thread_ids = _THREAD.ids(connection, self.threads, now_ns)

    def committed(self) -> None:
        """Makes the ids known: their transaction has been committed."""
        self._ids.signatures.update(zip(self.signatures, self._processes, strict=True))
        self._ids.sources.update(zip(self.sources, self._source_ids, strict=True))
        self._ids.threads.update(zip(self.threads, self._thread_ids, strict=True))
        self._ids.versions.update(self._versions)

    def _of_signatures(self, connection: sqlite3.Connection, now_ns: int) -> list[tuple[int, int, int]]:
        signatures = self.signatures
        names = _NAME.ids(connection, [(s.name,) for s in signatures], now_ns)
        processes = _PROCESS.ids(
            connection,
            [
                (s.name, s.service, s.process_group, s.kind, s.feed, name)
                for s, name in zip(signatures, names, strict=True)
            ],
            now_ns,
        )
        codes = self._of_codes(connection, processes, now_ns)
        fields = [_fields(signature) for signature in signatures]
        rows = [
            (process, code, _digest(text), text) for process, code, text in zip(processes, codes, fields, strict=True)
        ]
        found = _SIGNATURE.ids(connection, rows, now_ns)
        _FIELD.run(
            connection,
            [
                value
                for identity, signature in zip(found, signatures, strict=True)
                for position, (name, data_type) in enumerate(signature.fields)
                for value in (identity, position, f"$[{position}]", name, data_type)
            ],
        )
        return list(zip(names, processes, found, strict=True))

    def _of_codes(self, connection: sqlite3.Connection, processes: list[int], now_ns: int) -> list[int]:
        present = [(process, s.code) for process, s in zip(processes, self.signatures, strict=True) if s.code]
        rows = [(process, code_digest(code), *code) for process, code in present]
        found = iter(_CODE.ids(connection, rows, now_ns))
        return [next(found) if signature.code else 0 for signature in self.signatures]


def fields_digest(signature: Signature) -> bytes:
    """Tells shapes of values apart."""
    return _digest(_fields(signature))


def _fields(signature: Signature) -> str:
    return json.dumps(signature.fields, separators=(",", ":"), ensure_ascii=False)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def code_digest(code: Code) -> bytes:
    """Tells sources of a function apart."""
    return _digest(f"{code.line_number}\0{code.file_path}\0{code.source_text}")
