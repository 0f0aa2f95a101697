"""Text in values and exceptions.

There is no full-text index: writing comes first, and SQLite reads a million calls in a tenth of a second in the file's
own order. What is found is then looked at as JSON: a comma between two values is no value with a comma.
"""

from __future__ import annotations

import json
from typing import Any

from obsv.store.file import Snapshot, in_parts
from obsv.store.finding.filters import Clause, Filters
from obsv.store.finding.keyset import Key
from obsv.store.finding.scope import Load, Scope
from obsv.store.finding.walks import ALL, ERRORS, MERGED_PROCESSES, OF_PROCESSES, Walk
from obsv.times import instant_ns

# LIKE is the fastest way to look for a text in SQLite, and takes ASCII letters in either case.
HAS_TEXT = " and ({values} or (s.status = 2 and {exception}))"
SCAN = """
select s.ts, s.id from span s not indexed
where s.id between :first_id and :last_id{clause} and s.start_ns >= :low_ns and s.start_ns < :high_ns{after}
order by s.start_ns / 1000 {down}, s.id {down} limit :limit
"""
AFTER = {
    True: " and s.start_ns / 1000 <= :key_us and (s.start_ns / 1000, s.id) < (:key_us, :key_id)",
    False: " and s.start_ns / 1000 >= :key_us and (s.start_ns / 1000, s.id) > (:key_us, :key_id)",
}
# A common text is found among the nearest rows; so many are tried before a scan.
FIRST_TRY = 20_000
NEAREST = """
select s.ts, s.id from (
  select s.ts, s.id, s.data, s.status, s.exception, s.process_id, s.duration_ns, s.signature_id
  from span s indexed by span_by_ts
  where s.ts >= :low and s.ts < :high{after} order by s.ts {down}, s.id {down} limit :tries
) s where 1{clause} limit :limit
"""
EVER = "select coalesce(sum(count), 0) from minute_histogram where minute = 0"
# By index a row costs three times what it costs in the file's order.
SCAN_FROM = 0.33


def search(store: Snapshot, walk: Walk, filters: Filters, scope: Scope) -> list[Key]:
    """The next rows with a text.

    Args:
        store: to read.
        walk: the page; its clause has the other filters' conditions.
        filters: with a search.
        scope: the processes.
    """
    looking = walk._replace(clause=text_clause(walk.clause, filters.search or ""))
    load = Load.of(store, scope, walk.window)
    if filters.wants_errors:
        return _along(looking, store, ERRORS, scope)
    ever = store.one(EVER)
    few = SCAN_FROM * (ever[0] if ever else 0)
    if scope.processes is not None and len(scope.processes) <= MERGED_PROCESSES and load.mine <= few:
        return looking.merged(store, scope.processes)
    if load.calls <= few:
        return _along(looking, store, ALL, scope)
    nearest = _along(looking, store, NEAREST, scope, tries=FIRST_TRY)
    return nearest if len(nearest) >= walk.limit else _scan(looking, store, scope)


def has_text(value: Any, text: str) -> bool:
    """Whether a value contains a text as the search understands it: ASCII letters in either case.

    Args:
        value: a value of a call, decoded from JSON.
        text: what is looked for.
    """
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _fold(text) in _fold(shown)


def _along(walk: Walk, store: Snapshot, sql: str, scope: Scope, **params: object) -> list[Key]:
    also = "" if scope.processes is None else OF_PROCESSES
    return walk.run(store, sql, also, None, processes=str(scope.processes or []), **params)


def _scan(walk: Walk, store: Snapshot, scope: Scope) -> list[Key]:
    clause = walk.clause.sql + ("" if scope.processes is None else OF_PROCESSES)
    after = AFTER[walk.newest_first] if walk.key else ""
    text = SCAN.format(after=after, clause=clause, down="desc" if walk.newest_first else "")
    key = {"key_us": instant_ns(walk.key.value) // 1000, "key_id": walk.key.id} if walk.key else {}
    bounds = {"low_ns": walk.window.start_ns, "high_ns": walk.window.end_ns, "limit": walk.limit}
    given = {**walk.clause.params, **bounds, **key, "processes": str(scope.processes or [])}
    ranges = [{**given, "first_id": first, "last_id": last} for first, last in in_parts(store)]
    found = [Key(*row) for rows in store.query_each(text, ranges) for row in rows]
    return walk.first(sorted(found, reverse=walk.newest_first))


def text_clause(clause: Clause, text: str) -> Clause:
    """Row conditions with one more: that a value or the exception contains a text."""
    # Writers differ in how they put what is not ASCII into JSON.
    forms = {json.dumps(text, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}
    params = {f"value_{at}": _pattern(form) for at, form in enumerate(sorted(forms))}
    values = " or ".join(_like("s.data", name, pattern) for name, pattern in params.items())
    params["text"] = _pattern(text)
    sql = HAS_TEXT.format(values=values, exception=_like("s.exception", "text", params["text"]))
    return Clause(clause.sql + sql, {**clause.params, **params})


# Without ESCAPE it takes a twentieth less time.
def _like(column: str, name: str, pattern: str) -> str:
    return f"{column} like :{name}" + (" escape '\\'" if "\\" in pattern else "")


def _pattern(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _fold(text: str) -> str:
    return text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
