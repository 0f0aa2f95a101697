"""Whatever comes in, the decoder answers with rows that the store takes, or with BadRequest."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from otlp_requests import PARENT_ID, TRACE_ID, delimited, json_request, json_span, nested, request, span

from obsv.capture import Redactor
from obsv.store import Writer
from obsv.wire.errors import BadRequest
from obsv.wire.jsonform import decode_json
from obsv.wire.limits import Limits
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import Decoded, RowMaker

MAKER = RowMaker(Redactor(), Limits(attributes=8, events=3, links=3, items=4, depth=3, value_chars=60, name_chars=20))


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    return Writer(tmp_path_factory.mktemp("fuzz") / "obsv.db")


def full() -> bytes:
    """A request that has every part."""
    made = span(
        {
            "a": "x",
            "password": "p",
            "n": {"intValue": "3"},
            "l": {"arrayValue": {"values": [{"boolValue": True}]}},
            "m": {"kvlistValue": {"values": [{"key": "k", "value": {"bytesValue": "AAE="}}]}},
            "thread.id": {"intValue": "1"},
            "obsv.process_group": "g",
        },
        parent_span_id=PARENT_ID,
        trace_state="a=b",
        status=Status(code=Status.STATUS_CODE_ERROR, message="m"),
    )
    made.events.add(name="exception").attributes.add(key="exception.stacktrace").value.string_value = "T"
    made.links.add(trace_id=TRACE_ID, span_id=PARENT_ID)
    return request(made, span()).SerializeToString()


WHOLE = full()


def check(decoded: Decoded, writer: Writer) -> None:
    for row in decoded.rows:
        assert len(json.loads(row.data)) == len(row.signature.fields)
        assert row.start_ns > 0
        assert row.duration_ns >= 0
    writer.write(decoded.rows)


def attempt(body: bytes, writer: Writer) -> None:
    try:
        decoded = decode_protobuf(body, MAKER)
    except BadRequest:
        return
    check(decoded, writer)


edits = st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=4), st.integers(0, 4)), max_size=6)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(edits)
def test_damaged_requests(writer: Writer, changes: list[tuple[int, bytes, int]]) -> None:
    """A valid request with bytes overwritten, put in and taken out."""
    body = bytearray(WHOLE)
    for at, new, old in changes:
        body[at : at + old] = new
    attempt(bytes(body), writer)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes(writer: Writer, body: bytes) -> None:
    """Bytes that are nothing at all."""
    attempt(body, writer)


@settings(max_examples=200)
@given(st.binary(max_size=60), st.sampled_from([0x4A, 0x5A, 0x6A, 0x7A, 0x12, 0x2A]), st.integers(0, 120))
def test_any_part(writer: Writer, raw: bytes, tag: int, levels: int) -> None:
    """A span with one part that is arbitrary, or nested to any depth."""
    part = raw or nested(levels)
    body = (
        span({"a": "1"}).SerializeToString() + delimited(tag, part) + delimited(0x4A, delimited(0x12, nested(levels)))
    )
    attempt(delimited(0x0A, delimited(0x0A, part) + delimited(0x12, delimited(0x12, body))), writer)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
any_value = st.recursive(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("stringValue", "intValue", "doubleValue", "bytesValue"), anything)
    ),
    lambda inner: st.builds(
        lambda kind, items: {kind: {"values": items}},
        st.sampled_from(["arrayValue", "kvlistValue"]),
        st.lists(inner | st.builds(lambda value: {"key": "token", "value": value}, inner), max_size=4) | anything,
    ),
    max_leaves=6,
)
PARTS = (
    "traceId", "spanId", "parentSpanId", "traceState", "flags", "name", "kind", "startTimeUnixNano", "endTimeUnixNano",
    "attributes", "droppedAttributesCount", "events", "droppedEventsCount", "links", "droppedLinksCount", "status",
)  # fmt: skip
attributes = st.lists(
    st.builds(lambda key, value: {"key": key, "value": value}, st.text(max_size=9), any_value), max_size=4
)


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(PARTS), anything, max_size=5), attributes)
def test_any_json_span(writer: Writer, changes: dict[str, Any], pairs: list[Any]) -> None:
    """A JSON span with arbitrary parts."""
    made = json_span(attributes=pairs, events=[{"name": "exception", "attributes": pairs}], links=pairs) | changes
    check(decode_json(json_request(made), MAKER), writer)


@settings(max_examples=200)
@given(anything)
def test_any_json(writer: Writer, found: Any) -> None:
    """JSON that is anything at all, whole and in place of each outer part."""
    for body in (found, {"resourceSpans": found}, {"resourceSpans": [{"resource": found, "scopeSpans": [found]}]}):
        try:
            check(decode_json(json.dumps(body).encode(), MAKER), writer)
        except BadRequest:
            continue
