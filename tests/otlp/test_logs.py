"""OTLP log records over HTTP: both encodings give the same rows, and what is damaged costs itself alone."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from obsv.otlp.receiver import Receiver
from obsv.store import Reader

PROTOBUF = {"content-type": "application/x-protobuf"}
NOW_NS = 1_790_000_000_000_000_000
TRACE, SPAN = bytes(range(16)), bytes(range(1, 9))
COLUMNS = """
ts, severity_number, severity_text, event_name, body, attributes, trace_id, span_id, process, service, logger, thread
"""


@pytest.fixture
def client(receiver: Receiver) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{receiver.http_port}", timeout=120) as client:
        yield client


def text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def record(**changes: Any) -> LogRecord:
    made = LogRecord(
        time_unix_nano=NOW_NS,
        severity_number=17,
        severity_text="Error",
        body=text("no stock"),
        trace_id=TRACE,
        span_id=SPAN,
        event_name="order.rejected",
    )
    made.attributes.append(KeyValue(key="order", value=AnyValue(int_value=7)))
    made.attributes.append(KeyValue(key="password", value=text("hunter2")))
    made.attributes.append(KeyValue(key="thread.name", value=text("worker")))
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def request(*records: LogRecord) -> ExportLogsServiceRequest:
    made = ExportLogsServiceRequest()
    outer = made.resource_logs.add()
    outer.resource.attributes.append(KeyValue(key="service.name", value=text("shop")))
    inner = outer.scope_logs.add()
    inner.scope.name = "shop.desk"
    inner.log_records.extend(records)
    return made


def as_json(made: ExportLogsServiceRequest) -> dict[str, Any]:
    """OTLP JSON: ids in hex instead of base64."""
    document: dict[str, Any] = MessageToDict(made, use_integers_for_enums=True)
    for each in document["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        for name in ("traceId", "spanId"):
            if name in each:
                each[name] = base64.b64decode(each[name]).hex()
    return document


def rows(reader: Reader) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in reader.query(f"select {COLUMNS} from log order by ts, event_name")]


def send(client: httpx.Client, made: ExportLogsServiceRequest, encoding: str) -> httpx.Response:
    if encoding == "json":
        return client.post("/v1/logs", json=as_json(made))
    return client.post("/v1/logs", content=made.SerializeToString(), headers=PROTOBUF)


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_a_record_becomes_a_row(client: httpx.Client, reader: Reader, encoding: str) -> None:
    """With its trace, its values as what they are, and secrets masked."""
    answer = send(client, request(record()), encoding)
    assert (answer.status_code, answer.content) == (200, b"{}" if encoding == "json" else b"")
    attributes = {"order": 7, "password": "***", "thread.name": "worker"}
    assert rows(reader) == [
        (
            "2026-09-21 14:13:20.000000", 17, "Error", "order.rejected", "no stock",
            json.dumps(attributes, separators=(",", ":")), TRACE.hex(), SPAN.hex(), None, "shop", "shop.desk", "worker",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_values_of_all_kinds(client: httpx.Client, reader: Reader, encoding: str) -> None:
    """Maps are objects, bytes and numbers that JSON lacks are text; the two encodings agree."""
    made = record()
    del made.attributes[:]
    for key, value in (
        ("map", AnyValue(kvlist_value={"values": [KeyValue(key="token", value=text("abc")), KeyValue(key="n")]})),
        ("list", AnyValue(array_value={"values": [AnyValue(bool_value=True), AnyValue(double_value=0.5)]})),
        ("bytes", AnyValue(bytes_value=b"\0\1")),
        ("nan", AnyValue(double_value=float("nan"))),
        ("big", AnyValue(int_value=2**62)),
    ):
        made.attributes.append(KeyValue(key=key, value=value))
    made.body.kvlist_value.values.append(KeyValue(key="a", value=text("b")))
    send(client, request(made), encoding)
    ((*_, body, attributes, _, _, _, _, _, _),) = rows(reader)
    assert json.loads(attributes) == {
        "map": {"token": "***", "n": None}, "list": [True, 0.5], "bytes": {"bytesValue": "AAE="}, "nan": "NaN",
        "big": 2**62,
    }  # fmt: skip
    assert json.loads(body) == {"a": "b"}


def test_sent_twice_is_stored_once(client: httpx.Client, reader: Reader) -> None:
    """A sender that heard no answer tries again, in whatever encoding."""
    for encoding in ("protobuf", "json", "protobuf"):
        send(client, request(record(), record(event_name="order.placed")), encoding)
    assert [row[3] for row in rows(reader)] == ["order.placed", "order.rejected"]


def test_an_event_of_an_older_sender(client: httpx.Client, reader: Reader) -> None:
    """Has its name in an attribute; what has no time has that of its arrival; ids that name nothing are none."""
    made = record(event_name="", time_unix_nano=0, trace_id=bytes(16), span_id=b"short")
    made.attributes.append(KeyValue(key="event.name", value=text("click")))
    send(client, request(made), "protobuf")
    ((ts, _, _, name, _, attributes, trace_id, span_id, *_),) = rows(reader)
    assert (name, trace_id, span_id, "event.name" in attributes) == ("click", None, None, False)
    assert ts > "2026-10"


def test_what_is_damaged_costs_itself_alone(client: httpx.Client, reader: Reader) -> None:
    """And is counted in the partial success."""
    document = as_json(request(record(), record(event_name="b"), record(event_name="c")))
    records = document["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    records[1] = "no object"
    document["resourceLogs"].append(7)
    answer = client.post("/v1/logs", json=document).json()["partialSuccess"]
    assert answer["rejectedLogRecords"] == "2"
    assert [row[3] for row in rows(reader)] == ["c", "order.rejected"]
    good = request(record(event_name="d"), record(event_name="MARK")).SerializeToString()
    answered = client.post("/v1/logs", content=good.replace(b"MARK", b"\xff\xfe\xff\xfe"), headers=PROTOBUF)
    assert not ExportLogsServiceResponse.FromString(answered.content).HasField("partial_success")
    assert [row[3] for row in rows(reader)] == ["c", "d", "order.rejected", "\ufffd" * 4]


def test_wrong_bodies(client: httpx.Client) -> None:
    """Are the sender's fault."""
    assert client.post("/v1/logs", json={}).json() == {}
    assert client.post("/v1/logs", json={"resourceLogs": 7}).status_code == 400
    assert client.post("/v1/logs", content=b"\xff", headers=PROTOBUF).status_code == 400
    assert client.get("/v1/logs").status_code == 405


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_what_is_large_is_bounded(client: httpx.Client, reader: Reader, encoding: str) -> None:
    """In characters and attributes; what was left out is counted."""
    made = record()
    made.body.string_value = "x" * 3_000_000
    for number in range(1_500):
        made.attributes.append(KeyValue(key=f"a{number}", value=text("y" * 2_000)))
    assert send(client, request(made), encoding).status_code == 200
    ((*_, body, attributes, _, _, _, _, _, _),) = rows(reader)
    assert len(body) <= 100_100
    assert len(attributes) <= 1_000_100
    assert json.loads(attributes)["otel.dropped_attributes_count"] >= 503


def test_thousands_in_one_request(client: httpx.Client, reader: Reader) -> None:
    """Are all stored, each once."""
    made = request(*(record(event_name=f"e{number:05}") for number in range(8_192)))
    assert send(client, made, "protobuf").content == b""
    assert reader.query("select count(*), count(distinct event_name) from log")[0][:] == (8_192, 8_192)


@pytest.mark.parametrize(
    ("signal", "inner", "value"),
    [
        ("Logs", {"logRecords": [{"body": {"intValue": 2**63}}]}, 2**63),
        ("Logs", {"logRecords": [{"attributes": [{"key": "n", "value": {"intValue": str(2**63)}}]}]}, 1),
        ("Metrics", {"metrics": [{"name": "n", "gauge": {"dataPoints": [{"asInt": 1}]}}]}, 2**63 - 1),
        ("Metrics", {"metrics": [{"name": "n", "gauge": {"dataPoints": [{"asInt": 1}]}}]}, -(2**63) - 1),
    ],
)
def test_numbers_beyond_64_bits_in_json_are_told(client: httpx.Client, signal: str, inner: Any, value: int) -> None:
    """In a body, in attributes of a record, a point, a resource or a scope: the sender learns how many."""
    attributes = [{"key": "n", "value": {"arrayValue": {"values": [{"intValue": value}]}}}]
    for point in (each for metric in inner.get("metrics", ()) for each in metric["gauge"]["dataPoints"]):
        point["attributes"] = [{"key": "n", "value": {"intValue": 2**63}}]
    scope = {"scope": {"name": "s", "attributes": attributes}, **inner}
    outer = {"resource": {"attributes": attributes}, f"scope{signal}": [scope]}
    answer = client.post(f"/v1/{signal.lower()}", json={f"resource{signal}": [outer]}).json()
    left_out = 1 + 2 * (not -(2**63) <= value < 2**63)
    assert f"{left_out} left out" in answer["partialSuccess"]["errorMessage"]
