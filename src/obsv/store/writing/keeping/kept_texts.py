"""Rows that were made of calls, converted back to calls: so one search finds the same in all of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from obsv.store.ground import ERROR, VALUE, Signature, Source, SpanRow, read_fields, read_shown, read_values

_CHUNK = 1_000
# Of exact inputs, which may have 1 MB each.
_FEW = 8
_SEVERE = 17
_EXCEPTION = "exception.stacktrace"


class Kept(NamedTuple):
    """A row that was made of a call.

    Args:
        key: of the row, in its table.
        call: what it says, as a call.
        identity: trace and span ID of the call, if it is known.
        moment: name of the process and start of the call, Unix time, where its identity is not kept.
    """

    key: tuple[Any, ...]
    call: SpanRow
    identity: bytes = b""
    moment: tuple[str, int] | None = None


class KeptKind(NamedTuple):
    """A kind of such rows.

    Args:
        name: for a receipt.
        is_call: whether it has all that a call has.
        read: yields all of them, in chunks.
        remove: statements that remove one, by its key.
    """

    name: str
    is_call: bool
    read: Callable[[sqlite3.Connection], Iterator[list[Kept]]]
    remove: tuple[str, ...]


def pseudo_call(
    name: str,
    values: Iterable[tuple[str, Any]],
    *,
    trace_id: bytes = b"",
    service: str = "",
    status: int = 0,
    exception: str | None = None,
    thread: str = "",
    start_ns: int = 0,
) -> SpanRow:
    """Return something as a call, with the parts of its values as values."""
    flat = [each for key, value in values for each in _flat(key, value)]
    fields = tuple((_searchable(key), "INPUT") for key, _ in flat)
    told = [_searchable(value) if isinstance(value, (str, bytes)) else value for _, value in flat]
    data = json.dumps(told, ensure_ascii=False, default=_searchable)
    of = Signature(service, name, "", 1, fields)
    trace, start = _id(trace_id), start_ns if isinstance(start_ns, int) else 0
    return SpanRow(
        of,
        Source(service),
        trace,
        b"",
        None,
        None,
        start,
        0,
        (0, thread),
        status,
        0,
        data,
        exception=None if exception is None else _searchable(exception),
    )


def log_call(body: str, attributes: str, name: str, **others: Any) -> SpanRow:
    """Return a log record as a call: body and attributes are its values."""
    told = read_shown(attributes)
    told = told if isinstance(told, dict) else {"attributes": told}
    exception = told.get(_EXCEPTION)
    return pseudo_call(
        name,
        [("body", read_shown(body)), *((str(key), value) for key, value in told.items())],
        exception=exception if isinstance(exception, str) else None,
        **others,
    )


def decision_call(
    time_ns: Any,
    kind: str,
    subject: str,
    mode: str,
    verdict: str,
    action: str,
    actor: str,
    inputs: str,
    attributes: str,
    violations: str,
    exception: str | None,
    trace_id: bytes,
    *,
    service: str,
    gates: Iterable[Sequence[Any]],
) -> SpanRow:
    """Return a decision as a call; of gates their names, observations, thresholds and texts."""
    told = [read_shown(inputs), read_shown(attributes)]
    values = [
        ("subject", subject),
        ("mode", mode),
        ("verdict", verdict),
        ("action", action),
        ("actor", actor),
        *(pair for each in told if isinstance(each, dict) for pair in each.items()),
        ("violations", read_shown(violations)),
        *((gate[0], list(gate[1:])) for gate in gates),
    ]
    call = pseudo_call(kind, values, trace_id=trace_id, service=service, exception=exception, start_ns=time_ns)
    return call._replace(status=ERROR if exception else 0)


def outcome_call(
    time_ns: Any,
    alternative: str,
    judgement: str,
    metrics: str,
    violations: str,
    service: str,
    trace_id: bytes = b"",
) -> SpanRow:
    """Return an outcome as a call."""
    told = read_shown(metrics)
    values = [
        ("alternative", alternative),
        ("judgement", judgement),
        *(told.items() if isinstance(told, dict) else ()),
        ("violations", read_shown(violations)),
    ]
    return pseudo_call("", values, service=service, trace_id=trace_id, start_ns=time_ns)


# A damaged row has other types than its table says. It is searched all the same, and hinders nothing.
def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _searchable(value: object) -> str:
    """Return a text without what a search would end at (NUL), and without what is no text (half of a pair)."""
    return _text(value).replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _id(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(str(name), each)
    elif isinstance(value, list):
        for each in value:
            yield from _flat(key, each)
    else:
        yield key, value


_LOGS = """
select l.id, l.time_ns, l.severity, l.event_name, l.body, l.attributes, l.trace_id, l.span_id, l.process, l.thread,
  coalesce(s.service, '') as service
from log_record l left join source s on s.id = l.source_id where l.id > ? order by l.id limit ?
"""
_GATE_TEXTS = ", ".join(
    f"iif(typeof(v.{name}) = 'blob', cast(v.{name} as text), v.{name})" for name in ("observed", "threshold", "text")
)
_DECISIONS = f"""
select d.id, d.time_ns, d.kind, d.subject, d.mode, d.verdict, d.action, d.actor, d.inputs, d.attributes, d.violations,
  d.exception, d.trace_id, d.span_id, d.service, (
    select json_group_array(json_array(g.name, {_GATE_TEXTS}))
    from gate_value v join gate g on g.id = v.gate_id where v.made = d.id)
from decision_made d where d.id > ? order by d.id limit ?
"""
_OUTCOMES = """
select o.id, o.time_ns, o.alternative, o.judgement, o.metrics, o.violations, o.service,
  d.trace_id, d.span_id
from outcome_seen o left join decision_made d on d.decision_id = o.decision_id where o.id > ? order by o.id limit ?
"""
_SAMPLES = "select id, first_sample, latest_sample from error_group where id > ? order by id limit ?"
_EXACT = """
select e.trace_id, e.span_id, e.start_ns, e.pickle, coalesce(p.name, ''), coalesce(p.service, '')
from exact_input e left join span s on s.trace_id = e.trace_id and s.span_id = e.span_id
left join process p on p.id = s.process_id
"""
_VARIABLES = """
select v.process_id, v.name, v.data_type, v.last_value, v.last_ns, p.name, p.service, p.process_group
from variable v join process p on p.id = v.process_id
"""
_FORMS = """
select v.process_id, v.name, v.data_type, v.form, v.first_ns, p.name, p.service, p.process_group
from value_form v join process p on p.id = v.process_id
"""


def _pages(connection: sqlite3.Connection, sql: str) -> Iterator[list[Any]]:
    position = 0
    while rows := connection.execute(sql, (position, _CHUNK)).fetchall():
        yield rows
        position = rows[-1][0]


def _log_records(connection: sqlite3.Connection) -> Iterator[list[Kept]]:
    for rows in _pages(connection, _LOGS):
        yield [
            Kept(
                (row[0],),
                log_call(
                    row[4],
                    row[5],
                    row[8] or row[3],
                    trace_id=row[6],
                    service=row[10],
                    status=ERROR if isinstance(row[2], int) and row[2] >= _SEVERE else 0,
                    thread=row[9],
                    start_ns=row[1],
                ),
                _id(row[6]) + _id(row[7]),
            )
            for row in rows
        ]


def _decisions(connection: sqlite3.Connection) -> Iterator[list[Kept]]:
    for rows in _pages(connection, _DECISIONS):
        found = []
        for row in rows:
            call = decision_call(*row[1:13], service=row[14], gates=read_shown(row[15]))
            found.append(Kept((row[0],), call, call.trace_id + _id(row[13])))
        yield found


def _outcomes(connection: sqlite3.Connection) -> Iterator[list[Kept]]:
    for rows in _pages(connection, _OUTCOMES):
        yield [Kept((row[0],), outcome_call(*row[1:8]), _id(row[7]) + _id(row[8])) for row in rows]


def _samples(connection: sqlite3.Connection) -> Iterator[list[Kept]]:
    for rows in _pages(connection, _SAMPLES):
        yield [
            Kept((which, row[0]), call, call.trace_id + call.span_id)
            for row in rows
            for which in (1, 2)
            if (call := _sample(row[which])) is not None
        ]


def _sample(text: str) -> SpanRow | None:
    told = read_shown(text)
    if not isinstance(told, dict):
        return None
    try:
        trace, span = bytes.fromhex(told["trace_id"]), bytes.fromhex(told["span_id"])
        fields = tuple(read_fields(json.dumps(told["fields"])))
        values = list(zip((name for name, _ in fields), read_values(told["data"]), strict=False))
        call = pseudo_call(told["process"], values, trace_id=trace, service=told["service"], status=ERROR,
                           exception=told["exception"] or "")  # fmt: skip
        return call._replace(span_id=span, start_ns=int(told["start_ns"]), duration_ns=int(told["duration_ns"]))
    except (KeyError, ValueError, TypeError):
        return None


def _exact_inputs(connection: sqlite3.Connection) -> Iterator[list[Kept]]:
    cursor = connection.execute(_EXACT)
    while rows := cursor.fetchmany(_FEW):
        yield [
            Kept(
                (trace, span),
                pseudo_call(name, _exact(content), trace_id=trace, service=service, status=ERROR, start_ns=start_ns),
                trace + span,
            )
            for trace, span, start_ns, content, name, service in rows
        ]


def _exact(content: str | bytes) -> list[tuple[str, Any]]:
    """Return exact inputs as values; of pickled ones, which are never loaded, the texts stand in the bytes."""
    if isinstance(content, bytes):
        return [("exact", content.decode("utf-8", "replace"))]
    told = read_shown(content)
    return [(str(name), value) for name, value in told.items()] if isinstance(told, dict) else [("exact", told)]


def _of_process(row: Sequence[Any], value: Any) -> Kept:
    call = pseudo_call(row[5], [(row[1], value)], service=row[6], start_ns=row[4])
    call = call._replace(signature=Signature(row[6], row[5], row[7], 1, ((row[1], row[2]),)))
    return Kept(tuple(row[:3]), call, moment=(row[5], row[4]))


def _variables(connection: sqlite3.Connection) -> Iterator[list[Kept]]:
    yield [_of_process(row, row[3]) for row in connection.execute(_VARIABLES)]


def _forms(connection: sqlite3.Connection) -> Iterator[list[Kept]]:
    rows = [row for row in connection.execute(_FORMS) if row[3].startswith(VALUE)]
    yield [_of_process(row, row[3].removeprefix(VALUE))._replace(key=tuple(row[:4])) for row in rows]


# A sample is forgotten, its group stays: what happened to it is still counted.
_FORGET_SAMPLE = """
update error_group set title = iif(?1 = 2, type, title),
  why = iif(json_valid(why), json_remove(why, '$.message'), '{}'),
  first_sample = iif(?1 = 1, json_set(first_sample, '$.data', '[]', '$.fields', json('[]'),
    '$.exception', type || ': (forgotten)'), first_sample),
  latest_sample = iif(?1 = 2, json_set(latest_sample, '$.data', '[]', '$.fields', json('[]'),
    '$.exception', type || ': (forgotten)'), latest_sample)
where id = ?2
"""
_BY_VARIABLE = "process_id = ? and name = ? and data_type = ?"
KEPT = (
    KeptKind("log_records", False, _log_records, ("delete from log_record where id = ?",)),
    KeptKind("outcomes", False, _outcomes, ("delete from outcome_seen where id = ?",)),
    KeptKind(
        "decisions",
        False,
        _decisions,
        (
            "delete from outcome_seen where decision_id = (select decision_id from decision_made where id = ?)",
            "delete from gate_value where made = ?",
            "delete from decision_made where id = ?",
        ),
    ),
    # More than the call shows, whose values are cut.
    KeptKind("exact_inputs", False, _exact_inputs, ("delete from exact_input where trace_id = ? and span_id = ?",)),
    KeptKind("error_samples", True, _samples, (_FORGET_SAMPLE,)),
    KeptKind("last_values", False, _variables, (f"delete from variable where {_BY_VARIABLE}",)),
    KeptKind("value_forms", False, _forms, (f"delete from value_form where {_BY_VARIABLE} and form = ?",)),
)
