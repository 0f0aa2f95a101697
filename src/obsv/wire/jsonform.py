"""OTLP in JSON to rows, by the specification's rules: hex ids in any case, 64-bit numbers as numbers or texts, enums as
numbers, unknown fields ignored. What cannot be read in one span costs that span or that value, not the request.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from obsv.store.ground import Source
from obsv.wire.anyvalue import Stored, to_stored
from obsv.wire.clean import Cleaner, count
from obsv.wire.detail import nanoseconds
from obsv.wire.errors import BadRequest
from obsv.wire.rowmaker import BAD_IDS, Decoded, RowMaker, SpanParts, encode

RARE = ("traceState", "events", "links", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
KINDS = (
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
)
STATUS_CODES = ("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR")
NO_SPAN = "entries of `spans` that are no objects"


def decode_json(body: bytes, maker: RowMaker) -> Decoded:
    """The rows of an `ExportTraceServiceRequest` in OTLP JSON.

    Args:
        body: UTF-8 text, decompressed; bytes that are no UTF-8 are replaced.
        maker: remembers what spans share.

    Raises:
        BadRequest: the text is no JSON object, or its outer fields are of the wrong kind.
    """
    try:
        return _decode(parse(body), maker)
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply.") from None


def _decode(request: dict[str, Any], maker: RowMaker) -> Decoded:
    rejected: Counter[str] = Counter()
    maker.arrive(time.time_ns())
    rows = []
    for source, scope, span in _spans(request, maker):
        row = maker.row(_parts(span, source, scope, maker)) if isinstance(span, dict) else None
        if row is not None:
            rows.append(row)
        else:
            rejected[BAD_IDS if isinstance(span, dict) else NO_SPAN] += 1
    return Decoded(rows, rejected)


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        BadRequest: there is none.
    """
    try:
        found = json.loads(body.decode("utf-8-sig", "replace"))
        if b"\\ud" in body or b"\\uD" in body:
            found = _without_surrogates(found)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadRequest(f"The body is JSON, but of kind {type(found).__name__}; OTLP is an object.")
    return found


# An escaped half of a surrogate pair is valid JSON and no valid text.
def _without_surrogates(found: Any) -> Any:
    text = json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass")
    return json.loads(text.decode("utf-16", "replace"))


def _spans(request: dict[str, Any], maker: RowMaker) -> Iterator[tuple[Source, str, Any]]:
    for resource_spans in _objects(request, "resourceSpans"):
        origin = _object(resource_spans, "resource") | {"schemaUrl": resource_spans.get("schemaUrl")}
        outer, resource = encode(origin).encode(), None
        for scope_spans in _objects(resource_spans, "scopeSpans"):
            scope = _object(scope_spans, "scope") | {"schemaUrl": scope_spans.get("schemaUrl")}
            key = (outer, encode(scope).encode())
            source = maker.known_source(key)
            if source is None:
                resource = resource or maker.resource(origin)
                source = maker.source(key, resource, scope)
            name = maker.cleaner.name(scope.get("name"))
            for span in _list(scope_spans, "spans"):
                yield source, name, span


def _parts(span: dict[str, Any], source: Source, scope: str, maker: RowMaker) -> SpanParts:
    status, given = _object(span, "status"), _list(span, "attributes")
    pairs = [pair for pair in given if isinstance(pair, dict) and isinstance(pair.get("key"), str)]
    name = span.get("name")
    return SpanParts(
        source,
        scope,
        _hex(span.get("traceId")),
        _hex(span.get("spanId")),
        _hex(span.get("parentSpanId")),
        name if isinstance(name, str) else "",
        _enum(span.get("kind"), KINDS),
        nanoseconds(span.get("startTimeUnixNano")),
        nanoseconds(span.get("endTimeUnixNano")),
        _enum(status.get("code"), STATUS_CODES),
        count(span.get("flags")),
        tuple([pair["key"] for pair in pairs]),
        [_stored(pair.get("value"), maker.cleaner) for pair in pairs],
        _rare(span, status, len(given) - len(pairs)),
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
    # Names are against the specification, and what protobuf's own JSON printers write.
    return names.index(value) if value in names else count(value)


def _hex(value: Any) -> bytes:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return b""


def _object(owner: dict[str, Any], name: str) -> dict[str, Any]:
    found = owner.get(name)
    return found if isinstance(found, dict) else {}


def _list(owner: dict[str, Any], name: str) -> list[Any]:
    found = owner.get(name)
    return found if isinstance(found, list) else []


def _objects(owner: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = owner.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadRequest(f"`{name}` is to be a list of objects.")
    return found
