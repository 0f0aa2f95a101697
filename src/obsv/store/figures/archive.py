"""The state of a store's archive, as far as the store knows it: no question to the archive itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from obsv.store.file import Readable

_HAS_MARKS = "select 1 from pragma_table_info('archive') where name = 'decision_watermark'"
_HAS_STATE = "select 1 from pragma_table_info('archive_replaced') where name = 'begun'"
_ARCHIVE = "select url, keep_ns, reached_ns, failing_ns, failure from archive"
_WATERMARK = "select coalesce((select {} from archive), (select max(last_id) from archive_part where kind = ?), 0)"
_MARKS = {
    "calls": "watermark", "logs": "log_watermark", "decisions": "decision_watermark", "outcomes": "outcome_watermark",
}  # fmt: skip
_STEPS = "select coalesce(sum(steps), 0) from forgotten"
_PARTS = """
select count(*) as parts, coalesce(sum(iif(kind = 'calls', calls, 0)), 0) as calls,
  coalesce(sum(iif(kind = 'logs', calls, 0)), 0) as logs,
  coalesce(sum(iif(kind = 'decisions', calls, 0)), 0) as decisions,
  coalesce(sum(iif(kind = 'outcomes', calls, 0)), 0) as outcomes, coalesce(sum(errors), 0) as errors,
  coalesce(sum(bytes), 0) as bytes, min(min_ns) as from_ns, max(max_ns) as to_ns from archive_part
"""
_OLDEST = "select start_ns from span where id > (select watermark from archive) order by id limit 1"
_UNARCHIVED = (
    "select coalesce(sum(calls), 0) from tally where name in ('unarchived', 'unarchived_logs', 'unarchived_decisions')"
)

_OVERLAPPING = """
select name, kind, calls, min_ns, max_ns, bytes, sha256, url from archive_part
where max_ns >= ? and min_ns < ? order by max_ns desc
"""
# SQLite takes 32,766 values in a statement.
_PAIRS_AT_ONCE = 1_000
_AMONG = "select trace, lower(hex(span_id)) from span where (trace, span_id) in (values {})"
_OFF = {"url": None, "keep_ns": None, "reached_ns": None, "failing_ns": None, "failure": ""}


class ArchiveState(NamedTuple):
    """The archive of a store.

    Attributes:
        url: its location; None: archiving is off.
        keep_ns: age at which it deletes; None: never.
        reached_ns: when everything due was archived last, Unix time; None: not yet.
        failing_ns: since when it cannot be written, Unix time; None: it can.
        failure: why.
        parts: number of files.
        calls, logs, decisions, outcomes: numbers of rows of each kind in them.
        errors: number of those that failed.
        bytes: size of the files.
        from_ns, to_ns: earliest and latest start in them, Unix time.
        waiting_ns: start of the first call that is only in the database; None if there is none.
        unarchived: calls, log records, decisions and outcomes deleted before they were archived, for lack of space.
    """

    url: str | None
    keep_ns: int | None
    reached_ns: int | None
    failing_ns: int | None
    failure: str
    parts: int
    calls: int
    logs: int
    decisions: int
    outcomes: int
    errors: int
    bytes: int
    from_ns: int | None
    to_ns: int | None
    waiting_ns: int | None
    unarchived: int


def read_archive(reader: Readable) -> ArchiveState | None:
    """Return the state of the archive; None if there never was one.

    Raises:
        StoreError: see `Reader`.
    """
    if not reader.query(_HAS_STATE):
        return None
    archive, parts = reader.one(_ARCHIVE), reader.query(_PARTS)[0]
    if archive is None and not parts["parts"]:
        return None
    known = dict(zip(archive.keys(), archive, strict=True)) if archive is not None else _OFF
    oldest = reader.one(_OLDEST) if archive is not None else None
    return ArchiveState(
        **known,
        **dict(zip(parts.keys(), parts, strict=True)),
        waiting_ns=oldest["start_ns"] if oldest else None,
        unarchived=reader.query(_UNARCHIVED)[0][0],
    )


class ArchivedPart(NamedTuple):
    """A file of the archive.

    Attributes:
        name: path below the archive's address.
        kind: `calls`, `logs`, `decisions` or `outcomes`.
        rows: how many.
        min_ns, max_ns: earliest and latest start in it, Unix time.
        bytes: its size.
        sha256: of the file, hex.
        url: address of the archive that it is in.
    """

    name: str
    kind: str
    rows: int
    min_ns: int
    max_ns: int
    bytes: int
    sha256: str
    url: str


def archived_parts(reader: Readable, start_ns: int, end_ns: int) -> list[ArchivedPart]:
    """Return the parts with a row of a range of time, newest first.

    Raises:
        StoreError: see `Reader`.
    """
    if not reader.query(_HAS_STATE):
        return []
    return [ArchivedPart(*row) for row in reader.query(_OVERLAPPING, (start_ns, end_ns))]


def forgotten_steps(reader: Readable) -> int:
    """Return how many times rows were removed on request: what was read of the archive before is not valid any more.

    Raises:
        StoreError: see `Reader`.
    """
    return int(reader.query(_STEPS)[0][0]) if reader.query(_HAS_STATE) else 0


def archive_watermark(reader: Readable, kind: str) -> int:
    """Return the `id` up to which all rows of a kind are in parts of the archive; 0 if there is none.

    Raises:
        StoreError: see `Reader`.
    """
    has_marks = reader.query(_HAS_MARKS) or (kind in ("calls", "logs") and reader.query(_HAS_STATE))
    return int(reader.query(_WATERMARK.format(_MARKS[kind]), (kind,))[0][0]) if has_marks else 0


def stored_among(reader: Readable, calls: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of some calls, by trace and span ID in hex, that are in the store.

    Raises:
        StoreError: see `Reader`.
    """
    wanted, found = list(calls), set()
    for at in range(0, len(wanted), _PAIRS_AT_ONCE):
        some = wanted[at : at + _PAIRS_AT_ONCE]
        values = [value for trace, span in some for value in (trace, bytes.fromhex(span))]
        found |= {(row[0], row[1]) for row in reader.query(_AMONG.format(", ".join(["(?, ?)"] * len(some))), values)}
    return found
