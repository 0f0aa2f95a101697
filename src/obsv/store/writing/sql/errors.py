"""Error groups on their way into the file: rows in the same statement as the rollups (`rollups.py` says why).

Changes of a group follow from its row alone, so triggers make them: a new row is a new group, and a resolved one comes
back.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from obsv.store.ground import minute_of, raised_line
from obsv.store.writing.faults import Failed
from obsv.store.writing.interning import Ids

# Limits of a sample: the text of the exception, without its middle if longer, and all values together.
_MOST_EXCEPTION, _MOST_VALUES = 20_000, 20_000
_TITLE = 500

# Kinds of rows of the view `rollup`.
GROUP, MINUTE, CALL, ESCAPED = 5, 6, 7, 8
_ID = "(select id from error_group where fingerprint = new.a)"
_NEWER = "excluded.last_ns >= last_ns"
_WRITES = {
    GROUP: f"""
insert into error_group(fingerprint, type, title, process, service, why, count, escaped, first_ns, last_ns,
  first_version_id, last_version_id, first_sample, latest_sample)
values (new.a, coalesce(json_extract(new.e, '$.type'), ''), new.b, new.c, new.d, new.e, new.f, new.g, new.h, new.i,
  new.j, new.k, new.l, new.m)
on conflict(fingerprint) do update set
  type = iif({_NEWER}, excluded.type, type), title = iif({_NEWER}, excluded.title, title),
  process = iif({_NEWER}, excluded.process, process), service = iif({_NEWER}, excluded.service, service),
  count = count + excluded.count, escaped = escaped + excluded.escaped,
  latest_sample = iif({_NEWER}, excluded.latest_sample, latest_sample),
  first_sample = iif(excluded.first_ns < first_ns, excluded.first_sample, first_sample),
  first_version_id = iif(first_version_id = 0, excluded.first_version_id, first_version_id),
  last_version_id = max(last_version_id, excluded.last_version_id),
  first_ns = min(first_ns, excluded.first_ns), last_ns = max(last_ns, excluded.last_ns)
""",
    MINUTE: f"""
insert into error_minute(group_id, minute, count) values ({_ID}, new.b, new.c)
on conflict(group_id, minute) do update set count = count + excluded.count
""",
    CALL: f"""
insert into error_call(group_id, start_ns, trace_id, span_id) values ({_ID}, new.b, new.c, new.d) on conflict do nothing
""",
    ESCAPED: "update error_group set escaped = escaped + new.b where fingerprint = new.a",
}
_EVENT = """
insert into error_event(at_ns, group_id, kind, trace_id, span_id)
values ({at}, {group}, '{kind}', json_extract({sample}, '$.trace_id'), json_extract({sample}, '$.span_id'))
"""
_IS_NEW = f"""
create temp trigger error_group_is_new after insert on error_group begin
  {_EVENT.format(at="new.first_ns", group="new.id", kind="new", sample="new.first_sample")};
end
"""
# By the order in which this file saw the versions, never by their names. `g` is the displayed group.
_IS_BACK = """
(g.status = 'resolved' and iif(g.resolved_version_id > 0 and new.last_version_id > 0,
  new.last_version_id > g.resolved_version_id, new.last_ns > g.status_ns)
or g.status = 'ignored' and new.last_ns > g.ignored_until_ns)
"""
_SHOWN = "coalesce(new.merged_into, new.id)"
_COMES_BACK = f"""
create temp trigger error_group_comes_back after update of count on error_group
when exists(select 1 from error_group g where g.id = {_SHOWN} and g.status <> 'open' and {_IS_BACK}) begin
  update error_group set status = 'open', status_ns = new.last_ns, returned_ns = new.last_ns where id = {_SHOWN};
  {_EVENT.format(at="new.last_ns", group=_SHOWN, kind="returned", sample="new.latest_sample")};
end
"""
_SPLIT = "select fingerprint from error_group where split_by is not null"

Row = tuple[Any, ...]


class _Sums(NamedTuple):
    """The errors of one group in a batch."""

    failed: list[Failed]
    versions: list[int]


def prepare_errors(connection: sqlite3.Connection) -> None:
    """Allow rows of these kinds to be written to the view `rollup` of this connection."""
    for kind, write in _WRITES.items():
        connection.execute(
            f"create temp trigger rollup_{kind} instead of insert on rollup when new.kind = {kind} begin {write}; end"
        )
    connection.execute(_IS_NEW)
    connection.execute(_COMES_BACK)


def read_split(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the fingerprints of split groups."""
    return frozenset(row[0] for row in connection.execute(_SPLIT))


def error_rows(failed: Sequence[Failed], ids: Ids) -> Iterator[tuple[int, Row]]:
    """Yield the changes of error groups by a batch, as kinds and rows, groups before their dependent rows.

    Args:
        failed: failed calls that are stored in the same transaction.
        ids: IDs of all signatures and origins of the batch.
    """
    groups: dict[str, _Sums] = {}
    for each in failed:
        if each.began:
            sums = groups.setdefault(each.error.key, _Sums([], []))
            sums.failed.append(each)
            sums.versions.append(ids.version(each.row))
    escaped = Counter(each.error.key for each in failed if each.escaped)
    for key, sums in groups.items():
        yield GROUP, _group(key, sums, escaped.pop(key, 0))
        minutes = Counter(minute_of(each.row.start_ns) for each in sums.failed)
        yield from ((MINUTE, (key, minute, count)) for minute, count in minutes.items())
        for each in sums.failed:
            yield CALL, (key, each.row.start_ns, bytearray(each.row.trace_id), bytearray(each.row.span_id))
    # For groups that began in an earlier batch.
    yield from ((ESCAPED, (key, count)) for key, count in escaped.items())


def _group(key: str, sums: _Sums, escaped: int) -> Row:
    first = min(sums.failed, key=lambda each: each.row.start_ns)
    latest = max(sums.failed, key=lambda each: each.row.start_ns)
    row = latest.row
    sample = _sample(latest)
    return (
        key,
        raised_line(row.exception or "")[:_TITLE] or f"{row.signature.name} failed",
        row.signature.name,
        row.signature.service,
        json.dumps(latest.error.why, ensure_ascii=False, separators=(",", ":")),
        len(sums.failed),
        escaped,
        first.row.start_ns,
        row.start_ns,
        sums.versions[0],
        max(sums.versions),
        sample if first is latest else _sample(first),
        sample,
    )


def _sample(failed: Failed) -> str:
    row = failed.row
    exception = row.exception or ""
    if len(exception) > _MOST_EXCEPTION:
        half = _MOST_EXCEPTION // 2
        exception = f"{exception[:half]}\n… {len(exception) - 2 * half:,} characters left out …\n{exception[-half:]}"
    sample: dict[str, Any] = {
        "trace_id": row.trace_id.hex(),
        "span_id": row.span_id.hex(),
        "start_ns": row.start_ns,
        "duration_ns": row.duration_ns,
        "process": row.signature.name,
        "service": row.signature.service,
        "fields": row.signature.fields,
        "exception": exception,
        "data": row.data if len(row.data) <= _MOST_VALUES else "[]",
    }
    return json.dumps(sample, ensure_ascii=False, separators=(",", ":"))
