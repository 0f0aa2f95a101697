"""Processes that can satisfy a condition: a small table tells, before any span is read."""

from __future__ import annotations

from collections.abc import Callable

from obsv import semconv
from obsv.store.finding.conditions import (
    INTRINSIC,
    RESOURCE,
    SHOWN,
    SPAN,
    UNSCOPED,
    VARIABLE,
    All,
    AnyOf,
    Compare,
    Condition,
    Field,
    Leaf,
    Present,
    leaves,
)
from obsv.store.finding.sql import TRUE, Sql, fill, joined, scalar
from obsv.store.finding.where import COLUMNS, PROCESS_COLUMNS, field_named, has_attribute, text_only

_ROOT = {"trace:rootName": "p.name", "trace:rootService": "p.service"}


def processes(condition: Condition) -> Sql:
    """Return a test on `process p` that the process of every matching span passes; `TRUE` if all do."""
    return _narrow(condition, _of_span)


def roots(condition: Condition) -> Sql:
    """Return a test on `process p` that the root's process of every matching trace passes; `TRUE` if all do."""
    return _narrow(condition, _of_root)


def is_of_process(condition: Condition) -> bool:
    """Return whether a span's process alone decides."""
    # An unscoped service.name may also be a span's attribute.
    compared = [leaf.field if isinstance(leaf, Compare) else None for leaf in leaves(condition)]
    return all(field and tells(field) and field.scope != UNSCOPED for field in compared)


def tells(field: Field) -> bool:
    """Return whether a process has the field."""
    if field.scope == INTRINSIC:
        return field.name in PROCESS_COLUMNS
    return field.name == semconv.SERVICE_NAME and field.scope in (RESOURCE, UNSCOPED)


def _narrow(condition: Condition, of_leaf: Callable[[Leaf], Sql]) -> Sql:
    match condition:
        case Compare() | Present():
            return of_leaf(condition)
        case All(parts=parts):
            found = [narrow for part in parts if (narrow := _narrow(part, of_leaf)) != TRUE]
            return joined(" and ", found)
        case AnyOf(parts=parts):
            found = [_narrow(part, of_leaf) for part in parts]
            return TRUE if TRUE in found else joined(" or ", found)
    return TRUE


def _of_root(leaf: Leaf) -> Sql:
    field = leaf.field
    return scalar(_ROOT[field.name], leaf) if field.scope == INTRINSIC and field.name in _ROOT else TRUE


def _of_span(leaf: Leaf) -> Sql:
    name, scope = leaf.field.name, leaf.field.scope
    if scope == INTRINSIC:
        if name == VARIABLE:
            return _carrying(scalar("f.name", leaf))
        return scalar(PROCESS_COLUMNS[name], leaf) if name in PROCESS_COLUMNS else TRUE
    if scope == RESOURCE:
        return _with_resource(leaf)
    if scope == SHOWN:
        return _carrying(Sql("f.name = ?", (name,)))
    if scope not in (SPAN, UNSCOPED) or name in COLUMNS:
        return TRUE
    own = _carrying(field_named(name))
    return own | _with_resource(leaf) if scope == UNSCOPED else own


def _carrying(named: Sql) -> Sql:
    carriers = "select g.process_id from signature_field f join signature g on g.id = f.signature_id where {named}"
    return fill(f"p.id in ({carriers})", named=named)


def _with_resource(leaf: Leaf) -> Sql:
    if leaf.field.name == semconv.SERVICE_NAME:
        return TRUE if isinstance(leaf, Present) else text_only("p.service", leaf)
    test = has_attribute("r.resource", leaf)
    return fill("p.service in (select r.service from source r where {test})", test=test)
