"""Names in TraceQL: intrinsics with their older spellings, kinds, statuses."""

from __future__ import annotations

from obsv.api.traceql.lexer import ATTRIBUTE, Token, split_attribute
from obsv.store.finding import (
    EVENT,
    INSTRUMENTATION,
    INTRINSIC,
    KINDS,
    LINK,
    RESOURCE,
    SPAN,
    STATUSES,
    UNSCOPED,
    Field,
)

# The type of each intrinsic's values, by TraceQL's scoped names.
INTRINSICS = {
    "span:duration": "duration",
    "span:id": "string",
    "span:kind": "kind",
    "span:name": "string",
    "span:parentID": "string",
    "span:status": "status",
    "span:statusMessage": "string",
    "trace:duration": "duration",
    "trace:id": "string",
    "trace:rootName": "string",
    "trace:rootService": "string",
    "event:name": "string",
    "event:timeSinceStart": "duration",
    "instrumentation:name": "string",
    "instrumentation:version": "string",
    "link:spanID": "string",
    "link:traceID": "string",
    # The parent's position in the trace's tree; only its existence (`< 0`: a root) is supported.
    "nestedSetParent": "int",
}
# The names from before intrinsics had scopes.
_UNSCOPED = {
    "duration": "span:duration",
    "kind": "span:kind",
    "name": "span:name",
    "rootName": "trace:rootName",
    "rootServiceName": "trace:rootService",
    "status": "span:status",
    "statusMessage": "span:statusMessage",
    "traceDuration": "trace:duration",
}
_BY_NAME = {name: Field(INTRINSIC, name) for name in INTRINSICS} | {
    short: Field(INTRINSIC, name) for short, name in _UNSCOPED.items()
}
# The offered names; `nestedSetParent` is only for Drilldown.
OFFERED = tuple(sorted(set(_BY_NAME) - {"nestedSetParent"}))
SCOPES = (UNSCOPED, SPAN, RESOURCE, EVENT, LINK, INSTRUMENTATION)
KEYWORDS = {
    "kind": {name: number for number, name in enumerate(KINDS)},
    "status": {name: number for number, name in enumerate(STATUSES)},
}


def intrinsic(name: str) -> Field | None:
    """Return the intrinsic with a name, old or scoped; None if there is none."""
    return _BY_NAME.get(name)


def field_named(tag: str) -> Field | None:
    """Return the field for a name as in lists of tags: `span.http.method`, `.http.method` or `name`; else None."""
    if "." not in tag:
        return intrinsic(tag)
    scope, key = split_attribute(Token(ATTRIBUTE, tag, 0))
    return Field(scope, key) if key and scope in SCOPES else None


_SHORT = {name: short for short, name in _UNSCOPED.items()}


def short_name(field: Field) -> str:
    """Return the name of a field in Tempo's responses: `name`, `status`, and attributes by their key alone."""
    return _SHORT.get(field.name, field.name) if field.scope == INTRINSIC else field.name


def type_of(field: Field) -> str:
    """Return `duration`, `string`, `kind`, `status` or `int` for an intrinsic; `any` for an attribute."""
    return INTRINSICS[field.name] if field.scope == INTRINSIC else "any"
