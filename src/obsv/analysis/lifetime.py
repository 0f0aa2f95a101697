"""The time for which a trace, or the calls since a time, can be read, in words."""

from __future__ import annotations

from typing import NamedTuple

from obsv.store.figures import KeptTrace
from obsv.store.ground import HOUR_NS, Limits
from obsv.store.seam import Store
from obsv.times import ts

_MINUTE_NS, _DAY_NS = 60 * 10**9, 24 * HOUR_NS


class Lifetime(NamedTuple):
    """The time for which something can be read.

    Attributes:
        kept: it is kept beyond retention; None if it is not.
        deleted_ns: when its calls begin to be deleted by age, Unix time; None: at no age.
        text: all of it in one or two sentences.
    """

    kept: KeptTrace | None
    deleted_ns: int | None
    text: str


def lifetime_of_trace(store: Store, trace_id: str, now_ns: int) -> Lifetime:
    """Return how long a trace can be read.

    Raises:
        NotFound: there is no such trace.
    """
    kept = store.read_kept_trace(trace_id)
    if kept is not None:
        when = ts(kept.kept_ns)[:16]
        note = f": {kept.note}" if kept.note else ""
        return Lifetime(kept, None, f"Kept by {kept.kept_by} on {when} UTC, so it outlives retention{note}")
    found = store.summarize([store.known_trace(trace_id)])
    return lifetime_since(store, found[0].start_ns if found else now_ns, now_ns)


def lifetime_since(store: Store, start_ns: int, now_ns: int) -> Lifetime:
    """Return how long the calls since a time can be read: when the first of them are deleted."""
    limits, archive = store.read_limits(), store.read_archive()
    if limits.max_age_ns is None:
        return Lifetime(None, None, f"It is deleted at no age{_by_size(limits, ', but may be')}.")
    if archive is not None and archive.url is not None:
        if archive.keep_ns is None:
            return Lifetime(None, None, "The archive keeps it without a limit of age.")
        if archive.keep_ns > limits.max_age_ns:
            return _until(start_ns + archive.keep_ns, now_ns, "by the archive", "")
    return _until(start_ns + limits.max_age_ns, now_ns, "", _by_size(limits, ", or earlier"))


def _until(deleted_ns: int, now_ns: int, by: str, more: str) -> Lifetime:
    left_ns = deleted_ns - now_ns
    when = f"in about {_about(left_ns)}" if left_ns > _MINUTE_NS else "at any moment"
    text = " ".join(part for part in ("It will be deleted", by, f"{when}{more}.") if part)
    return Lifetime(None, deleted_ns, text)


def _by_size(limits: Limits, how: str) -> str:
    if limits.max_bytes is None:
        return ""
    return f"{how} when the database takes {limits.max_bytes / 1e6:,.0f} MB"


def _about(ns: int) -> str:
    for unit_ns, unit in ((_DAY_NS, "d"), (HOUR_NS, "h"), (_MINUTE_NS, "min")):
        if ns >= 2 * unit_ns or unit_ns == _MINUTE_NS:
            return f"{max(1, round(ns / unit_ns))} {unit}"
    return ""
