"""Conditions compiled to SQL on `span s`. Everything from outside is a parameter."""

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
    SHOWN,
    SPAN,
    UNSCOPED,
    VARIABLE,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Leaf,
    Not,
    Present,
    Value,
)
from obsv.store.finding.sql import FALSE, TRUE, Sql, any_value, contains, fill, joined, json_path, like, scalar, shown

# Characters that every JSON encoder leaves unchanged, and that have no meaning in LIKE.
_PLAIN = re.compile(r"[A-Za-z0-9 .,:;+=()\[\]{}*@#$!?|~^-]+")
_HEX = frozenset("0123456789abcdef")
# A row with an exception but without an event for it is shown with an event made from it.
_MADE = (
    "(s.exception is not null and not exists (select 1 from json_each(s.detail, '$.events') e "
    f"where json_extract(e.value, '$.name') = '{semconv.EXCEPTION_EVENT}'))"
)
OF_EXCEPTION = {
    semconv.EXCEPTION_STACKTRACE: "s.exception",
    semconv.EXCEPTION_TYPE: "exception_type(s.exception)",
    semconv.EXCEPTION_MESSAGE: "exception_message(s.exception)",
}
# Of several spans without a parent, the first is the root.
_ROOT = (
    "(select {} from span r join process p on p.id = r.process_id "
    "where r.trace = s.trace and r.parent_span_id is null order by r.start_ns limit 1)"
)
# Fields of a span that its process determines.
PROCESS_COLUMNS = {"span:name": "p.name", "span:kind": "p.kind", GROUP: "p.process_group"}
# Attributes with their own column, under OpenTelemetry's names.
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
    """Return SQL on `span s` that is true for the spans that satisfy a condition, and NULL or false for the others."""
    match condition:
        case Compare(field=field) | Present(field=field):
            return _SCOPES[field.scope](condition)
        case Contains(text=text, name=name):
            return contains(text, name)
        case Not(part=part):
            return _negated(part)
        case All(parts=parts):
            return joined(" and ", map(where, parts))
        case AnyOf(parts=parts):
            return joined(" or ", map(where, parts))


# Negation is pushed inward rather than wrapped around: SQLite's parser allows about a hundred open parentheses.
def _negated(condition: Condition) -> Sql:
    match condition:
        case Not(part=part):
            return where(part)
        case All(parts=parts):
            return joined(" or ", map(_negated, parts))
        case AnyOf(parts=parts):
            return joined(" and ", map(_negated, parts))
    return where(condition).negated()


SCALARS = {
    "span:duration": "s.duration_ns",
    "span:status": "s.status",
    "span:statusMessage": "json_extract(s.detail, '$.statusMessage')",
    "trace:duration": "(select max(r.start_ns + r.duration_ns) - min(r.start_ns) from span r where r.trace = s.trace)",
    "trace:rootName": _ROOT.format("p.name"),
    "trace:rootService": _ROOT.format("p.service"),
}


_EACH = {
    "event:name": ("events", "json_extract(e.value, '$.name')"),
    "event:timeSinceStart": ("events", "(cast(json_extract(e.value, '$.timeUnixNano') as integer) - s.start_ns)"),
    "link:spanID": ("links", "json_extract(e.value, '$.spanId')"),
    "link:traceID": ("links", "json_extract(e.value, '$.traceId')"),
}
_SCOPE_KEYS = {"instrumentation:name": "$.name", "instrumentation:version": "$.version"}
_IDS = {"span:id": ("s.span_id", 16), "span:parentID": ("s.parent_span_id", 16), "trace:id": ("s.trace", 32)}


def _intrinsic(leaf: Leaf) -> Sql:
    name = leaf.field.name
    if name in PROCESS_COLUMNS:
        return of_processes(scalar(PROCESS_COLUMNS[name], leaf))
    if name == VARIABLE:
        return _named(scalar("f.name", leaf))
    if name in SCALARS:
        return scalar(SCALARS[name], leaf)
    if name in _IDS:
        return _identity(leaf)
    if name in _EACH:
        part, value = _EACH[name]
        found = _of_each(part, scalar(value, leaf))
        if name == "event:name":
            return (Sql("s.exception is not null") & scalar(f"'{semconv.EXCEPTION_EVENT}'", leaf)) | found
        return (Sql(_MADE) & scalar("s.duration_ns", leaf)) | found if part == "events" else found
    if name in _SCOPE_KEYS:
        return _of_sources(scalar(f"json_extract(r.scope, '{_SCOPE_KEYS[name]}')", leaf))
    return TRUE  # every span has a position in its trace's tree


# An ID compared with `=` is found by index, in full form; Tempo omits leading zeros.
def _identity(leaf: Leaf) -> Sql:
    column, digits = _IDS[leaf.field.name]
    is_trace = leaf.field.name == "trace:id"
    if leaf.operator in ("=", "!="):
        whole = str(leaf.value).lower().rjust(digits, "0")
        if len(whole) != digits or not _HEX.issuperset(whole):
            return FALSE if leaf.operator == "=" else Sql(f"{column} is not null")
        return Sql(f"{column} {leaf.operator} ?", (whole if is_trace else bytes.fromhex(whole),))
    # hex(NULL) is empty; a root has no parent ID to compare.
    return scalar(column if is_trace else f"nullif(lower(hex({column})), '')", leaf)


def of_processes(test: Sql) -> Sql:
    """Return SQL that is true if the span's process passes a test on `process p`."""
    return fill("s.process_id in (select p.id from process p where {test})", test=test)


def _of_sources(test: Sql) -> Sql:
    return fill("s.source_id in (select r.id from source r where {test})", test=test)


def _named(test: Sql) -> Sql:
    return fill("s.signature_id in (select f.signature_id from signature_field f where {test})", test=test)


def _of_each(part: str, test: Sql) -> Sql:
    exists = f"exists (select 1 from json_each(s.detail, '$.{part}') e where {{test}})"
    return fill(f"(s.detail is not null and {exists})", test=test)


def has_attribute(document: str, leaf: Leaf) -> Sql:
    """Return a test that OTLP JSON has an attribute that passes."""
    test = Sql("json_extract(a.value, '$.key') = ?", (leaf.field.name,)) & any_value("a.value", "$.value", leaf)
    return Sql(f"exists (select 1 from json_each({document}, '$.attributes') a where {test.text})", test.params)


def resource_attribute(leaf: Leaf) -> Sql:
    """Return a test of a resource's attribute."""
    if leaf.field.name == semconv.SERVICE_NAME:
        return of_processes(text_only("p.service", leaf))
    return _of_sources(has_attribute("r.resource", leaf))


def text_only(column: str, leaf: Leaf) -> Sql:
    """Return a test of a column that contains only text."""
    return scalar(column, leaf) if isinstance(leaf.value, str) else FALSE


def field_named(key: str) -> Sql:
    """Return a test on `signature_field f` for those that an attribute's key names.

    `obsv.input.x` is the argument x of our own spans; `x` alone also names it.
    """
    for prefix, data_type in ((semconv.INPUT_PREFIX, semconv.INPUT), (semconv.OUTPUT_PREFIX, semconv.OUTPUT)):
        if key.startswith(prefix):
            names = "(f.name = ? or f.name = ? and f.data_type = ?)"
            return Sql(names, (key, key[len(prefix) :], data_type))
    return Sql("f.name = ?", (key,))


def _span_attribute(leaf: Leaf) -> Sql:
    key = leaf.field.name
    found = Sql("f.signature_id = s.signature_id") & field_named(key) & json_path("s.data", "f.path", leaf)
    attribute = fill("exists (select 1 from signature_field f where {found})", found=found)
    if text := hint(leaf):
        attribute = Sql("s.data like ?", (f"%{text}%",)) & attribute
    return _column(leaf) | attribute if key in COLUMNS else attribute


# Text that is written as a number; a decimal of 40 digits is compared as a float.
_NUMERIC = "({0} glob '[-.0-9]*' and {0} not glob '*[^-+.0-9eE]*')"
_TEXT = shown("json_type(s.data, f.path)", "json_extract(s.data, f.path)")


def _shown_value(leaf: Leaf) -> Sql:
    """Return a test that a value of a name passes, compared as it is shown."""
    found = Sql("f.signature_id = s.signature_id and f.name = ?", (leaf.field.name,))
    if isinstance(leaf, Compare):
        found = found & _shown_as(leaf)
    test = fill("exists (select 1 from signature_field f where {found})", found=found)
    text = hint(leaf)
    return Sql("s.data like ?", (f"%{text}%",)) & test if text else test


def _is_number(value: Value) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _shown_as(leaf: Compare) -> Sql:
    value = str(leaf.value)
    if leaf.operator == "has":
        return like(_TEXT, value)
    sign = "=" if leaf.operator == "!=" else leaf.operator
    test = FALSE
    if _is_number(value):
        test = Sql(f"({_NUMERIC.format(_TEXT)} and cast({_TEXT} as real) {sign} ?)", (float(value),))
    if sign == "=":  # a text of the program is shown in its quotes
        test = Sql(f"{_TEXT} in (?, ?)", (value, repr(value))) | test
    return test.negated() if leaf.operator == "!=" else test


def hint(leaf: Leaf) -> str:
    """Return a text that the JSON of the values contains if one passes; empty if none is known.

    Searching it first takes a third of the time of parsing the JSON, and with LIKE three quarters of the time of
    instr().
    """
    value = leaf.value
    is_exact = leaf.operator in (("=", "has") if leaf.field.scope == SHOWN else ("=", "is"))
    if not is_exact or not isinstance(value, str) or (leaf.field.scope == SHOWN and _is_number(value)):
        return ""
    return max(_PLAIN.findall(value), key=len, default="")


def _column(leaf: Leaf) -> Sql:
    key, value = leaf.field.name, leaf.value
    is_other = isinstance(value, bool) or isinstance(value, str) == (key in NUMERIC_COLUMNS)
    return FALSE if leaf.operator not in (None, "is") and is_other else scalar(COLUMNS[key], leaf)


# The exception's stack trace is the row's exception.
def _event_attribute(leaf: Leaf) -> Sql:
    key, found = leaf.field.name, _of_each("events", has_attribute("e.value", leaf))
    if key not in OF_EXCEPTION:
        return found
    own = TRUE if isinstance(leaf, Present) else text_only(OF_EXCEPTION[key], leaf)
    return (Sql("s.exception is not null" if key == semconv.EXCEPTION_STACKTRACE else _MADE) & own) | found


_SCOPES: dict[str, Callable[[Leaf], Sql]] = {
    INTRINSIC: _intrinsic,
    SHOWN: _shown_value,
    SPAN: _span_attribute,
    RESOURCE: resource_attribute,
    UNSCOPED: lambda leaf: _span_attribute(leaf) | resource_attribute(leaf),
    EVENT: _event_attribute,
    LINK: lambda leaf: _of_each("links", has_attribute("e.value", leaf)),
    INSTRUMENTATION: lambda leaf: _of_sources(has_attribute("r.scope", leaf)),
}
