"""Decoding of OTLP JSON to rows, by the specification's rules.

These are: hex IDs in any case, 64-bit numbers as numbers or strings, enums as numbers, unknown fields ignored. An
unreadable
part of a span affects only that span or value, not the request.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from obsv.store.ground import Source, SpanRow, to_stored
from obsv.wire.anyvalue import Stored
from obsv.wire.budget import MOST_JSON_BYTES, SLICE_FIELDS, SLICE_SPANS
from obsv.wire.clean import Cleaner, count
from obsv.wire.detail import nanoseconds
from obsv.wire.errors import BadRequest
from obsv.wire.json_budget import check_json
from obsv.wire.json_parts import hex_bytes, list_in, object_in
from obsv.wire.odd_parts import KINDS, STATUS_CODES, odd_in_resource, odd_in_scope, odd_in_span
from obsv.wire.plan import Resource
from obsv.wire.rowmaker import BAD_IDS, Decoded, RowMaker, SpanParts, encode

RARE = ("traceState", "events", "links", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
# Of any number that OTLP has, with room to spare.
MOST_DIGITS = 300
NO_SPAN = "entries of `spans` that are not objects"
WRONG = "entries of `resourceSpans` and `scopeSpans` that are not objects"


def decode_json(body: bytes, maker: RowMaker) -> Decoded:
    """Return the rows of an `ExportTraceServiceRequest` in OTLP JSON; see `json_slices`."""
    return Decoded.joined(json_slices(body, maker))


def json_slices(body: bytes, maker: RowMaker, most_bytes: int = MOST_JSON_BYTES) -> Iterator[Decoded]:
    """Yield the rows of an `ExportTraceServiceRequest` in OTLP JSON, a few hundred at a time.

    Args:
        body: UTF-8 text, decompressed; invalid bytes are replaced.
        maker: remembers data shared by spans; others may use it between two slices.
        most_bytes: maximum size of the text.

    Raises:
        BadRequest: the text is not a JSON object, or its outer fields have the wrong type.
        TooLarge: it has more values than `budget` allows.
    """
    try:
        yield from _request(parse(body, most_bytes), maker)
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None


def _request(request: dict[str, Any], maker: RowMaker) -> Iterator[Decoded]:
    if not isinstance(request.get("resourceSpans") or [], list):
        raise BadRequest("`resourceSpans` must be a list of objects.")
    resources, wrong = _objects(request, "resourceSpans")
    for number, resource_spans in enumerate(resources):
        outer = _Outer(resource_spans, maker)
        scopes, odd = _objects(resource_spans, "scopeSpans")
        wrong += odd
        for scope_spans in scopes:
            yield from _sliced(_Origin(outer, scope_spans), maker)
        yield Decoded([], Counter(), odd=outer.odd)
        if number % SLICE_SPANS == 0:
            yield Decoded([], Counter())
    yield Decoded([], Counter({WRONG: wrong} if wrong else {}))


def _sliced(origin: "_Origin", maker: RowMaker) -> Iterator[Decoded]:
    spans = iter(origin.spans)
    while slice_ := _next_slice(spans, origin, maker):
        yield slice_
    yield Decoded([], origin.rejected, odd=origin.odd)


def _next_slice(spans: Iterator[Any], origin: "_Origin", maker: RowMaker) -> Decoded | None:
    """Return the rows of the next spans; None if there are no more."""
    maker.arrive(time.time_ns())
    rejected: Counter[str] = Counter()
    rows: list[SpanRow] = []
    odd = fields = 0
    for span in islice(spans, SLICE_SPANS):
        row = _row(span, origin, maker) if isinstance(span, dict) else None
        if row is not None:
            rows.append(row)
            odd += odd_in_span(span)
            fields += len(row.signature.fields)
        else:
            rejected[BAD_IDS if isinstance(span, dict) else NO_SPAN] += 1
        if fields > SLICE_FIELDS:
            break
    return Decoded(rows, rejected, odd=odd) if rows or rejected else None


def _row(span: dict[str, Any], origin: "_Origin", maker: RowMaker) -> SpanRow | None:
    # What has no ids is not read any further.
    ids = (hex_bytes(span.get("traceId")), hex_bytes(span.get("spanId")))
    if len(ids[0]) != 16 or len(ids[1]) != 8:
        return None
    return maker.row(_parts(span, ids, *origin.source(), maker))


def parse(body: bytes, most_bytes: int = MOST_JSON_BYTES) -> dict[str, Any]:
    """Return the JSON object in a body.

    Args:
        body: UTF-8 text.
        most_bytes: maximum size.

    Raises:
        BadRequest: there is none.
        TooLarge: it has more values than `budget` allows.
    """
    check_json(body, most_bytes)
    try:
        found = _loaded(body.decode("utf-8-sig", "replace"))
        if b"\\ud" in body or b"\\uD" in body:
            found = _without_surrogates(found)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadRequest(f"The body is JSON of type {type(found).__name__}, but OTLP requires an object.")
    return found


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a whole number of more digits than Python reads: it is not the end of the request
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else float(digits))


# An escaped unpaired surrogate is valid JSON but not valid text. It is repaired in place: a copy of everything would
# need the memory twice.
def _without_surrogates(found: Any) -> Any:
    whole: list[Any] = [found]
    waiting: list[Any] = [whole]
    while waiting:
        owner = waiting.pop()
        for key, value in list(owner.items() if isinstance(owner, dict) else enumerate(owner)):
            if isinstance(value, (dict, list)):
                waiting.append(value)
            elif isinstance(value, str) and not value.isascii():
                owner[key] = _valid(value)
            if isinstance(key, str) and not key.isascii():
                owner[_valid(key)] = owner.pop(key)
    return whole[0]


def _valid(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Origin:
    """The spans of a scope, and their origin, which is determined when a span needs it."""

    def __init__(self, outer: "_Outer", scope_spans: dict[str, Any]) -> None:
        self.spans: list[Any] = []
        self.rejected: Counter[str] = Counter()
        spans = scope_spans.get("spans")
        if isinstance(spans, list):
            self.spans = spans
        elif spans is not None:
            self.rejected[NO_SPAN] = 1
        self._outer = outer
        self._scope_spans = scope_spans
        self._source: tuple[Source, str] | None = None
        self.odd = 0  # parts of the scope of the wrong type

    def source(self) -> tuple[Source, str]:
        """Return the source, and its scope's name."""
        if self._source is None:
            self.odd = odd_in_scope(self._scope_spans.get("scope") or {})
            scope = object_in(self._scope_spans, "scope") | {"schemaUrl": self._scope_spans.get("schemaUrl")}
            self._source = self._outer.source(scope)
        return self._source


class _Outer:
    """A resource, which is read once for all its scopes."""

    def __init__(self, resource_spans: dict[str, Any], maker: RowMaker) -> None:
        self._resource_spans = resource_spans
        self._maker = maker
        self._key: bytes | None = None
        self._resource: Resource | None = None
        self.odd = 0  # parts of the resource of the wrong type

    def source(self, scope: dict[str, Any]) -> tuple[Source, str]:
        """Return the source of one of its scopes."""
        outer = self._resource_spans
        origin = object_in(outer, "resource") | {"schemaUrl": outer.get("schemaUrl")}
        if self._key is None:
            self._key = encode(origin).encode()
            self.odd = odd_in_resource(outer.get("resource") or {})
        key = (self._key, encode(scope).encode())
        source = self._maker.known_source(key)
        if source is None:
            self._resource = self._resource or self._maker.resource(origin)
            source = self._maker.source(key, self._resource, scope)
        return source, self._maker.cleaner.name(scope.get("name"))


def _parts(span: dict[str, Any], ids: tuple[bytes, bytes], source: Source, scope: str, maker: RowMaker) -> SpanParts:
    status, given = object_in(span, "status"), list_in(span, "attributes")
    pairs = [pair for pair in given if isinstance(pair, dict) and isinstance(pair.get("key"), str)]
    name = span.get("name")
    return SpanParts(
        source,
        scope,
        *ids,
        hex_bytes(span.get("parentSpanId")),
        name if isinstance(name, str) else "",
        _enum(span.get("kind"), KINDS),
        nanoseconds(span.get("startTimeUnixNano")),
        nanoseconds(span.get("endTimeUnixNano")),
        _enum(status.get("code"), STATUS_CODES),
        count(span.get("flags")),
        tuple([pair["key"] for pair in pairs]),
        [_stored(pair.get("value"), maker.cleaner) for pair in pairs],
        _rare(span, status, len(given) - len(pairs) + _is_no_list(span, "attributes")),
    )


def _stored(value: Any, cleaner: Cleaner) -> Stored:
    if isinstance(value, dict) and isinstance(text := value.get("stringValue"), str):
        return text
    return to_stored(cleaner.value(value))


def _rare(span: dict[str, Any], status: dict[str, Any], unreadable: int) -> dict[str, Any] | None:
    rare = {key: value for key in RARE if (value := span.get(key))}
    if unreadable:
        rare["droppedAttributesCount"] = count(rare.get("droppedAttributesCount")) + unreadable
    if message := status.get("message"):
        rare["statusMessage"] = message
    return rare or None


def _enum(value: Any, names: tuple[str, ...]) -> int:
    # Names are against the specification, but written by protobuf's own JSON printers.
    return names.index(value) if value in names else count(value)


def _is_no_list(owner: dict[str, Any], name: str) -> bool:
    found = owner.get(name)
    return found is not None and not isinstance(found, list)


def _objects(owner: dict[str, Any], name: str) -> tuple[list[dict[str, Any]], int]:
    """Return the objects of a list, and the number of other members; a value that is not a list counts as one."""
    found = owner.get(name) or []
    if not isinstance(found, list):
        return [], 1
    objects = [item for item in found if isinstance(item, dict)]
    return objects, len(found) - len(objects)
