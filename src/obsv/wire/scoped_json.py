"""Requests of log records and of metrics in OTLP JSON: resources, scopes, and the records in them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from obsv.store.ground import Source
from obsv.wire.errors import BadRequest
from obsv.wire.json_parts import list_in, object_in
from obsv.wire.jsonform import parse
from obsv.wire.odd_parts import odd_in_resource, odd_in_scope
from obsv.wire.plan import Resource
from obsv.wire.rowmaker import RowMaker, encode


class Scoped(NamedTuple):
    """The records of one scope, whatever stands in their place, and their source.

    Args:
        source: what they have in common.
        records: the records.
        odd: parts of the wrong type in the scope, and in the resource at its first scope.
    """

    source: Source
    records: list[Any]
    odd: int


class Names(NamedTuple):
    """The names of lists, as in `resourceLogs`, `scopeLogs`, `logRecords`."""

    resources: str
    scopes: str
    records: str


def scopes_of(body: bytes, names: Names, maker: RowMaker, wrong: Counter[str]) -> Iterator[Scoped]:
    """Yield the scopes of a request.

    Args:
        body: UTF-8 text, decompressed.
        names: of its lists.
        maker: remembers sources.
        wrong: counts what is no object where one should be.

    Raises:
        BadRequest: the text is no JSON object, or its outer fields are of the wrong kind.
        TooLarge: it has more values than `budget` allows.
    """
    request = parse(body)
    if not isinstance(request.get(names.resources) or [], list):
        raise BadRequest(f"`{names.resources}` must be a list of objects.")
    reason = f"entries of `{names.resources}` and `{names.scopes}` that are no objects"
    for resource in request.get(names.resources) or []:
        if not isinstance(resource, dict):
            wrong[reason] += 1
            continue
        outer, odd = _Outer(resource, maker), odd_in_resource(resource.get("resource") or {})
        for scope in list_in(resource, names.scopes):
            if isinstance(scope, dict):
                odd += odd_in_scope(scope.get("scope") or {})
                yield Scoped(outer.source(scope), list_in(scope, names.records), odd)
                odd = 0
            else:
                wrong[reason] += 1


class _Outer:
    """A resource, which is read once for all its scopes."""

    def __init__(self, owner: dict[str, Any], maker: RowMaker) -> None:
        self._maker = maker
        self._origin = object_in(owner, "resource") | {"schemaUrl": owner.get("schemaUrl")}
        self._key = encode(self._origin).encode()
        self._resource: Resource | None = None

    def source(self, scoped: dict[str, Any]) -> Source:
        """The source of one of its scopes."""
        scope = object_in(scoped, "scope") | {"schemaUrl": scoped.get("schemaUrl")}
        key = (self._key, encode(scope).encode())
        found = self._maker.known_source(key)
        if found is None:
            self._resource = self._resource or self._maker.resource(self._origin)
            found = self._maker.source(key, self._resource, scope)
        return found
