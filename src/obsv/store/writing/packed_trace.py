"""A trace as a store of its own, in bytes: its rows are copied with everything that they refer to."""

from __future__ import annotations

import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from obsv.errors import ForeignFile, InvalidQuery, NotFound
from obsv.store.file import open_writer
from obsv.store.file.failures import explained
from obsv.temporary import make_temporary

# As many as are drawn. 36,000 calls take 16 MB as a file and 3 MB packed.
MOST_SPANS = 100_000
# Texts of its calls; and of its database, which somebody else may have made, when it is unpacked.
MOST_BYTES, MOST_UNPACKED_BYTES = 512 << 20, 2 << 30
_CACHE_KIB = 2_000
_PIECE = 1 << 20
_PATIENCE_S = 5.0

_SPANS = "span", "trace = :trace"
# Table and rows; in this order, because the later ones are those that the earlier ones refer to.
_PARTS = (
    ("log_record", "trace = :trace"),
    ("exact_input", "trace_id = :key"),
    ("signature", "id in (select signature_id from main.span)"),
    ("signature_field", "signature_id in (select id from main.signature)"),
    ("code", "id in (select code_id from main.signature)"),
    ("process", "id in (select process_id from main.span)"),
    ("process_name", "id in (select name_id from main.span)"),
    ("thread", "id in (select thread_id from main.span)"),
    ("source", "id in (select source_id from main.span union select source_id from main.log_record)"),
)
_SIZE = """
select count(*), coalesce(sum(length(cast(data as blob)) + coalesce(length(cast(exception as blob)), 0)
  + coalesce(length(cast(detail as blob)), 0)), 0) from full.span where trace = ?
"""
_ABOUT = """
select p.name, p.service, (select min(start_ns) from span), (select max(start_ns + duration_ns) from span),
  (select count(*) from span), (select count(*) from span where status = 2), (select count(*) from log_record),
  coalesce((select exception from span where status = 2 and exception is not null order by start_ns, id limit 1), '')
from span s join process p on p.id = s.process_id order by s.start_ns, s.depth, s.id limit 1
"""
_IDS = "select span_id from span order by id"


class Packed(NamedTuple):
    """A trace in bytes.

    Attributes:
        process, service: of its first call.
        start_ns: Unix time.
        duration_ns: from its first start to its last end.
        spans, errors, logs: how many.
        exception: the traceback of its first failure; empty if there is none.
        span_ids: 8 bytes each.
        content: a database with its rows, compressed.
    """

    process: str
    service: str
    start_ns: int
    duration_ns: int
    spans: int
    errors: int
    logs: int
    exception: str
    span_ids: bytes
    content: bytes


def pack(store: Path, trace_id: str) -> Packed:
    """Return a trace in bytes.

    Args:
        store: a database of the newest schema version.
        trace_id: 32 hex digits.

    Raises:
        NotFound: the database has no such trace.
        InvalidQuery: it has more calls than can be kept.
        StoreError: the database cannot be read.
    """
    with _directory(store) as directory:
        file = directory / "kept.db"
        connection = open_writer(file, _PATIENCE_S, _CACHE_KIB)
        try:
            with explained(store):
                connection.execute("attach ? as full", (str(store),))
                _copy(connection, trace_id)
                connection.execute("detach full")
            about = connection.execute(_ABOUT).fetchone()
            ids = b"".join(row[0] for row in connection.execute(_IDS))
            connection.execute("pragma journal_mode = delete")
        finally:
            connection.close()
        process, service, start_ns, end_ns, *counted = about
        values = (process, service, start_ns, end_ns - start_ns, *counted, ids, _compressed(file))
        return Packed._make(values)


def unpack(content: bytes, file: Path) -> None:
    """Write the database of a packed trace, in the newest schema version.

    Raises:
        ForeignFile: it is damaged.
        StoreError: it cannot be written.
    """
    stream = zlib.decompressobj()
    with explained(file), open(file, "wb") as output:
        try:
            for at in range(0, len(content), _PIECE):
                piece = stream.decompress(content[at : at + _PIECE], MOST_UNPACKED_BYTES - output.tell())
                if output.tell() + len(piece) >= MOST_UNPACKED_BYTES:
                    raise ForeignFile("A kept trace is larger than any that obsv keeps; its database is damaged.")
                output.write(piece)
        except zlib.error as error:
            raise ForeignFile(f"A kept trace is damaged: {error}.") from error
    open_writer(file, _PATIENCE_S, _CACHE_KIB).close()


def _compressed(file: Path) -> bytes:
    stream = zlib.compressobj(6)
    with open(file, "rb") as content:
        pieces = [stream.compress(piece) for piece in iter(lambda: content.read(_PIECE), b"")]
    return b"".join((*pieces, stream.flush()))


def _copy(connection: sqlite3.Connection, trace_id: str) -> None:
    connection.execute("begin")
    try:
        spans, size = connection.execute(_SIZE, (trace_id,)).fetchone()
        if not spans:
            raise NotFound(f"There is no trace {trace_id} in the store. Retention may have deleted it.")
        if spans > MOST_SPANS or size > MOST_BYTES:
            raise InvalidQuery(
                f"This trace has {spans:,} calls of {size / 1e6:,.1f} MB; at most {MOST_SPANS:,} calls of "
                f"{MOST_BYTES / 1e6:,.0f} MB can be kept. Export it instead: `obsv export --trace {trace_id}`."
            )
        for table, rows in (_SPANS, *_PARTS):
            names = ", ".join(row[1] for row in connection.execute(f"pragma main.table_info({table})"))
            wanted = {"trace": trace_id, "key": bytes.fromhex(trace_id)}
            connection.execute(
                f"insert into main.{table}({names}) select {names} from full.{table} where {rows}", wanted
            )
        connection.execute("commit")
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def _directory(store: Path) -> Iterator[Path]:
    made = make_temporary(store, is_small=True)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
