"""Conditions compiled to SQL on `span s`. Everything that comes from outside is bound."""

from __future__ import annotations

import re
from collections.abc import Callable

from obsv import semconv
from obsv.store.finding.conditions import (
    EVENT,
    GROUP,
    INSTRUMENTATION,
    INTRINSIC,
    LINK,
    RESOURCE,
    UNSCOPED,
    VARIABLE,
    All,
    Always,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Field,
    Not,
    Present,
    Value,
)
from obsv.store.finding.sql import FALSE, TRUE, Sql, any_value, contains, joined, json_path, scalar

Test = Callable[[str], Sql]  # SQL of a value -> SQL of the test
# Characters that every JSON encoder leaves as they are, and LIKE too.
_PLAIN = re.compile(r"[A-Za-z0-9 .,:;+=()\[\]{}*@#$!?|~^-]+")
_HEX = frozenset("0123456789abcdef")
# A row with an exception and no event of it is shown with an event that is made of it.
_MADE = (
    "(s.exception is not null and not exists (select 1 from json_each(s.detail, '$.events') e "
    f"where json_extract(e.value, '$.name') = '{semconv.EXCEPTION_EVENT}'))"
)
OF_EXCEPTION = {
    semconv.EXCEPTION_STACKTRACE: "s.exception",
    semconv.EXCEPTION_TYPE: "exception_type(s.exception)",
    semconv.EXCEPTION_MESSAGE: "exception_message(s.exception)",
}
# Of several spans without a parent the first is the root.
_ROOT = (
    "(select {} from span r join process p on p.id = r.process_id "
    "where r.trace = s.trace and r.parent_span_id is null order by r.start_ns limit 1)"
)
# What a span's process tells of it.
PROCESS_COLUMNS = {"span:name": "p.name", "span:kind": "p.kind", GROUP: "p.process_group"}
# Attributes that have a column of their own, as OpenTelemetry names them.
COLUMNS = {
    semconv.CODE_FUNCTION_NAME: "(select p.name from process p join signature g on g.process_id = p.id "
    "where g.id = s.signature_id and g.code_id > 0)",
    semconv.CODE_FILE_PATH: "(select c.file_path from signature g join code c on c.id = g.code_id "
    "where g.id = s.signature_id)",
    semconv.CODE_LINE_NUMBER: "(select c.line_number from signature g join code c on c.id = g.code_id "
    "where g.id = s.signature_id)",
    semconv.THREAD_ID: "(select t.thread_id from thread t where t.id = s.thread_id)",
    semconv.THREAD_NAME: "(select t.name from thread t where t.id = s.thread_id)",
    semconv.PROCESS_GROUP: "(select p.process_group from process p where p.id = s.process_id)",
    semconv.FEED: "(select p.feed from process p where p.id = s.process_id)",
    semconv.CPU_TIME_NS: "s.cpu_ns",
    semconv.MEMORY_GROWTH_BYTES: "s.memory_bytes",
}
NUMERIC_COLUMNS = frozenset(
    (semconv.CODE_LINE_NUMBER, semconv.THREAD_ID, semconv.CPU_TIME_NS, semconv.MEMORY_GROWTH_BYTES)
)


def where(condition: Condition) -> Sql:
    """SQL that is true for the spans that satisfy a condition; NULL or false for the others.

    Args:
        condition: what is asked.

    Returns:
        an expression on `span s`.
    """
    match condition:
        case Always(value=value):
            return TRUE if value else FALSE
        case Compare():
            return _compare(condition)
        case Present(field=field):
            return _present(field)
        case Contains(text=text, name=name):
            return contains(text, name)
        case Not(part=part):
            return _negated(part)
        case All(parts=parts):
            return _joined(" and ", parts)
        case AnyOf(parts=parts):
            return _joined(" or ", parts)


# Turned inside out rather than wrapped: SQLite's parser has room for a hundred open brackets or so.
def _negated(condition: Condition) -> Sql:
    match condition:
        case Not(part=part):
            return where(part)
        case All(parts=parts):
            return _joined(" or ", tuple(map(Not, parts)))
        case AnyOf(parts=parts):
            return _joined(" and ", tuple(map(Not, parts)))
    return where(condition).negated()


def _joined(word: str, parts: tuple[Condition, ...]) -> Sql:
    if not parts:
        return TRUE if word == " and " else FALSE
    return joined(word, map(where, parts))


def _compare(condition: Compare) -> Sql:
    field, operator, value = condition.field, condition.operator, condition.value

    def test(value_sql: str) -> Sql:
        return scalar(value_sql, operator, value)

    if field.scope == INTRINSIC:
        return _intrinsic(field.name, test, operator, value)
    if field.scope == EVENT:
        return event_attribute(field.name, operator, value)
    if field.scope == LINK:
        return _of_each("links", _has_attribute("e.value", "$.attributes", field.name, operator, value))
    if field.scope == INSTRUMENTATION:
        return _of_sources(_has_attribute("r.scope", "$.attributes", field.name, operator, value))
    if field.scope == RESOURCE:
        return resource_attribute(field.name, operator, value)
    found = span_attribute(field.name, operator, value)
    return found | resource_attribute(field.name, operator, value) if field.scope == UNSCOPED else found


def _intrinsic(name: str, test: Test, operator: str, value: Value) -> Sql:
    if name in PROCESS_COLUMNS:
        return of_processes(test(PROCESS_COLUMNS[name]))
    if name == VARIABLE:
        return _named(test("f.name"))
    if name in SCALARS:
        return test(SCALARS[name])
    if name in ("span:id", "span:parentID", "trace:id"):
        return _identity(name, operator, str(value))
    if name == "event:name":
        own = Sql("s.exception is not null") & test(f"'{semconv.EXCEPTION_EVENT}'")
        return own | _of_each("events", test("json_extract(e.value, '$.name')"))
    if name.startswith("event:"):
        since = "(cast(json_extract(e.value, '$.timeUnixNano') as integer) - s.start_ns)"
        return (Sql(_MADE) & test("s.duration_ns")) | _of_each("events", test(since))
    if name.startswith("link:"):
        key = {"link:spanID": "spanId", "link:traceID": "traceId"}[name]
        return _of_each("links", test(f"json_extract(e.value, '$.{key}')"))
    return _of_sources(test(f"json_extract(r.scope, '$.{name.partition(':')[2]}')"))


SCALARS = {
    "span:duration": "s.duration_ns",
    "span:status": "s.status",
    "span:statusMessage": "json_extract(s.detail, '$.statusMessage')",
    "trace:duration": "(select max(r.start_ns + r.duration_ns) - min(r.start_ns) from span r where r.trace = s.trace)",
    "trace:rootName": _ROOT.format("p.name"),
    "trace:rootService": _ROOT.format("p.service"),
}


# An id that is looked for with `=` is found by index, in full form; Tempo leaves leading zeros away.
def _identity(name: str, operator: str, value: str) -> Sql:
    column, digits = {
        "span:id": ("s.span_id", 16),
        "span:parentID": ("s.parent_span_id", 16),
        "trace:id": ("s.trace", 32),
    }[name]
    if operator in ("=", "!="):
        whole = value.lower().rjust(digits, "0")
        if len(whole) != digits or not _HEX.issuperset(whole):
            return FALSE if operator == "=" else Sql(f"{column} is not null")
        return Sql(f"{column} {operator} ?", (whole if name == "trace:id" else bytes.fromhex(whole),))
    # hex(NULL) is an empty text; a root has no parent's id to compare.
    return scalar(column if name == "trace:id" else f"nullif(lower(hex({column})), '')", operator, value)


def of_processes(test: Sql) -> Sql:
    """True where the span's process passes a test on `process p`."""
    return Sql(f"s.process_id in (select p.id from process p where {test.text})", test.params)


def _of_sources(test: Sql) -> Sql:
    return Sql(f"s.source_id in (select r.id from source r where {test.text})", test.params)


def _named(test: Sql) -> Sql:
    carriers = f"select f.signature_id from signature_field f where {test.text}"
    return Sql(f"s.signature_id in ({carriers})", test.params)


def _of_each(part: str, test: Sql) -> Sql:
    text = f"exists (select 1 from json_each(s.detail, '$.{part}') e where {test.text})"
    return Sql(f"(s.detail is not null and {text})", test.params)


def _has_attribute(document: str, path: str, key: str, operator: str | None, value: Value = "") -> Sql:
    test = Sql("json_extract(a.value, '$.key') = ?", (key,))
    if operator is not None:
        test &= any_value("a.value", "$.value", operator, value)
    return Sql(f"exists (select 1 from json_each({document}, '{path}') a where {test.text})", test.params)


def resource_attribute(key: str, operator: str | None, value: Value = "") -> Sql:
    """A test of a resource's attribute; without an operator, of its presence."""
    if key == semconv.SERVICE_NAME:
        return TRUE if operator is None else of_processes(_text_only("p.service", operator, value))
    return _of_sources(resource_carriers(key, operator, value))


def resource_carriers(key: str, operator: str | None, value: Value = "") -> Sql:
    """A test on `source r`: those whose resource has an attribute that passes."""
    return _has_attribute("r.resource", "$.attributes", key, operator, value)


def _text_only(column: str, operator: str, value: Value) -> Sql:
    return scalar(column, operator, value) if isinstance(value, str) else FALSE


def field_named(key: str) -> Sql:
    """A test on `signature_field f`: those that an attribute's key names.

    `obsv.input.x` is the argument x of our own spans; `x` alone names it as well.
    """
    for prefix, data_type in ((semconv.INPUT_PREFIX, semconv.INPUT), (semconv.OUTPUT_PREFIX, semconv.OUTPUT)):
        if key.startswith(prefix):
            names = "(f.name = ? or f.name = ? and f.data_type = ?)"
            return Sql(names, (key, key[len(prefix) :], data_type))
    return Sql("f.name = ?", (key,))


def span_attribute(key: str, operator: str | None, value: Value = "") -> Sql:
    """A test of a span's own attribute; without an operator, of its presence."""
    named = field_named(key)
    test = Sql("json_type(s.data, f.path) <> 'null'")
    if operator is not None:
        test = json_path("s.data", "f.path", operator, value)
    found = Sql("f.signature_id = s.signature_id") & named & test
    attribute = Sql(f"exists (select 1 from signature_field f where {found.text})", found.params)
    hint = _hint(value) if operator in ("=", "is") else ""
    if hint:
        attribute = Sql("s.data like ?", (f"%{hint}%",)) & attribute
    if key not in COLUMNS:
        return attribute
    return _column(key, operator, value) | attribute


# What JSON text of this value contains in any case. Looking for it first takes a third of the time of reading the JSON,
# and with LIKE three quarters of the time of instr().
def _hint(value: Value) -> str:
    if not isinstance(value, str):
        return ""
    return max(_PLAIN.findall(value), key=len, default="")


def _column(key: str, operator: str | None, value: Value) -> Sql:
    if operator is None:
        return Sql(f"{COLUMNS[key]} is not null")
    if operator != "is" and (isinstance(value, bool) or isinstance(value, str) == (key in NUMERIC_COLUMNS)):
        return FALSE
    return scalar(COLUMNS[key], operator, value)


def event_attribute(key: str, operator: str | None, value: Value = "") -> Sql:
    """A test of the attributes of a span's events; the exception's stack trace is the row's exception."""
    found = _of_each("events", _has_attribute("e.value", "$.attributes", key, operator, value))
    if key not in OF_EXCEPTION:
        return found
    column = OF_EXCEPTION[key]
    own = TRUE if operator is None else _text_only(column, operator, value)
    return (Sql("s.exception is not null" if key == semconv.EXCEPTION_STACKTRACE else _MADE) & own) | found


def _present(field: Field) -> Sql:
    if field.scope == INTRINSIC:
        return _present_intrinsic(field.name)
    if field.scope == EVENT:
        return event_attribute(field.name, None)
    if field.scope == LINK:
        return _of_each("links", _has_attribute("e.value", "$.attributes", field.name, None))
    if field.scope == INSTRUMENTATION:
        return _of_sources(_has_attribute("r.scope", "$.attributes", field.name, None))
    if field.scope == RESOURCE:
        return resource_attribute(field.name, None)
    found = span_attribute(field.name, None)
    return found | resource_attribute(field.name, None) if field.scope == UNSCOPED else found


def _present_intrinsic(name: str) -> Sql:
    if name == "span:parentID":
        return Sql("s.parent_span_id is not null")
    if name == VARIABLE:
        return _named(TRUE)
    if name.startswith("event:"):
        return Sql("s.exception is not null") | _of_each("events", TRUE)
    if name.startswith("link:"):
        return _of_each("links", TRUE)
    if name.startswith("instrumentation:"):
        return _of_sources(Sql(f"json_extract(r.scope, '$.{name.partition(':')[2]}') is not null"))
    return Sql(f"{SCALARS[name]} is not null") if name in SCALARS else TRUE
