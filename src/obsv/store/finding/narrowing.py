"""Which processes can satisfy a condition at all: a small table tells, before any span is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from obsv import semconv
from obsv.store.finding.conditions import (
    INTRINSIC,
    RESOURCE,
    SPAN,
    UNSCOPED,
    VARIABLE,
    All,
    Always,
    AnyOf,
    Compare,
    Condition,
    Field,
    Not,
    Present,
    Value,
)
from obsv.store.finding.sql import FALSE, TRUE, Sql, joined, scalar
from obsv.store.finding.where import COLUMNS, PROCESS_COLUMNS, field_named, resource_carriers

Leaf: TypeAlias = "Compare | Present"
_ROOT = {"trace:rootName": "p.name", "trace:rootService": "p.service"}


def processes(condition: Condition) -> Sql | None:
    """A test on `process p` that the process of every matching span passes; None when all do."""
    return _narrow(condition, _of_span)


def roots(condition: Condition) -> Sql | None:
    """A test on `process p` that the root's process of every matching trace passes; None when all do."""
    return _narrow(condition, _of_root)


def is_of_process(condition: Condition) -> bool:
    """Whether a span's process alone decides."""
    match condition:
        case Always():
            return True
        case Compare(field=field):
            # An unscoped service.name may be a span's attribute as well.
            return tells(field) and field.scope != UNSCOPED
        case Not(part=part):
            return is_of_process(part)
        case All(parts=parts) | AnyOf(parts=parts):
            return all(map(is_of_process, parts))
    return False


def tells(field: Field) -> bool:
    """Whether a process has the field."""
    if field.scope == INTRINSIC:
        return field.name in PROCESS_COLUMNS
    return field.name == semconv.SERVICE_NAME and field.scope in (RESOURCE, UNSCOPED)


def _narrow(condition: Condition, leaf: Callable[[Leaf], Sql | None]) -> Sql | None:
    match condition:
        case Always(value=value):
            return None if value else FALSE
        case Compare() | Present():
            return leaf(condition)
        case All(parts=parts):
            found = [narrow for part in parts if (narrow := _narrow(part, leaf)) is not None]
            return joined(" and ", found) if found else None
        case AnyOf(parts=parts):
            each = [_narrow(part, leaf) for part in parts]
            known = [narrow for narrow in each if narrow is not None]
            return joined(" or ", known) if len(known) == len(each) else None
    return None


def _of_root(leaf: Leaf) -> Sql | None:
    if isinstance(leaf, Compare) and leaf.field.scope == INTRINSIC and leaf.field.name in _ROOT:
        return scalar(_ROOT[leaf.field.name], leaf.operator, leaf.value)
    return None


def _of_span(leaf: Leaf) -> Sql | None:
    field = leaf.field
    operator, value = (leaf.operator, leaf.value) if isinstance(leaf, Compare) else (None, "")
    if field.scope == INTRINSIC:
        if operator is None:
            return None
        if field.name == VARIABLE:
            return _carrying(scalar("f.name", operator, value))
        known = PROCESS_COLUMNS.get(field.name)
        return scalar(known, operator, value) if known else None
    if field.scope == RESOURCE:
        return _with_resource(field.name, operator, value)
    if field.scope not in (SPAN, UNSCOPED) or field.name in COLUMNS:
        return None
    own = _carrying(field_named(field.name))
    return own | _with_resource(field.name, operator, value) if field.scope == UNSCOPED else own


def _carrying(named: Sql) -> Sql:
    carriers = "select g.process_id from signature_field f join signature g on g.id = f.signature_id where "
    return Sql(f"p.id in ({carriers}{named.text})", named.params)


def _with_resource(key: str, operator: str | None, value: Value) -> Sql:
    if key == semconv.SERVICE_NAME:
        if operator is None:
            return TRUE
        return scalar("p.service", operator, value) if isinstance(value, str) else FALSE
    carriers = resource_carriers(key, operator, value)
    return Sql(f"p.service in (select r.service from source r where {carriers.text})", carriers.params)
