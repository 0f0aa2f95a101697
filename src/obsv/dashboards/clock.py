"""Readable times and numbers: local time with UTC on hover, durations, counts.

`components/format.js` has the same rules; `tests/scripts/formats.json` tests both.

The browser sends its time zone in the cookie `obsv_tz` (shell/boot.js); the shell sets `ZONE` for each request.
"""

from contextvars import ContextVar
from datetime import datetime, timezone, tzinfo
from math import floor
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dash import html

from obsv.times import NS, clamp_ns, iso, ts

ZONE: ContextVar[tzinfo] = ContextVar("obsv_zone", default=timezone.utc)


def zone_named(name: str | None) -> tzinfo:
    """Return the IANA time zone with a name; UTC if it is unknown here."""
    try:
        return ZoneInfo(name) if name else timezone.utc
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return timezone.utc


def local(ns: int) -> datetime:
    """Return Unix time in ns as local time of the browser, to the microsecond."""
    ns = clamp_ns(ns)
    return datetime.fromtimestamp(ns // NS, ZONE.get()).replace(microsecond=ns // 1000 % 1_000_000)


def utc_text(ns: int) -> str:
    """Format Unix time in ns as `YYYY-MM-DD HH:MM:SS.ffffff UTC`."""
    return f"{ts(ns)} UTC"


def zone_text(ns: int) -> str:
    """Format the zone of local times at a given time, as `UTC+5:30`."""
    offset = local(ns).utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset else 0
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def local_text(ns: int, *, date: bool = False) -> str:
    """Format Unix time in ns as local time `HH:MM:SS.mmm`, with the date before it on request."""
    moment = local(ns)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"[0 if date else 11 :]


def when(ns: int, *, date: bool = False) -> html.Time:
    """Return a point in time: local time, with UTC on hover.

    Args:
        ns: Unix time in ns.
        date: whether to show the date and the zone.
    """
    zone = f" {zone_text(ns)}" if date else ""
    return html.Time(local_text(ns, date=date) + zone, dateTime=f"{iso(ns)[:19]}Z", title=utc_text(ns), className="t")


def ago(ns: int, now_ns: int) -> str:
    """Format the age of a point in time: `now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 d ago`."""
    seconds = max(0, now_ns - ns) // NS
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "now"


def duration(ns: float) -> str:
    """Format a duration in ns with three digits: `870 ns`, `12.3 µs`, `4.56 ms`, `1.23 s`, `2 min 3 s`, `1 h 5 min`."""
    if ns < 1000:
        return f"{int(ns)} ns"
    for size, unit in ((1000, "µs"), (1_000_000, "ms")):
        if ns / size < 999.5:
            return f"{_digits(ns / size)} {unit}"
    if ns < 59.95 * NS:
        return f"{_digits(ns / NS)} s"
    seconds = floor(ns / NS + 0.5)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600:,} h {seconds % 3600 // 60} min"


def count(value: float) -> str:
    """Format a count: exact below 10,000, then `12.3 k`, `4.50 M`, `1.20 G`."""
    if value < 9999.5:
        return f"{floor(value + 0.5):,}"
    for size, unit in ((1e3, "k"), (1e6, "M")):
        if value / size < 999.5:
            return f"{_digits(value / size)} {unit}"
    return f"{_digits(value / 1e9)} G"


def size(count: int) -> str:
    """Format a number of bytes: `73 bytes`, `36.5 KB`, `1.20 GB`."""
    if count < 1_000:
        return f"{count} byte{'s' * (count != 1)}"
    for unit_bytes, unit in ((1e3, "KB"), (1e6, "MB"), (1e9, "GB")):
        if count / unit_bytes < 999.5:
            return f"{_digits(count / unit_bytes)} {unit}"
    return f"{_digits(count / 1e12)} TB"


def percent(share: float) -> str:
    """Format a share of 0..1 with two digits: `0.034 %`, `4.2 %`, `37 %`; never 0 % or 100 % unless exact."""
    value = share * 100
    if value == 0:
        return "0 %"
    if value < 0.01:
        return "<0.01 %"
    if share < 1 and value >= 99.5:
        return ">99 %"
    return f"{_fixed(value, 3 if value < 0.095 else 2 if value < 0.995 else 1 if value < 9.95 else 0)} %"


def _digits(value: float) -> str:
    return _fixed(value, 2 if value < 9.995 else 1 if value < 99.95 else 0)


def _fixed(value: float, places: int) -> str:
    """Format with halves rounded up, like `components/format.js`."""
    return f"{floor(value * 10**places + 0.5) / 10**places:.{places}f}"
