"""Conditions of a search as SQL for ClickHouse: the second printer of one condition language.

A printed condition holds for every span that satisfies the condition; of a part that the table cannot decide (how a
trace as a whole looks), it holds for all. What is found is tested once more, by the store's own search, over the rows.
"""

from __future__ import annotations

from typing import NamedTuple

from obsv import semconv
from obsv.acting import sees_values
from obsv.clickhouse.client import check_pattern
from obsv.clickhouse.columns import FAILED, GROUP, KIND, SERVICE, STATUS
from obsv.clickhouse.rows import value_of
from obsv.clickhouse.sql import Bound
from obsv.store.finding import (
    EVENT,
    INSTRUMENTATION,
    INTRINSIC,
    LINK,
    RESOURCE,
    SPAN,
    UNSCOPED,
    VARIABLE,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Not,
    Present,
)
from obsv.store.finding import GROUP as GROUP_FIELD

_TRUE, _FALSE = "true", "false"
# Intrinsic fields that are one expression of a row.
SCALARS = {
    "span:name": "SpanName",
    "span:kind": KIND,
    "span:duration": "Duration",
    "span:status": STATUS,
    "span:statusMessage": "nullIf(StatusMessage, '')",
    "instrumentation:name": "nullIf(ScopeName, '')",
    "instrumentation:version": "nullIf(ScopeVersion, '')",
    GROUP_FIELD: GROUP,
}
_IDS = {"span:id": ("SpanId", 16), "span:parentID": ("nullIf(ParentSpanId, '')", 16), "trace:id": ("TraceId", 32)}
_EACH = {"event:name": "Events.Name", "link:spanID": "Links.SpanId", "link:traceID": "Links.TraceId"}
_MAPS = {
    SPAN: ("SpanAttributes",),
    RESOURCE: ("ResourceAttributes",),
    UNSCOPED: ("SpanAttributes", "ResourceAttributes"),
}
_KNOWN_TO_ALL = {*SCALARS, *_IDS, VARIABLE, "event:name"} - {"span:statusMessage"}
_PARTS = ", ': ', ".join(f"e['{key}']" for key in (semconv.EXCEPTION_TYPE, semconv.EXCEPTION_MESSAGE))
_EXCEPTION = (
    f"arrayStringConcat(arrayMap(e -> concat({_PARTS}, e['{semconv.EXCEPTION_STACKTRACE}']), Events.Attributes))"
)


class Printed(NamedTuple):
    """A condition as SQL. `is_exact`: it holds only for spans that satisfy the condition."""

    text: str
    is_exact: bool = True


_UNKNOWN = Printed(_TRUE, False)


def where(condition: Condition, bound: Bound) -> Printed:
    """Return SQL that is true for every span that satisfies a condition."""
    match condition:
        case Compare() | Present():
            return _leaf(condition, bound) if sees_values() or _is_no_value(condition) else _UNKNOWN
        case Contains():
            return _contains(condition, bound) if sees_values() else _UNKNOWN
        case Not(part=part):
            return _negated(part, bound)
        case All(parts=parts):
            return _joined(" and ", [where(part, bound) for part in parts], _TRUE)
        case AnyOf(parts=parts):
            return _joined(" or ", [where(part, bound) for part in parts], _FALSE)


def _is_no_value(leaf: Compare | Present) -> bool:
    """Return whether a field may be asked for by someone who may not see values: then they are tested masked."""
    return (
        leaf.field.name in _KNOWN_TO_ALL if leaf.field.scope == INTRINSIC else leaf.field.name == semconv.SERVICE_NAME
    )


def _negated(condition: Condition, bound: Bound) -> Printed:
    match condition:
        case Not(part=part):
            return where(part, bound)
        case All(parts=parts):
            return _joined(" or ", [_negated(part, bound) for part in parts], _FALSE)
        case AnyOf(parts=parts):
            return _joined(" and ", [_negated(part, bound) for part in parts], _TRUE)
    found = where(condition, bound)
    # What holds for too many spans, negated, would hold for too few.
    return Printed(f"not ifNull({found.text}, false)") if found.is_exact else _UNKNOWN


def _joined(word: str, parts: list[Printed], empty: str) -> Printed:
    text = f"({word.join(part.text for part in parts)})" if parts else empty
    return Printed(text, all(part.is_exact for part in parts))


def _leaf(leaf: Compare | Present, bound: Bound) -> Printed:
    scope, name = leaf.field.scope, leaf.field.name
    if scope == INTRINSIC:
        return _intrinsic(leaf, bound)
    if leaf.operator == "has":
        return _UNKNOWN
    if scope in _MAPS:
        found = [_attribute(document, leaf, bound) for document in _MAPS[scope]]
        if name == semconv.SERVICE_NAME and scope != SPAN:
            found[-1] = _compared(SERVICE, leaf, bound)
        return _joined(" or ", found, _FALSE)
    if scope in (EVENT, LINK):
        each = _attribute("each", leaf, bound)
        return Printed(
            f"arrayExists(each -> {each.text}, {'Events' if scope == EVENT else 'Links'}.Attributes)", each.is_exact
        )
    return Printed(_FALSE) if scope == INSTRUMENTATION else _UNKNOWN  # the table has no attributes of scopes


def _intrinsic(leaf: Compare | Present, bound: Bound) -> Printed:
    name = leaf.field.name
    if name in SCALARS:
        return _compared(SCALARS[name], leaf, bound)
    if name == VARIABLE:
        return _variable(leaf, bound)
    if name in _IDS and isinstance(leaf, Compare) and leaf.operator in ("=", "!="):
        column, digits = _IDS[name]
        return Printed(f"{column} {leaf.operator} {bound.text(str(leaf.value).lower().rjust(digits, '0'))}")
    if name in _EACH:
        return Printed(f"arrayExists(each -> {_compared('each', leaf, bound).text}, {_EACH[name]})")
    return _UNKNOWN


def _variable(leaf: Compare | Present, bound: Bound) -> Printed:
    if not isinstance(leaf, Compare) or leaf.operator != "=":
        return _UNKNOWN
    keys = [bound.text(key) for key in keys_of(str(leaf.value))]
    return Printed(f"({' or '.join(f'mapContains(SpanAttributes, {key})' for key in keys)})")


def keys_of(name: str) -> list[str]:
    """Return the keys under which an attribute, or a value of obsv's own calls, may be in a row."""
    if name.startswith((semconv.INPUT_PREFIX, semconv.OUTPUT_PREFIX)):
        return [name]
    return [name, semconv.INPUT_PREFIX + name, semconv.OUTPUT_PREFIX + name]


def _compared(column: str, leaf: Compare | Present, bound: Bound) -> Printed:
    """Print a comparison of a column that has one type."""
    if isinstance(leaf, Present):
        return Printed(f"isNotNull({column})")
    value, operator = leaf.value, leaf.operator
    if operator in ("=~", "!~"):
        test = f"match({column}, {bound.text(check_pattern(str(value)))})"
        return Printed(test if operator == "=~" else f"not {test}")
    if operator == "has":
        return Printed(f"positionCaseInsensitive(toString({column}), {bound.text(str(value))}) > 0")
    if operator == "is" or isinstance(value, str):
        return Printed(f"toString({column}) {'=' if operator == 'is' else operator} {bound.text(_text(value))}")
    return Printed(f"{column} {operator} {bound.whole(value) if isinstance(value, int) else bound.number(value)}")


def _attribute(document: str, leaf: Compare | Present, bound: Bound) -> Printed:
    name = leaf.field.name
    keys = keys_of(name) if document == "SpanAttributes" else [name]
    return _joined(" or ", [_value(document, bound.text(key), leaf, bound) for key in keys], _FALSE)


def _value(document: str, key: str, leaf: Compare | Present, bound: Bound) -> Printed:
    """Print a comparison of a text that may be a number, a truth value or an array."""
    has, value = f"mapContains({document}, {key})", f"{document}[{key}]"
    if isinstance(leaf, Present):
        return Printed(has)
    operator, wanted = leaf.operator, leaf.value
    maybe_array = f"startsWith({value}, '[')"
    if operator in ("=~", "!~"):
        test = f"match({value}, {bound.text(check_pattern(str(wanted)))})"
        return Printed(f"({has} and ({test if operator == '=~' else f'not {test}'} or {maybe_array}))", False)
    if operator == "is":
        return Printed(f"({has} and ({value} = {bound.text(_text(wanted))} or {maybe_array}))", False)
    if isinstance(wanted, bool):
        allowed = "true" if wanted == (operator == "=") else "false"
        return Printed(f"({has} and ({value} = '{allowed}' or {maybe_array}))", False)
    if isinstance(wanted, str):
        text = bound.text(wanted)
        if operator == "=" and value_of(wanted) == wanted:
            among = f"({maybe_array} and has(JSONExtract({value}, 'Array(String)'), {text}))"
            return Printed(f"({has} and ({value} = {text} or {among}))")
        return Printed(f"({has} and ({value} {operator} {text} or {maybe_array}))", False)
    number = bound.number(wanted)
    # Of an array, one element decides; these are found by the second test, over the rows.
    return Printed(f"({has} and (ifNull(toFloat64OrNull({value}) {operator} {number}, false) or {maybe_array}))", False)


def _contains(condition: Contains, bound: Bound) -> Printed:
    like = bound.text(f"%{_pattern(condition.text)}%")
    if condition.name is None:
        values = f"arrayExists(each -> each ilike {like}, mapValues(SpanAttributes))"
    else:
        keys = [bound.text(key) for key in keys_of(condition.name)]
        values = f"({' or '.join(f'SpanAttributes[{key}] ilike {like}' for key in keys)})"
    return Printed(f"({values} or ({FAILED} and {_EXCEPTION} ilike {like}))", False)


def _pattern(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
