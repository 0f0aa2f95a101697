"""Two stretches of time side by side, before and after an instant: what the rollups, groups and sources say of both.

Pure facts; what of them is worth telling is decided by `obsv.analysis.changes`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from obsv.store.figures.change_counts import (
    CALLED,
    EDGES,
    MOST_ESTIMATED,
    Side,
    SideCounts,
    count_instant,
    count_minutes,
    most_changed,
    reached,
    read_durations,
    with_error_rows,
)
from obsv.store.figures.error_groups import ErrorGroup, error_events_since, read_error_groups
from obsv.store.figures.milestones import Milestone, milestones
from obsv.store.figures.minutes import Minutes
from obsv.store.file import Readable, Row, Snapshot
from obsv.store.ground import EVER, MINUTE_NS, VALUE, Window
from obsv.times import ts

MOST_SOURCES, MOST_FORMS, MOST_EVENTS = 2_000, 2_000, 1_000

PROCESSES = "select id, name, service, kind, feed, name_id from process"
_CODE = """
(select g.code_id from span s join signature g on g.id = s.signature_id
  where s.name_id = p.name_id and s.ts {side} order by s.ts desc limit 1)
"""
CODES = f"""
select p.id, {_CODE.format(side="< :since")} as before, {_CODE.format(side=">= :since and s.ts < :end")} as after
from json_each(:ids) j cross join process p on p.id = j.value
"""
SOURCES = """
select id, file_path, line_number, source_text from code where id in (select value from json_each(:ids))
"""
HAS_FORMS = "select 1 from sqlite_schema where type = 'table' and name = 'value_form'"
# Variables whose values were known before; of those with many values only the forms say something.
FORMS = f"""
select f.process_id, f.name, f.data_type, f.form, f.first_ns from value_form f
where f.first_ns >= :since and f.first_ns < :end
  and exists (select 1 from value_form o where o.process_id = f.process_id and o.name = f.name
    and o.data_type = f.data_type and o.first_ns < :since)
  and not (f.form glob '{VALUE}*' and exists (select 1 from value_form m where m.process_id = f.process_id
    and m.name = f.name and m.data_type = f.data_type and m.form = 'many'))
  and f.form <> 'many'
order by f.first_ns limit :limit
"""
KNOWN_FORMS = """
select form, first_ns from value_form where process_id = ? and name = ? and data_type = ? and first_ns < ?
order by first_ns, form
"""
FIRST_CALL = """
select lower(hex(s.span_id)) as span_id, s.trace as trace_id from process p
cross join span s on s.name_id = p.name_id and s.ts = :ts and s.start_ns = :start where p.id = :id limit 1
"""
LAST_EVENT = "select coalesce(max(id), 0) as id from error_event where at_ns < :since"
HAS_EVENTS = "select 1 from sqlite_schema where type = 'table' and name = 'error_event'"


class FunctionChange(NamedTuple):
    """A function before and after. `is_new`: it was never called before; `feed`: that it updates, or None."""

    id: int
    name: str
    service: str
    kind: int
    feed: str | None
    before: Side
    after: Side
    is_new: bool


class EdgeChange(NamedTuple):
    """Calls of one function by another. `is_new`: there were none before, ever; `minutes`: with calls, before."""

    caller: str
    callee: str
    service: str
    before: int
    after: int
    is_new: bool
    minutes: int = 0


class SourceChange(NamedTuple):
    """A function whose source is another."""

    name: str
    service: str
    path: str
    line: int
    before: str
    after: str


class NewForm(NamedTuple):
    """A variable whose value was for the first time of some form.

    Attributes:
        form: `None`, `a number`, …, or `= ` and the value.
        known: forms that it had before.
        known_ns: since when the variable is known, Unix time.
        trace_id, span_id: the call; None where it is gone.
    """

    process: str
    service: str
    name: str
    data_type: str
    form: str
    known: tuple[str, ...]
    first_ns: int
    trace_id: str | None
    span_id: str | None
    known_ns: int = 0


class GroupChange(NamedTuple):
    """A group of errors that was `new` or `returned`."""

    kind: str
    at_ns: int
    group: ErrorGroup


class Changes(NamedTuple):
    """The data of both periods.

    Attributes:
        since_ns: the instant between them.
        before, after: windows of whole minutes, but for the minute of the instant.
        minutes: of each service, between its first and its last call of each side.
        left_out: whether the calls in the minute of the instant are too many, and counted on neither side.
    """

    since_ns: int
    before: Window
    after: Window
    minutes: dict[str, tuple[float, float]]
    left_out: bool
    milestones: list[Milestone]
    groups: list[GroupChange]
    functions: list[FunctionChange]
    edges: list[EdgeChange]
    sources: list[SourceChange]
    forms: list[NewForm]


def read_changes(reader: Readable, before: Window, after: Window) -> Changes:
    """Read two neighbouring stretches of time.

    Args:
        reader: of the store.
        before: ends where `after` starts.
        after: the later one.
    """
    since_ns = after.start_ns
    with reader.snapshot() as store:
        sides = SideCounts(), SideCounts()
        cut_ns = since_ns // MINUTE_NS * MINUTE_NS
        lies_between = cut_ns != since_ns
        first, last = Minutes.of(before).first, Minutes.of(after).last
        last_before, first_after = cut_ns // MINUTE_NS - 1, cut_ns // MINUTE_NS + lies_between
        count_minutes(store, sides[0], Minutes(first, last_before))
        count_minutes(store, sides[1], Minutes(first_after, last))
        left_out = lies_between and not count_instant(store, sides, cut_ns, since_ns)
        changed = most_changed(*sides)
        for counts, whole in zip(sides, (Minutes(first, last_before), Minutes(first_after, last)), strict=True):
            read_durations(store, counts, changed, whole)
        names = {row["id"]: row for row in store.query(PROCESSES)}
        functions = _functions(store, names, *sides)
        functions = _told_by_rows(store, names, functions, before, after)
        edges = _edges(store, names, *sides)
        sources = _sources(store, [each for each in functions if each.after.calls and not each.is_new], names, after)
        forms = _forms(store, names, after)
        between = milestones(store, Window(since_ns, after.end_ns))
        starts_ns = since_ns if lies_between and not left_out else first_after * MINUTE_NS
        minutes = reached(store, names, sides, starts_ns, after.end_ns)
        groups = _groups(store, after)
    return Changes(since_ns, before, after, minutes, left_out, between, groups, functions, edges, sources, forms)


def _functions(store: Snapshot, names: dict[int, Row], before: SideCounts, after: SideCounts) -> list[FunctionChange]:
    ever = {row["process_id"]: row["calls"] for row in store.query(CALLED, {"first": EVER, "last": EVER})}
    found = []
    for process_id in sorted(before.calls.keys() | after.calls.keys()):
        row = names.get(process_id)
        if row is None:
            continue
        sides = before.side(process_id), after.side(process_id)
        is_new = not sides[0].calls and ever.get(process_id, 0) <= sides[1].calls
        about = row["name"], row["service"], row["kind"], row["feed"]
        found.append(FunctionChange(process_id, *about, *sides, is_new))
    return found


def _told_by_rows(
    store: Snapshot, names: dict[int, Row], functions: list[FunctionChange], before: Window, after: Window
) -> list[FunctionChange]:
    sampled = [
        each
        for each in functions
        if (each.before.unrecorded or each.after.unrecorded) and (each.before.errors or each.after.errors)
    ]
    told = {}
    for each in sampled[:MOST_ESTIMATED]:
        at = names[each.id]["name_id"], each.id
        sides = with_error_rows(store, *at, each.before, before), with_error_rows(store, *at, each.after, after)
        told[each.id] = each._replace(before=sides[0], after=sides[1])
    return [told.get(each.id, each) for each in functions]


def _edges(store: Snapshot, names: dict[int, Row], before: SideCounts, after: SideCounts) -> list[EdgeChange]:
    both = before.edges.keys() | after.edges.keys()
    changed = [each for each in both if not before.edges[each] or not after.edges[each]]
    if not changed:
        return []
    ever = {(row["parent_id"], row["process_id"]): row["calls"] for row in store.query(EDGES, {"first": 0, "last": 0})}
    return [
        EdgeChange(
            names[parent]["name"],
            names[process]["name"],
            names[process]["service"],
            before.edges[parent, process],
            after.edges[parent, process],
            not before.edges[parent, process] and ever.get((parent, process), 0) <= after.edges[parent, process],
            before.edge_minutes[parent, process],
        )
        for parent, process in sorted(changed)
        if parent in names and process in names
    ]


def _sources(
    store: Snapshot, functions: list[FunctionChange], names: dict[int, Row], after: Window
) -> list[SourceChange]:
    """Those whose latest call before had another source than the latest one after."""
    functions.sort(key=lambda each: -each.after.calls)
    by_name = {names[each.id]["name_id"]: each for each in reversed(functions[:MOST_SOURCES])}
    asked = {"ids": _ids(each.id for each in by_name.values()), "since": ts(after.start_ns), "end": ts(after.end_ns)}
    rows = store.query(CODES, asked)
    pairs = [row for row in rows if row["before"] and row["after"] and row["before"] != row["after"]]
    ids = {code for row in pairs for code in (row["before"], row["after"])}
    codes = {row["id"]: row for row in store.query(SOURCES, {"ids": _ids(ids)})} if pairs else {}
    by_id = {each.id: each for each in functions}
    found = []
    for row in pairs:
        old, new = codes.get(row["before"]), codes.get(row["after"])
        if old is None or new is None or old["source_text"] == new["source_text"] or _stand_apart(old, new):
            continue
        function = by_id[row["id"]]
        place = new["file_path"], new["line_number"]
        found.append(SourceChange(function.name, function.service, *place, old["source_text"], new["source_text"]))
    return found


def _stand_apart(old: Row, new: Row) -> bool:
    """Return whether these are two functions with one name in one file, such as a getter and a setter."""
    if old["file_path"] != new["file_path"] or new["file_path"].startswith("<"):
        return False
    first, second = sorted((old, new), key=lambda row: row["line_number"])
    names = {row["source_text"].lstrip().partition("\n")[0] for row in (old, new)}
    apart = first["line_number"] + len(first["source_text"].splitlines()) <= second["line_number"]
    return apart and len(names) > 1


def _forms(store: Snapshot, names: dict[int, Row], after: Window) -> list[NewForm]:
    if store.one(HAS_FORMS) is None:
        return []
    bounds = {"since": after.start_ns, "end": after.end_ns, "limit": MOST_FORMS}
    found = []
    for row in store.query(FORMS, bounds):
        process = names.get(row["process_id"])
        if process is None:
            continue
        key = row["process_id"], row["name"], row["data_type"]
        known = store.query(KNOWN_FORMS, (*key, after.start_ns))
        at = {"id": row["process_id"], "start": row["first_ns"], "ts": ts(row["first_ns"])}
        call = store.one(FIRST_CALL, at)
        where: tuple[Any, Any] = (None, None) if call is None else (call["trace_id"], call["span_id"])
        about = process["name"], process["service"], row["name"], row["data_type"], row["form"]
        forms = tuple(each["form"] for each in known)
        found.append(NewForm(*about, forms, row["first_ns"], *where, known[0]["first_ns"]))
    return found


def _groups(store: Snapshot, after: Window) -> list[GroupChange]:
    if store.one(HAS_EVENTS) is None:
        return []
    row = store.one(LAST_EVENT, {"since": after.start_ns})
    seen = {group.id: group for group in read_error_groups(store, after, limit=MOST_EVENTS).groups}
    found: dict[int, GroupChange] = {}
    for event in error_events_since(store, row["id"] if row else 0, MOST_EVENTS):
        group = seen.get(event.group.id)
        if group is not None and after.start_ns <= event.at_ns < after.end_ns:
            found.setdefault(group.id, GroupChange(event.kind, event.at_ns, group))
    return list(found.values())


def _ids(ids: Iterable[int]) -> str:
    return json.dumps(sorted(ids))
