"""How a database file is, and what to do about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from obsv.errors import QueryTimeout, StoreError
from obsv.store.figures.beat import RECORDERS, RecorderState, recorder_state
from obsv.store.figures.lost import NEWS_NS, read_lost
from obsv.store.file import Reader, Snapshot, limits_of, read_settings
from obsv.store.ground import HOUR_NS, MINUTE_NS, Limits, Loss

# Long, because the file is read from end to end.
_CHECK_LIMIT_S = 120.0
_TOO_LARGE_LOG = 256 << 20
# Of a spill file before its first call: what a killed program leaves whose errors are all stored.
_EMPTY_SPILL = 24

_FACTS = """
select (select user_version from pragma_user_version) as schema_version,
  (select page_count from pragma_page_count) * (select page_size from pragma_page_size) as bytes,
  (select freelist_count from pragma_freelist_count) * (select page_size from pragma_page_size) as free_bytes,
  (select coalesce(sum(count - unrecorded), 0) from process_minute where minute = 0) as calls_ever,
  (select coalesce(sum(errors), 0) from process_minute where minute = 0) as errors_ever,
  (select start_ns from span order by ts limit 1) as first_ns,
  (select min(ts) from span) as first_ts, (select max(ts) from span) as last_ts,
  (select max(id) from span) as last_id, (select start_ns from span where id = (select max(id) from span)) as last_ns
"""


class SpillFile(NamedTuple):
    """A file of an older version beside the database, with calls that wait: a keeper stores them."""

    path: Path
    size_bytes: int


class Health(NamedTuple):
    """How a database file is.

    Args:
        path: the file.
        schema_version: 0 when it could not be read.
        size_bytes: of the database.
        log_bytes: of its write-ahead log.
        free_bytes: of the database, for new calls.
        calls_ever, errors_ever: recorded since the file began.
        first_ns: start of the oldest call that is kept, Unix time; None without calls.
        first_ts, last_ts: start of the oldest and the latest call that are kept, UTC; None without calls.
        last_write_ns: start of the call that arrived last, Unix time; None without calls.
        recorders: what recording processes say about themselves.
        spills: files of older versions beside the database with calls that wait.
        limits: how long calls are kept, and how large the file may be.
        losses: files that were lost while programs wrote to them, latest first.
        problems: what is wrong and what to do, one sentence each; none when all is well.
    """

    path: Path
    schema_version: int = 0
    size_bytes: int = 0
    log_bytes: int = 0
    free_bytes: int = 0
    calls_ever: int = 0
    errors_ever: int = 0
    first_ns: int | None = None
    first_ts: str | None = None
    last_ts: str | None = None
    last_write_ns: int | None = None
    recorders: tuple[RecorderState, ...] = ()
    spills: tuple[SpillFile, ...] = ()
    limits: Limits = Limits()
    losses: tuple[Loss, ...] = ()
    problems: tuple[str, ...] = ()


def check(path: str | Path, now_ns: int) -> Health:
    """Looks a database file through; never raises for what it finds, but reports it.

    Args:
        path: the file.
        now_ns: Unix time: recorders that have been silent are gone.
    """
    path = Path(path)
    spills = _spills(path)
    health = Health(path, log_bytes=_size(path.with_name(path.name + "-wal")), spills=spills)
    reader = Reader(path, time_limit_s=_CHECK_LIMIT_S)
    try:
        with reader.snapshot() as store:
            health = _filled(store, health, now_ns)
            problems = _corruption(store)
    except StoreError as error:
        return health._replace(size_bytes=_size(path), problems=(str(error),))
    finally:
        reader.close()
    return health._replace(problems=(*problems, *_complaints(health, now_ns)))


def _filled(store: Snapshot, health: Health, now_ns: int) -> Health:
    facts = store.one(_FACTS)
    assert facts is not None
    recorders = tuple(recorder_state(*row) for row in store.query(RECORDERS, (now_ns,)))
    return health._replace(
        schema_version=facts["schema_version"],
        size_bytes=facts["bytes"],
        free_bytes=facts["free_bytes"],
        calls_ever=facts["calls_ever"],
        errors_ever=facts["errors_ever"],
        first_ns=facts["first_ns"],
        first_ts=facts["first_ts"],
        last_ts=facts["last_ts"],
        last_write_ns=facts["last_ns"],
        recorders=recorders,
        limits=limits_of(read_settings(store.query)),
        losses=read_lost(store).losses,
    )


def _corruption(store: Snapshot) -> tuple[str, ...]:
    try:
        (found,) = store.query("pragma quick_check(1)")[0]
    except QueryTimeout:
        return (f"the file is too large to be checked within {_CHECK_LIMIT_S:g} s; `pragma quick_check` does it",)
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found == "ok":
        return ()
    return (f"the file is corrupt ({found}); move it away (sqlite3's .recover may save rows) and record anew",)


def _complaints(health: Health, now_ns: int) -> list[str]:
    complaints = []
    alive = [recorder for recorder in health.recorders if not recorder.gone(now_ns)]
    for recorder in alive:
        if recorder.state != "OK":
            who = f"{recorder.service} (pid {recorder.pid} on {recorder.host})"
            complaints.append(f"{who} is {recorder.state}: {recorder.queue_depth} calls wait to be written")
    if health.spills and not alive:
        waiting = sum(spill.size_bytes for spill in health.spills)
        remedy = "`obsv keeper --drain` stores them"
        complaints.append(f"{waiting:,} bytes of calls wait in files of an older version; {remedy}")
    complaints += [str(loss) for loss in health.losses if loss.at_ns >= now_ns - NEWS_NS]
    complaints += _beyond_limits(health, now_ns, is_recorded=bool(alive))
    if health.log_bytes > _TOO_LARGE_LOG:
        size = health.log_bytes / 1e6
        complaints.append(f"the write-ahead log has {size:.0f} MB: something reads without an end; close what reads")
    return complaints


def _beyond_limits(health: Health, now_ns: int, *, is_recorded: bool) -> list[str]:
    """A limit holds within a minute, if anything keeps the store; the default age, while somebody records."""
    max_age_ns, max_bytes, _ = health.limits if is_recorded else health.limits.without_default()
    size = health.size_bytes + health.log_bytes
    remedy = "a recording program or `obsv serve` deletes what is beyond it"
    found = []
    if max_bytes is not None and size > max_bytes:
        found.append(
            f"the file takes {size / 1e6:,.1f} MB with its log, its limit is {max_bytes / 1e6:,.1f} MB: {remedy}"
        )
    if max_age_ns is not None and health.first_ns is not None and health.first_ns < now_ns - max_age_ns - MINUTE_NS:
        age, limit = (now_ns - health.first_ns) / HOUR_NS, max_age_ns / HOUR_NS
        found.append(f"the oldest call is {age:,.1f} hours old, the limit is {limit:,.1f} hours: {remedy}")
    return found


def _spills(path: Path) -> tuple[SpillFile, ...]:
    found = path.parent.glob(f"{path.name}.*.spill") if path.parent.is_dir() else ()
    files = [SpillFile(each, _size(each)) for each in sorted(found)]
    return tuple(file for file in files if file.size_bytes > _EMPTY_SPILL)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
