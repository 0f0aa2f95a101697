"""SQL of a search, and tests of one value in it, with strict types as in TraceQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from string import Formatter
from typing import Any, NamedTuple

from obsv.store.finding.conditions import Compare, Leaf, Present

_NEGATIVE = {"!=": "=", "!~": "=~"}


class Sql(NamedTuple):
    """A piece of SQL and its parameters, in order."""

    text: str
    params: tuple[Any, ...] = ()

    def __and__(self, other: Sql) -> Sql:
        return Sql(f"({self.text} and {other.text})", self.params + other.params)

    def __or__(self, other: Sql) -> Sql:
        return Sql(f"({self.text} or {other.text})", self.params + other.params)

    def negated(self) -> Sql:
        """Return SQL that is true if this is false or NULL."""
        return Sql(f"not coalesce({self.text}, 0)", self.params)


# Not `0`: SQLite would drop the terms beside it, and refuse the index of failed spans, which needs one of them.
TRUE, FALSE = Sql("1"), Sql("1 = 0")


def fill(template: str, **parts: Any) -> Sql:
    """Return a template with its `{names}` filled in.

    Args:
        template: SQL.
        **parts: by name: `Sql` is inserted with its parameters; anything else becomes a parameter.
    """
    texts: list[str] = []
    params: list[Any] = []
    for literal, name in _parsed(template):
        texts.append(literal)
        if name is not None:
            part = parts[name]
            piece = part if isinstance(part, Sql) else Sql("?", (part,))
            texts.append(piece.text)
            params.extend(piece.params)
    return Sql("".join(texts), tuple(params))


@lru_cache(maxsize=512)
def _parsed(template: str) -> list[tuple[str, str | None]]:
    return [(literal, name) for literal, name, _, _ in Formatter().parse(template)]


def joined(word: str, pieces: Iterable[Sql]) -> Sql:
    """Return pieces joined by ` and ` or ` or `, in parentheses."""
    found = list(pieces)
    if not found:
        return TRUE if word == " and " else FALSE
    texts, params = zip(*found, strict=True)
    return Sql(f"({word.join(texts)})", tuple(chain.from_iterable(params)))


def among(column: str, numbers: Iterable[int]) -> Sql:
    """Return a test that a column has one of the given numbers."""
    return Sql(f"{column} in (select value from json_each(?))", (json.dumps(list(numbers)),))


def scalar(value_sql: str, leaf: Leaf) -> Sql:
    """Return a test of an SQL expression of the right type; NULL if there is no value."""
    match leaf.operator:
        case None:
            return Sql(f"{value_sql} is not null")
        case "=~":
            return Sql(f"fits(?, {value_sql})", (leaf.value,))
        case "!~":
            return Sql(f"({value_sql} is not null and not fits(?, {value_sql}))", (leaf.value,))
        case "is":
            return Sql(f"cast({value_sql} as text) = ?", (str(leaf.value),))
        case "has":
            return like(value_sql, str(leaf.value))
    return Sql(f"{value_sql} {leaf.operator} ?", (leaf.value,))


def json_value(value_sql: str, type_sql: str, leaf: Leaf) -> Sql:
    """Return a test of a JSON value that is not an array, as returned by `json_extract` and `json_type`."""
    if leaf.operator == "is":
        text = f"case {type_sql} when 'true' then 'true' when 'false' then 'false' else cast({value_sql} as text) end"
        return Sql(f"{text} = ?", (str(leaf.value),))
    if isinstance(leaf.value, bool):
        wanted, other = ("true", "false") if leaf.value else ("false", "true")
        return Sql(f"{type_sql} = '{wanted if leaf.operator == '=' else other}'")
    kinds = "= 'text'" if isinstance(leaf.value, str) else "in ('integer', 'real')"
    return scalar(value_sql, leaf) & Sql(f"{type_sql} {kinds}")


def json_path(document: str, path: str, leaf: Leaf) -> Sql:
    """Return a test of the value at a path in a JSON document, both SQL; for an array, of its elements."""
    kind = f"json_type({document}, {path})"
    if isinstance(leaf, Present):
        return Sql(f"{kind} <> 'null'")
    plain = json_value(f"json_extract({document}, {path})", kind, leaf)
    inner = json_value("e.value", "e.type", _positive(leaf))
    return plain | (Sql(f"{kind} = 'array'") & _elements(leaf, f"{document}, {path}", inner))


def any_value(document: str, path: str, leaf: Leaf) -> Sql:
    """Return a test of an OTLP JSON AnyValue at a literal path in a JSON document; for an array, of its elements."""
    if isinstance(leaf, Present):
        return TRUE
    array = f"{document}, '{path}.arrayValue"
    elements = _elements(leaf, f"{array}.values'", _any_scalar("e.value", "$", _positive(leaf)))
    return _any_scalar(document, path, leaf) | (Sql(f"json_type({array}') is not null") & elements)


def _positive(leaf: Compare) -> Compare:
    return replace(leaf, operator=_NEGATIVE.get(leaf.operator, leaf.operator))


# An array passes if one element does; for a negative operator, if no element passes the positive one.
def _elements(leaf: Compare, place: str, test: Sql) -> Sql:
    exists = "not exists" if leaf.operator in _NEGATIVE else "exists"
    return Sql(f"{exists} (select 1 from json_each({place}) e where {test.text})", test.params)


def _any_scalar(document: str, path: str, leaf: Compare) -> Sql:
    text, whole, real, boolean = (
        f"json_extract({document}, '{path}.{kind}Value')" for kind in ("string", "int", "double", "bool")
    )
    if leaf.operator == "is":
        shown = f"coalesce({text}, cast({whole} as text), case {boolean} when 1 then 'true' when 0 then 'false' end,"
        return Sql(f"{shown} cast({real} as text)) = ?", (str(leaf.value),))
    if isinstance(leaf.value, bool):
        return Sql(f"{boolean} {leaf.operator} ?", (int(leaf.value),))
    if not isinstance(leaf.value, str):
        return scalar(f"cast(coalesce({whole}, {real}) as numeric)", leaf)
    return scalar(text, leaf)


# Text that appears unchanged in JSON, and nowhere but in values.
_PLAIN = re.compile(r"(?!n?u?l?l?$)[A-Za-z0-9 ._+/@#$%!?;=*()<>~|^&'-]+", re.ASCII | re.IGNORECASE)


def contains(text: str, name: str | None) -> Sql:
    """Return a test of `span s`: a value, of one name or any, or the exception of a failed call contains a text."""
    # LIKE is the fastest text search in SQLite, and matches ASCII letters in either case.
    near = joined(" or ", (like("s.data", form) for form in forms_of(text)))
    failed = fill("(s.status = 2 and {like})", like=like("s.exception", text))
    if name is not None:
        found = like(shown("json_type(s.data, f.path)", "json_extract(s.data, f.path)"), text)
        own = fill("f.signature_id = s.signature_id and f.name = {name} and {found}", name=name, found=found)
        exact = fill("exists (select 1 from signature_field f where {own})", own=own)
    else:  # a comma between two values is not a value with a comma
        found = like(shown("e.type", "e.value"), text)
        exact = fill("exists (select 1 from json_each(s.data) e where {found})", found=found)
        if _PLAIN.fullmatch(text):  # then only the letter of an escape sequence can look like part of a value
            exact = fill("(instr(s.data, '\\') = 0 or {exact})", exact=exact)
    # In this form SQLite searches the text first: a condition with a subquery comes after all others.
    return fill("(({near} or {failed}) and ({exact} or {failed}))", near=near, exact=exact, failed=failed)


def forms_of(text: str) -> tuple[str, ...]:
    """Return the forms that a text has in JSON: in an array or map it is stored as displayed."""
    return tuple(sorted({json.dumps(text, ensure_ascii=False)[1:-1], text}))


def shown(kind: str, value: str) -> str:
    """Return SQL for a JSON value as displayed, from SQL for its type and value."""
    return f"iif({kind} in ('true', 'false'), {kind}, {value})"


# Without ESCAPE it takes a twentieth less time.
def like(column: str, text: str) -> Sql:
    """Return a test that a column contains a text, ASCII letters in either case."""
    pattern = re.sub(r"([\\%_])", r"\\\1", text)
    return Sql(f"{column} like ?" + (" escape '\\'" if "\\" in pattern else ""), (f"%{pattern}%",))
