"""The state of the recording processes and of the store: one cheap read per second."""

from math import isfinite
from typing import Any, NamedTuple

from obsv.store.figures.logs import HAS_LOGS
from obsv.store.figures.lost import NEWS_NS, Lost, read_lost
from obsv.store.file import Readable
from obsv.store.ground import read_object

GONE_AFTER_NS = 5_000_000_000
# Batches become visible a second late: this must not make a feed of a thousand updates per second stale.
FRESH_NS = 2_000_000_000


class RecorderState(NamedTuple):
    """A recording process, as it last described itself.

    Attributes:
        service: the resource attribute `service.name`.
        pid: process ID.
        host: host it runs on.
        state: OK, DELAYED or CIRCUIT OPEN.
        queue_depth: calls waiting to be stored.
        write_lag_ms: waiting time of the oldest call in the last batch, in ms.
        updated_ns: time of this report, Unix time in ns; a report is made once a second.
        running: calls that have begun and not ended.
        oldest: the oldest of these: name, and start as Unix time in ns.
    """

    service: str
    pid: int
    host: str
    state: str
    queue_depth: int
    write_lag_ms: float
    updated_ns: int
    running: int = 0
    oldest: tuple[tuple[str, int], ...] = ()

    def gone(self, now_ns: int) -> bool:
        """Return whether it has been silent for more than `GONE_AFTER_NS`."""
        return now_ns - self.updated_ns > GONE_AFTER_NS


class FeedState(NamedTuple):
    """A feed: time of the last update and usual interval, in ns (None: not known yet)."""

    name: str
    last_ns: int
    interval_ns: int | None

    def stale(self, now_ns: int) -> bool:
        """Return whether the last update is older than twice the usual interval, and than `FRESH_NS`."""
        return is_stale(self.last_ns, self.interval_ns, now_ns)


def is_stale(last_ns: int | None, interval_ns: int | None, now_ns: int) -> bool:
    """Return whether a feed's last update is older than twice its interval and `FRESH_NS`; False if unknown."""
    if last_ns is None or interval_ns is None:
        return False
    return now_ns - last_ns > max(2 * interval_ns, FRESH_NS)


class Beat(NamedTuple):
    """The state of recording at one moment.

    Attributes:
        last_id: key of the newest span row, 0 if there is none.
        lost: files lost in the last day.
        firing: rules and summaries of firing alerts, the latest first.
        last_log_id: key of the newest log record, 0 if there is none.
    """

    last_id: int
    recorders: tuple[RecorderState, ...]
    feeds: tuple[FeedState, ...]
    now_ns: int
    lost: Lost = Lost()
    firing: tuple[tuple[str, str], ...] = ()
    last_log_id: int = 0


# A file with an older schema version has no alerts.
HAS_ALERTS = "select 1 from sqlite_schema where type = 'table' and name = 'alert'"
FIRING = """
select rule, summary from alert where state in ('firing', 'recovering') order by starts_ns desc limit 100
"""
LAST_ID = "select coalesce(max(id), 0) from span"
# A process that ended an hour ago is no longer reported.
RECORDERS = """
select service, pid, host, state, stats, updated_ns from recorder
where updated_ns > ? - 3600000000000 order by started_ns desc limit 20
"""
FEEDS = "select name, max(last_ns), min(interval_ns) from feed group by name order by name limit 50"


def recorder_state(service: str, pid: int, host: str, state: str, stats: str, updated_ns: int) -> RecorderState:
    """Return a row of the table `recorder` as a state; missing figures count as zero."""
    figures = read_object(stats)
    waiting = sum(int(_number(figures, name)) for name in ("depth", "error_depth"))
    lag_ms, running = _number(figures, "writer_lag_ms"), int(_number(figures, "running"))
    try:
        oldest = tuple((str(name), int(start_ns)) for name, start_ns in figures.get("oldest") or ())
    except (TypeError, ValueError, OverflowError):
        oldest = ()
    return RecorderState(service, pid, host, state, waiting, lag_ms, updated_ns, running, oldest)


def _number(figures: dict[str, Any], name: str) -> float:
    value = figures.get(name)
    return value if isinstance(value, (int, float)) and isfinite(value) else 0


def _last_log(reader: Readable) -> int:
    if not reader.query(HAS_LOGS):
        return 0
    return int(reader.query("select coalesce(max(id), 0) from log_record")[0][0])


def read_beat(reader: Readable, now_ns: int) -> Beat:
    """Read the state of recording.

    Args:
        reader: reader of the store.
        now_ns: Unix time in ns.
    """
    last_id = reader.query(LAST_ID)[0][0]
    recorders = tuple(recorder_state(*row) for row in reader.query(RECORDERS, (now_ns,)))
    feeds = tuple(FeedState(*row) for row in reader.query(FEEDS))
    firing = tuple((row[0], row[1]) for row in reader.query(FIRING)) if reader.query(HAS_ALERTS) else ()
    return Beat(last_id, recorders, feeds, now_ns, read_lost(reader).since(now_ns - NEWS_NS), firing, _last_log(reader))
