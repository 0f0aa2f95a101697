"""`field op value`: parses one comparison and checks that field, operator and value fit together."""

from __future__ import annotations

import math

from obsv.api.durations import parse_duration
from obsv.api.traceql.cursor import Cursor
from obsv.api.traceql.lexer import ATTRIBUTE, DURATION, NAME, NUMBER, STRING, Token, split_attribute
from obsv.api.traceql.names import KEYWORDS, SCOPES, intrinsic, type_of
from obsv.errors import InvalidQuery
from obsv.store.finding import EVERY_SPAN, NO_SPAN, Compare, Condition, Field, Not, Present
from obsv.store.ground import compile_pattern

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "=~", "!~")
_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_BOOLEANS = {"true": True, "false": False}
_BIGGEST = 2**63
# Values accepted on the right of each kind of field, by kind of value.
_FITS = {
    "any": ("string", "number", "duration", "bool", "nil", "keyword"),
    "string": ("string", "nil"),
    "duration": ("number", "duration", "nil"),
    "kind": ("kind", "nil"),
    "status": ("status", "nil"),
    "int": ("number",),
}
_ADVICE = {
    "string": 'must be text in quotes, "…"',
    "duration": "must be a duration, for example 100ms or 1.5s",
    "kind": "must be one of unspecified, internal, server, client, producer, consumer, without quotes",
    "status": "must be one of ok, error, unset, without quotes",
    "int": "must be a whole number",
}


def read_field(cursor: Cursor) -> Field:
    """Parse an attribute or an intrinsic.

    Raises:
        InvalidQuery: the next token is something else.
    """
    token = cursor.take()
    if token.kind == ATTRIBUTE:
        return _attribute(token)
    field = intrinsic(token.text) if token.kind == NAME else None
    if field is None:
        cursor.fail("expected an attribute such as .http.method or an intrinsic such as name", token)
    return field


def _attribute(token: Token) -> Field:
    scope, key = split_attribute(token)
    if scope not in SCOPES:
        raise InvalidQuery(
            f"the scope {scope} is not supported; use span, resource, event, link, instrumentation", token.position
        )
    if not key:
        raise InvalidQuery("an attribute needs a name", token.position)
    return Field(scope, key)


def read_comparison(cursor: Cursor) -> Condition:
    """Parse `field op value`, `value op field`, a bare attribute, `true` or `false`.

    Raises:
        InvalidQuery: they do not fit together.
    """
    token = cursor.token
    if token.kind == NAME and token.text in _BOOLEANS and cursor.following.text not in OPERATORS:
        return EVERY_SPAN if _BOOLEANS[cursor.take().text] else NO_SPAN
    if token.kind == ATTRIBUTE or (token.kind == NAME and intrinsic(token.text)):
        return _field_first(cursor)
    return _value_first(cursor)


def _field_first(cursor: Cursor) -> Condition:
    start = cursor.token
    field = read_field(cursor)
    if cursor.at(*OPERATORS):
        operator = cursor.take()
        kind, value = _value(cursor)
        return _compare(field, operator.text, kind, value, start, operator)
    if type_of(field) != "any":
        cursor.fail(f"expected a comparison such as = after {field}")
    return Compare(field, "=", True)


def _value_first(cursor: Cursor) -> Condition:
    start = cursor.token
    kind, value = _value(cursor)
    if not cursor.at(*_FLIPPED):
        cursor.fail("expected a comparison such as =")
    operator = cursor.take()
    return _compare(read_field(cursor), _FLIPPED[operator.text], kind, value, start, operator)


def _value(cursor: Cursor) -> tuple[str, str | int | float | bool]:
    negative = cursor.accept("-")
    token = cursor.take()
    if token.kind == STRING and not negative:
        return "string", token.text
    if token.kind == NUMBER:
        return "number", _number(token, negative)
    if token.kind == DURATION:
        return "duration", _duration(token, negative)
    if token.kind == NAME and not negative:
        if token.text in _BOOLEANS:
            return "bool", _BOOLEANS[token.text]
        if token.text == "nil" or any(token.text in words for words in KEYWORDS.values()):
            return "nil" if token.text == "nil" else "keyword", token.text
    return cursor.fail('expected a value: "text", a number, a duration, true, false, nil, a status or a kind', token)


def _number(token: Token, negative: bool) -> int | float:
    is_whole = token.text.isdecimal()
    number = int(token.text[:20]) if is_whole else float(token.text[:40])
    # The smallest integer has no positive counterpart.
    biggest = _BIGGEST + 1 if is_whole and negative else _BIGGEST
    if len(token.text) > 40 or (abs(number) >= biggest if is_whole else math.isinf(number)):
        raise InvalidQuery("the number does not fit into 64 bits", token.position)
    return -number if negative else number


def _duration(token: Token, negative: bool) -> int:
    try:
        duration = parse_duration(token.text)
    except InvalidQuery as error:
        raise InvalidQuery(str(error), token.position) from None
    return -duration if negative else duration


def _compare(
    field: Field, operator: str, kind: str, value: str | int | float | bool, start: Token, sign: Token
) -> Condition:
    wanted = type_of(field)
    if kind == "keyword" and wanted in KEYWORDS and value in KEYWORDS[wanted]:
        kind, value = wanted, KEYWORDS[wanted][str(value)]
    if kind not in _FITS[wanted]:
        raise InvalidQuery(f"{field} {_ADVICE[wanted]}", start.position)
    if operator not in _operators(kind):
        raise InvalidQuery(f"{operator} cannot compare with a {kind}", sign.position)
    if kind == "nil":
        return Not(Present(field)) if operator == "=" else Present(field)
    if kind == "keyword":  # no attribute has the type status or kind, so nothing is equal
        return NO_SPAN
    if operator in ("=~", "!~"):
        _check_pattern(str(value), sign)
    if field.name == "nestedSetParent":
        return _root_test(field, operator, value, start)
    return Compare(field, operator, value)


def _operators(kind: str) -> tuple[str, ...]:
    if kind in ("kind", "status", "bool", "nil", "keyword"):
        return ("=", "!=")
    return OPERATORS if kind == "string" else OPERATORS[:6]


def _check_pattern(pattern: str, sign: Token) -> None:
    try:
        compile_pattern(pattern)
    except InvalidQuery as error:
        raise InvalidQuery(str(error), sign.position) from None


def _root_test(field: Field, operator: str, value: str | int | float | bool, start: Token) -> Condition:
    root = Not(Present(Field(field.scope, "span:parentID")))
    if (operator, value) in (("<", 0), ("=", -1)):
        return root
    if (operator, value) in ((">", 0), (">=", 0), ("!=", -1)):
        return Not(root)
    raise InvalidQuery("nestedSetParent supports only < 0 (a root span) and >= 0", start.position)
