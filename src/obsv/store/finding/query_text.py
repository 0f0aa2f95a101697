"""The explorer's query: `process:checkout price>10 rate=None -status:ERR duration>100ms "out of stock"`.

    query := term { ["or"] term }          terms beside each other must all hold; `or` separates alternatives
    term  := ["-"] (name operator value | text)
    operator := `=` equal, `!=` not equal, `:` contains (ASCII letters in either case), `<` `<=` `>` `>=` of numbers

A name is one of `NAMES` or that of a value; `value.process` is the value named `process`. Words that are not terms are
searched in values and exceptions, neighbouring ones as one text. Quotes, single or double, keep spaces and operators.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from obsv import semconv
from obsv.errors import InvalidQuery
from obsv.store.finding.conditions import (
    EVENT,
    GROUP,
    INTRINSIC,
    RESOURCE,
    SHOWN,
    SPAN,
    VARIABLE,
    All,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Field,
    Not,
)
from obsv.store.ground import ERROR

MOST_CHARS = 2_000
# SQLite nests a query's parts.
MOST_TERMS = 30
_TEXTS = {
    "process": Field(INTRINSIC, "span:name"),
    "group": Field(INTRINSIC, GROUP),
    "service": Field(RESOURCE, semconv.SERVICE_NAME),
    "host": Field(RESOURCE, semconv.HOST_NAME),
    "instance": Field(RESOURCE, semconv.SERVICE_INSTANCE_ID),
    "has": Field(INTRINSIC, VARIABLE),
    "error": Field(EVENT, semconv.EXCEPTION_STACKTRACE),
    "thread": Field(SPAN, semconv.THREAD_NAME),
    "file": Field(SPAN, semconv.CODE_FILE_PATH),
    "trace": Field(INTRINSIC, "trace:id"),
}
NAMES = (*_TEXTS, "status", "duration")
"""Names with a meaning of their own."""

_UNITS_NS = {"": 1_000_000, "ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_UNITS_NS |= {"m": 60_000_000_000, "min": 60_000_000_000, "h": 3_600_000_000_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zµ]*)")
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_TERM = re.compile(
    rf"""(?P<not>-?)(?:(?P<name>[A-Za-z_][\w.\-]*|{_QUOTED})(?P<operator>!=|>=|<=|=|:|>|<)"""
    rf"""(?P<value>{_QUOTED}|[^\s"']\S*)|(?P<quoted>{_QUOTED})|(?P<word>\S+))(?=\s|$)"""
)
_SOMETHING = re.compile(r"\S")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Term(NamedTuple):
    """A term as written. `name` is "" of a text; `start`: its position."""

    name: str
    operator: str
    value: str
    is_negated: bool
    start: int


def parse_query(text: str) -> Condition:
    """Return the condition of a query; every call satisfies an empty one.

    Raises:
        InvalidQuery: a comparison has no meaning, or the query is too long.
    """
    if len(text) > MOST_CHARS:
        raise InvalidQuery(f"The query is longer than {MOST_CHARS:,} characters.")
    alternatives: list[list[Condition]] = [[]]
    terms = terms_of(text)
    if len(terms) > MOST_TERMS:
        raise InvalidQuery(f"The query has more than {MOST_TERMS} terms.")
    for term in terms:
        if term.name == term.operator == "" and term.value.lower() == "or" and not term.is_negated:
            alternatives.append([])
        else:
            alternatives[-1].append(_condition(term))
    found = [each[0] if len(each) == 1 else All(tuple(each)) for each in alternatives if each]
    return found[0] if len(found) == 1 else AnyOf(tuple(found)) if found else All(())


def terms_of(text: str) -> list[Term]:
    """Return the terms of a query; neighbouring words are one text."""
    found: list[Term] = []
    is_word, at = False, 0
    while (match := _SOMETHING.search(text, at)) is not None:
        term = _TERM.match(text, match.start())
        if term is None:  # nothing but an odd space
            break
        at = term.end()
        word = term["word"]
        if word is not None and is_word and found and word.lower() != "or" and not term["not"]:
            found[-1] = found[-1]._replace(value=f"{found[-1].value} {word}")
            continue
        is_word = word is not None and word.lower() != "or"
        name, operator = _unquoted(term["name"] or ""), term["operator"] or ""
        value = term["value"] if operator else term["quoted"] or word
        found.append(Term(name, operator, _unquoted(value), bool(term["not"]), term.start()))
    return found


def quoted(text: str) -> str:
    """Return a text as a value of a query: in quotes where it needs them."""
    if text and not re.search(r"[\s\"'\\]", text) and text.lower() != "or":
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def _condition(term: Term) -> Condition:
    made = _positive(term)
    return Not(made) if term.is_negated else made


def _positive(term: Term) -> Condition:
    if not term.operator:
        return Contains(term.value)
    if term.name == "status":
        return _status(term)
    if term.name == "duration":
        sign = "=" if term.operator == ":" else term.operator
        return Compare(Field(INTRINSIC, "span:duration"), sign, _duration_ns(term))
    if term.name in _TEXTS:
        if term.operator[0] in "<>":
            raise InvalidQuery(f"{term.name} is a text: compare it with =, != or : (contains), not {term.operator}.")
        return Compare(_TEXTS[term.name], "has" if term.operator == ":" else term.operator, term.value)
    if term.operator[0] in "<>" and not _NUMBER.fullmatch(term.value):
        raise InvalidQuery(f"{term.name}{term.operator}{term.value}: write a number after {term.operator}.")
    name = term.name.removeprefix("value.") if term.name != "value." else term.name
    return Compare(Field(SHOWN, name), "has" if term.operator == ":" else term.operator, term.value)


def _status(term: Term) -> Condition:
    word = term.value.upper()
    if term.operator not in ("=", ":", "!=") or word not in ("OK", "ERR"):
        raise InvalidQuery(f"status{term.operator}{term.value}: write status:OK or status:ERR.")
    is_failed = (word == "ERR") == (term.operator != "!=")
    return Compare(Field(INTRINSIC, "span:status"), "=" if is_failed else "!=", ERROR)


def _duration_ns(term: Term) -> int:
    found = _DURATION.fullmatch(term.value.lower())
    if found is None or found[2] not in _UNITS_NS:
        raise InvalidQuery(f"duration{term.operator}{term.value}: write a duration such as 250us, 1.5ms, 2s or 3m.")
    # Of 309 digits float makes infinity, which int does not take.
    return int(min(float(found[1]) * _UNITS_NS[found[2]], 2**62))
