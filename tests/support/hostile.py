"""Bodies that are small on the wire and ask for much: forty of at most 64 KB, every kind that was thought of."""

import gzip
import json
import zlib
from typing import NamedTuple

from otlp_requests import SPAN_ID, START_NS, TRACE_ID, delimited, json_span, nested

PROTOBUF, JSON = "application/x-protobuf", "application/json"
MOST_BYTES = 64 * 1024
MIB = 2**20


class Hostile(NamedTuple):
    """A body.

    Args:
        name: what is in it.
        body: as it is sent.
        content_type: protobuf or JSON.
        encoding: Content-Encoding.
        path: where it goes.
    """

    name: str
    body: bytes
    content_type: str = PROTOBUF
    encoding: str = "gzip"
    path: str = "/v1/traces"


def _identified(*parts: bytes) -> bytes:
    ids = delimited(0x0A, TRACE_ID) + delimited(0x12, SPAN_ID)
    return ids + b"\x39" + START_NS.to_bytes(8, "little") + b"".join(parts)


def _in_scope(spans: bytes) -> bytes:
    return delimited(0x0A, delimited(0x12, spans))


def _in_span(parts: bytes) -> bytes:
    return _in_scope(delimited(0x12, _identified(parts)))


def _attribute(value: bytes) -> bytes:
    return delimited(0x4A, delimited(0x0A, b"k") + delimited(0x12, value))


def _repeated(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit))


def _protobufs(size: int) -> dict[str, bytes]:
    def many(unit: bytes) -> bytes:
        return _repeated(unit, size)

    return {
        "empty spans": _in_scope(many(b"\x12\x00")),
        "empty events in a span": _in_span(many(b"\x5a\x00")),
        "empty links in a span": _in_span(many(b"\x6a\x00")),
        "empty attributes in a span": _in_span(many(b"\x4a\x00")),
        "empty resources": many(b"\x0a\x00"),
        "resources with an empty scope": many(b"\x0a\x02\x12\x00"),
        "empty scopes": delimited(0x0A, many(b"\x12\x00")),
        "scopes with an empty span": delimited(0x0A, many(b"\x12\x02\x12\x00")),
        "the same span": _in_scope(many(delimited(0x12, _identified()))),
        "spans with an empty event": _in_scope(many(delimited(0x12, _identified(b"\x5a\x00")))),
        "an array of nothing": _in_span(_attribute(delimited(0x2A, many(b"\x0a\x00")))),
        "a map of nothing": _in_span(_attribute(delimited(0x32, many(b"\x0a\x00")))),
        "empty attributes of an event": _in_span(delimited(0x5A, many(b"\x1a\x00"))),
        "empty attributes of a resource": delimited(0x0A, delimited(0x0A, many(b"\x0a\x00")) + b"\x12\x02\x12\x00"),
        "empty attributes of a scope": delimited(0x0A, delimited(0x12, delimited(0x0A, many(b"\x1a\x00")))),
        "unknown fields": many(b"\x78\x01"),
        "unknown fields in a span": _in_span(many(b"\xa8\x06\x01")),
        "a scope's name again and again": _in_scope(many(b"\x0a\x00")),
        "spans that are damaged": _in_scope(many(delimited(0x12, _identified(b"\x2a\x01\xff")))),
        "events that are damaged": _in_span(many(delimited(0x5A, b"\x12\x01\xff"))),
        "arrays within each other": _in_scope(many(delimited(0x12, _identified(_attribute(nested(60)))))),
        "one long text": _in_span(_attribute(delimited(0x0A, bytes(size)))),
        "zeros": bytes(size),
    }


def _jsons(size: int) -> dict[str, bytes]:
    def many(unit: str) -> str:
        return ",".join([unit] * (size // (len(unit) + 1)))

    def spans(text: str) -> bytes:
        return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{text}]}}]}}]}}'.encode()

    def inside(key: str, text: str) -> bytes:
        return spans(json.dumps(json_span())[:-1] + f',"{key}":[{text}]}}')

    return {
        "JSON, empty spans": spans(many("{}")),
        "JSON, empty lists": spans(many("[]")),
        "JSON, empty resources": f'{{"resourceSpans":[{many("{}")}]}}'.encode(),
        "JSON, empty scopes": f'{{"resourceSpans":[{{"scopeSpans":[{many("{}")}]}}]}}'.encode(),
        "JSON, empty events": inside("events", many("{}")),
        "JSON, attributes": inside("attributes", many('{"key":"a","value":{"intValue":1}}')),
        "JSON, the same span": spans(many(json.dumps(json_span()))),
        "JSON, halves of surrogates": spans(many('"\\ud83d"')),
        "JSON, one text": spans('"' + "\\" * (size // 2 * 2) + '"'),
        "JSON, a text without an end": spans('"' + '\\"' * (size // 2)),
        "JSON, one text beyond Latin": spans('"' + "\\u0061" * (size // 6) + '😀"'),
        "JSON, deep": b"[" * size,
    }


def bodies(size: int = 60 * MIB) -> list[Hostile]:
    """All bodies.

    Args:
        size: bytes that most of them have unpacked, if 64 KB of gzip hold as much.
    """
    made = [Hostile(name, _packed(plain)) for name, plain in _protobufs(size).items()]
    made += [Hostile(name, _packed(plain), JSON) for name, plain in _jsons(size).items()]
    empties = _in_scope(_repeated(b"\x12\x00", size))
    metrics = delimited(0x0A, delimited(0x12, delimited(0x12, delimited(0x2A, _repeated(b"\x0a\x00", size)))))
    made += [
        Hostile("deflated spans", zlib.compress(empties, 6)[:MOST_BYTES], encoding="deflate"),
        Hostile("data points", _packed(metrics), path="/v1/metrics"),
        Hostile("log records", _packed(empties), path="/v1/logs"),
        Hostile("JSON, data points", _packed(_jsons(size)["JSON, empty resources"]), JSON, path="/v1/metrics"),
        Hostile("many members", gzip.compress(b"") * (MOST_BYTES // 20)),
    ]
    return made


def _packed(plain: bytes) -> bytes:
    packed = gzip.compress(plain, 6)
    # What does not fit is cut, and ends too early: that is a body too.
    return packed if len(packed) <= MOST_BYTES else gzip.compress(plain[: len(plain) * MOST_BYTES // len(packed)], 6)
