"""Tests of one value in SQL: `value operator bound value`, strict about types as TraceQL is."""

from __future__ import annotations

from typing import Any, NamedTuple

from obsv.store.finding.conditions import Value

NEGATIVE = {"!=": "=", "!~": "=~"}


class Sql(NamedTuple):
    """A piece of SQL and what is bound in it, in order."""

    text: str
    params: tuple[Any, ...] = ()

    def __and__(self, other: Sql) -> Sql:
        return Sql(f"({self.text} and {other.text})", self.params + other.params)

    def __or__(self, other: Sql) -> Sql:
        return Sql(f"({self.text} or {other.text})", self.params + other.params)

    def negated(self) -> Sql:
        """True where this is false or NULL."""
        return Sql(f"not coalesce({self.text}, 0)", self.params)


TRUE, FALSE = Sql("1"), Sql("0")


def scalar(value_sql: str, operator: str, value: Value) -> Sql:
    """A test of an SQL expression of the right type; NULL where there is no value."""
    if operator == "=~":
        return Sql(f"fits(?, {value_sql})", (value,))
    if operator == "!~":
        return Sql(f"({value_sql} is not null and not fits(?, {value_sql}))", (value,))
    if operator == "is":
        return Sql(f"cast({value_sql} as text) = ?", (str(value),))
    return Sql(f"{value_sql} {operator} ?", (value,))


def json_value(value_sql: str, type_sql: str, operator: str, value: Value) -> Sql:
    """A test of a JSON value that is no array.

    Args:
        value_sql: what `json_extract` gives.
        type_sql: what `json_type` gives.
        operator: as in `Compare`.
        value: as in `Compare`.
    """
    if operator == "is":
        text = f"case {type_sql} when 'true' then 'true' when 'false' then 'false' else cast({value_sql} as text) end"
        return Sql(f"{text} = ?", (str(value),))
    if isinstance(value, bool):
        wanted, other = ("true", "false") if value else ("false", "true")
        return Sql(f"{type_sql} = '{wanted if operator == '=' else other}'")
    kinds = "= 'text'" if isinstance(value, str) else "in ('integer', 'real')"
    return scalar(value_sql, operator, value) & Sql(f"{type_sql} {kinds}")


def json_path(document: str, path: str, operator: str, value: Value) -> Sql:
    """A test of the value at a path of a JSON document; of an array, its elements are tested.

    Args:
        document: SQL of the document.
        path: SQL of the path.
        operator: as in `Compare`.
        value: as in `Compare`.
    """
    kind = f"json_type({document}, {path})"
    plain = json_value(f"json_extract({document}, {path})", kind, operator, value)
    inner = json_value("e.value", "e.type", NEGATIVE.get(operator, operator), value)
    exists = "not exists" if operator in NEGATIVE else "exists"
    elements = Sql(f"{exists} (select 1 from json_each({document}, {path}) e where {inner.text})", inner.params)
    return plain | (Sql(f"{kind} = 'array'") & elements)


def any_value(document: str, path: str, operator: str, value: Value) -> Sql:
    """A test of an OTLP JSON AnyValue at a literal path of a JSON document; of an array, its elements are tested."""
    inner = _any_scalar("e.value", "$", NEGATIVE.get(operator, operator), value)
    exists = "not exists" if operator in NEGATIVE else "exists"
    elements = f"{exists} (select 1 from json_each({document}, '{path}.arrayValue.values') e where {inner.text})"
    is_array = Sql(f"json_type({document}, '{path}.arrayValue') is not null")
    return _any_scalar(document, path, operator, value) | (is_array & Sql(elements, inner.params))


def _any_scalar(document: str, path: str, operator: str, value: Value) -> Sql:
    text, whole, real, boolean = (
        f"json_extract({document}, '{path}.{kind}Value')" for kind in ("string", "int", "double", "bool")
    )
    if operator == "is":
        shown = f"coalesce({text}, cast({whole} as text), case {boolean} when 1 then 'true' when 0 then 'false' end,"
        return Sql(f"{shown} cast({real} as text)) = ?", (str(value),))
    if isinstance(value, bool):
        return Sql(f"{boolean} {operator} ?", (int(value),))
    if not isinstance(value, str):
        return scalar(f"cast(coalesce({whole}, {real}) as numeric)", operator, value)
    return scalar(text, operator, value)
