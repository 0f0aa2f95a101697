"""The state of a database file, and suggested fixes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from obsv.errors import QueryTimeout, StoreError
from obsv.nouns import are, counted
from obsv.quantities import LEAST_STORE_BYTES
from obsv.store.figures.beat import RECORDERS, RecorderState, recorder_state
from obsv.store.figures.kept import read_kept_sums
from obsv.store.figures.lost import NEWS_NS, read_lost
from obsv.store.file import Reader, Snapshot, limits_of, read_settings
from obsv.store.ground import HOUR_NS, MINUTE_NS, Limits, Loss

# Long, because the file is read from end to end.
_CHECK_LIMIT_S = 120.0
_TOO_LARGE_LOG = 256 << 20
# Size of a spill file before its first call: a killed program leaves it when all its errors are stored.
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
    """A file of an older version beside the database, with waiting calls that a keeper stores."""

    path: Path
    size_bytes: int


class Health(NamedTuple):
    """The state of a database file.

    Args:
        path: the file.
        schema_version: 0 if it could not be read.
        size_bytes: size of the database.
        log_bytes: size of its write-ahead log.
        free_bytes: space in the database for new calls.
        calls_ever, errors_ever: recorded since the file was created.
        first_ns: start of the oldest stored call, Unix time; None without calls.
        first_ts, last_ts: start of the oldest and the latest stored call, UTC; None without calls.
        last_write_ns: start of the last call to arrive, Unix time; None without calls.
        recorders: reports of the recording processes.
        spills: files of older versions beside the database, with waiting calls.
        limits: limits on the age of calls and the size of the file.
        kept_traces, kept_bytes: number and size of the traces that are kept beyond retention.
        losses: files that were lost while programs wrote to them, latest first.
        problems: problems and fixes, one sentence each; None if there are none.
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
    kept_traces: int = 0
    kept_bytes: int = 0
    losses: tuple[Loss, ...] = ()
    problems: tuple[str, ...] = ()


def check(path: str | Path, now_ns: int) -> Health:
    """Check a database file and report problems; never raises because of them.

    Args:
        path: the file.
        now_ns: Unix time; recorders that have been silent for long are gone.
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
    kept = read_kept_sums(store)
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
        kept_traces=kept.traces,
        kept_bytes=kept.bytes,
        losses=read_lost(store).losses,
    )


def _corruption(store: Snapshot) -> tuple[str, ...]:
    try:
        (found,) = store.query("pragma quick_check(1)")[0]
    except QueryTimeout:
        return (f"the file is too large to check within {_CHECK_LIMIT_S:g} s; run `pragma quick_check` on it",)
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found == "ok":
        return ()
    return (f"the file is corrupt ({found}); move it away (sqlite3's .recover may save rows) and record again",)


def _complaints(health: Health, now_ns: int) -> list[str]:
    complaints = []
    alive = [recorder for recorder in health.recorders if not recorder.gone(now_ns)]
    for recorder in alive:
        if recorder.state != "OK":
            who = f"{recorder.service} (pid {recorder.pid} on {recorder.host})"
            depth = recorder.queue_depth
            complaints.append(f"{who} is {recorder.state}: {counted(depth, 'call')} {are(depth)} waiting to be stored")
    if health.spills and not alive:
        waiting = sum(spill.size_bytes for spill in health.spills)
        remedy = "run `obsv keeper --drain` to store them"
        complaints.append(f"{waiting:,} bytes of calls are waiting in files of an older version; {remedy}")
    complaints += [str(loss) for loss in health.losses if loss.at_ns >= now_ns - NEWS_NS]
    complaints += _beyond_limits(health, now_ns, is_recorded=bool(alive))
    if health.kept_bytes > health.limits.most_kept_bytes:
        complaints.append(
            f"kept traces take {health.kept_bytes / 1e6:,.1f} MB, above their limit of "
            f"{health.limits.most_kept_bytes / 1e6:,.1f} MB, and leave that much less for calls: `obsv kept remove`"
        )
    if health.log_bytes > _TOO_LARGE_LOG:
        size = health.log_bytes / 1e6
        complaints.append(f"the write-ahead log has grown to {size:.0f} MB because a reader does not finish; close it")
    return complaints


def _beyond_limits(health: Health, now_ns: int, *, is_recorded: bool) -> list[str]:
    """Report exceeded limits.

    A limit holds within a minute if a process keeps the store; the default age, while one records.
    """
    max_age_ns, max_bytes, *_ = health.limits if is_recorded else health.limits.without_default()
    size = health.size_bytes + health.log_bytes
    remedy = "run a recording program or `obsv serve` to delete older calls"
    found = []
    if max_bytes is not None and max_bytes < LEAST_STORE_BYTES:
        least = f"set max_bytes to {LEAST_STORE_BYTES / 1e6:.0f}MB or more"
        found.append(f"the size limit of {max_bytes / 1e6:,.1f} MB cannot be kept, an empty file takes 1 MB: {least}")
    elif max_bytes is not None and size > max_bytes:
        found.append(
            f"the file takes {size / 1e6:,.1f} MB with its log, above its limit of {max_bytes / 1e6:,.1f} MB: {remedy}"
        )
    if max_age_ns is not None and health.first_ns is not None and health.first_ns < now_ns - max_age_ns - MINUTE_NS:
        age, limit = (now_ns - health.first_ns) / HOUR_NS, max_age_ns / HOUR_NS
        found.append(f"the oldest call is {age:,.1f} hours old, above the limit of {limit:,.1f} hours: {remedy}")
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
