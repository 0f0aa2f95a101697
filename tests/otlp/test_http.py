"""OTLP over HTTP, by the specification, on a running server."""

import gzip
import json
import socket
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from otlp_requests import json_request, json_span, request, span

from obsv.otlp.receiver import Receiver
from obsv.store import Reader

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
ONE = request(span()).SerializeToString()
Start = Callable[..., Receiver]


@pytest.fixture
def client(receiver: Receiver) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{receiver.http_port}", timeout=120) as client:
        yield client


def client_of(receiver: Receiver) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{receiver.http_port}", timeout=120)


def count(reader: Reader) -> int:
    row = reader.one("select count(*) from process_trace")
    assert row is not None
    return int(row[0])


def test_protobuf(client: httpx.Client, reader: Reader) -> None:
    """A full success is 200 with an empty message in the request's content type, and the span is committed."""
    answer = client.post("/v1/traces", content=ONE, headers=PROTOBUF)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "application/x-protobuf")
    assert count(reader) == 1


def test_json(client: httpx.Client, reader: Reader) -> None:
    """JSON is answered in JSON."""
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = client.post("/v1/traces", content=json_request(json_span()), headers=headers)
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, {}, "application/json")
    assert count(reader) == 1


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed(client: httpx.Client, reader: Reader, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    """Compressed bodies are read."""
    headers = PROTOBUF | {"content-encoding": encoding}
    assert client.post("/v1/traces", content=encode(ONE), headers=headers).status_code == 200
    assert count(reader) == 1


def test_chunked(client: httpx.Client, reader: Reader) -> None:
    """A body without a length, as Node and Go send it."""

    def chunks() -> Iterator[bytes]:
        yield ONE[:10]
        yield ONE[10:]

    assert client.post("/v1/traces", content=chunks(), headers=PROTOBUF).status_code == 200
    assert count(reader) == 1


def test_empty_request_succeeds(client: httpx.Client) -> None:
    """A request that carries nothing is a success."""
    assert client.post("/v1/traces", content=b"", headers=PROTOBUF).status_code == 200
    assert client.post("/v1/traces", content=b"{}", headers=JSON).status_code == 200


def test_sent_twice_is_stored_once(client: httpx.Client, reader: Reader, receiver: Receiver) -> None:
    """A retry of a batch succeeds and stores nothing new, nor a trace id in other case."""
    for _ in range(2):
        assert client.post("/v1/traces", content=ONE, headers=PROTOBUF).status_code == 200
    upper = json_request(json_span(traceId=json_span()["traceId"].upper()))
    assert client.post("/v1/traces", content=upper, headers=JSON).status_code == 200
    assert count(reader) == 1
    assert (receiver.counts["spans"], receiver.counts["duplicates"]) == (1, 2)


def test_partial_success(client: httpx.Client, reader: Reader) -> None:
    """Rejected spans are counted and explained, the others are stored."""
    body = request(span(), span(trace_id=bytes(16))).SerializeToString()
    answer = client.post("/v1/traces", content=body, headers=PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 1)
    assert "zeros" in partial.error_message
    answer = client.post("/v1/traces", content=json_request(json_span(spanId="")), headers=JSON)
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert count(reader) == 1


def test_parts_of_the_wrong_type_are_told(client: httpx.Client, reader: Reader, receiver: Receiver) -> None:
    """The span is stored without them, and a partial success that rejects nothing says how many they were."""
    body = json.loads(json_request(json_span(attributes="x", events=[5], status=[], name=7)))
    body["resourceSpans"][0]["resource"] = "shop"
    answer = client.post("/v1/traces", content=json.dumps(body), headers=JSON)
    partial = answer.json()["partialSuccess"]
    assert (answer.status_code, partial["rejectedSpans"]) == (200, "0")
    assert partial["errorMessage"].startswith("5 left out: parts of the wrong type")
    assert (count(reader), receiver.counts["odd"], receiver.counts["rejected"]) == (1, 5, 0)


def test_bad_data(client: httpx.Client) -> None:
    """A body that is not a request is 400 with a google.rpc.Status in the request's encoding."""
    answer = client.post("/v1/traces", content=b"\xff\xff", headers=PROTOBUF)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/x-protobuf")
    status = Status.FromString(answer.content)
    assert (status.code, status.details[0].type_url) == (3, "type.googleapis.com/google.rpc.BadRequest")
    answer = client.post("/v1/traces", content=b"{", headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert "JSON" in answer.json()["message"]
    damaged = client.post("/v1/traces", content=b"x", headers=PROTOBUF | {"content-encoding": "gzip"})
    assert damaged.status_code == 400


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, JSON | {"content-encoding": "br"}])
def test_what_is_not_read(client: httpx.Client, headers: dict[str, str]) -> None:
    """Other content types and encodings are 415, in JSON, with what to send instead."""
    answer = client.post("/v1/traces", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "gzip" in answer.json()["message"] or "application/json" in answer.json()["message"]


def test_wrong_method(client: httpx.Client) -> None:
    """A browser that looks at the address learns what it is."""
    answer = client.get("/v1/traces")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("path", ["/", "/v1/trace", "/api/v2/spans"])
def test_wrong_path(client: httpx.Client, path: str) -> None:
    """Another path is 404 that names the right one."""
    answer = client.post(path, content=ONE, headers=PROTOBUF)
    assert answer.status_code == 404
    assert "/v1/traces" in Status.FromString(answer.content).message


def test_path_given_twice(client: httpx.Client) -> None:
    """A whole address where the base was asked for is the usual mistake; the answer says so."""
    answer = client.post("/v1/traces/v1/traces", content=ONE, headers=PROTOBUF)
    assert answer.status_code == 404
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in Status.FromString(answer.content).message


def test_size_cap(start: Start, reader: Reader) -> None:
    """A body over the cap is 413: by its length, as chunks come, and decompressed."""
    big = bytes(3_000)
    with client_of(start(max_body=2_000)) as client:
        known = client.post("/v1/traces", content=big, headers=PROTOBUF)
        chunked = client.post("/v1/traces", content=iter([big]), headers=PROTOBUF)
        packed = client.post("/v1/traces", content=gzip.compress(big), headers=PROTOBUF | {"content-encoding": "gzip"})
        assert [answer.status_code for answer in (known, chunked, packed)] == [413, 413, 413]
        assert Status.FromString(packed.content).code == 8
        assert client.post("/v1/traces", content=ONE, headers=PROTOBUF).status_code == 200


def test_full_queue_is_worth_a_retry(start: Start) -> None:
    """Without memory for more the answer is 503 with Retry-After and RetryInfo."""
    with client_of(start(max_bytes=10)) as client:
        answer = client.post("/v1/traces", content=ONE, headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    retry = RetryInfo()
    assert Status.FromString(answer.content).details[0].Unpack(retry)
    assert retry.retry_delay.seconds == 1


def test_locked_store_is_worth_a_retry(start: Start, db: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the file the answer is 503, and the same request succeeds later."""
    monkeypatch.setattr("obsv.otlp.receiver.BUSY_TIMEOUT_S", 0.05)
    with client_of(start()) as client:
        assert client.post("/v1/traces", content=request().SerializeToString(), headers=PROTOBUF).status_code == 200
        assert client.post("/v1/traces", content=ONE, headers=PROTOBUF).status_code == 200
        other = request(span(span_id=b"12345678")).SerializeToString()
        holder = sqlite3.connect(db, isolation_level=None)
        holder.execute("begin exclusive")
        answer = client.post("/v1/traces", content=other, headers=PROTOBUF)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        holder.rollback()
        holder.close()
        assert client.post("/v1/traces", content=other, headers=PROTOBUF).status_code == 200
    assert count(reader) == 2


def test_token(start: Start) -> None:
    """With a token nothing is taken without it, and the answer says where the sender gives it."""
    with client_of(start(token="a-long-enough-token")) as client:
        without = client.post("/v1/traces", content=ONE, headers=PROTOBUF)
        wrong = client.post("/v1/traces", content=ONE, headers=PROTOBUF | {"authorization": "Bearer nö".encode()})  # type: ignore[dict-item]
        right = client.post(
            "/v1/traces", content=ONE, headers=PROTOBUF | {"authorization": "bearer a-long-enough-token"}
        )
    assert [answer.status_code for answer in (without, wrong, right)] == [401, 401, 200]
    assert "OTEL_EXPORTER_OTLP_HEADERS" in Status.FromString(without.content).message
    assert without.headers["www-authenticate"].startswith("Bearer")


def test_rebound_name(client: httpx.Client) -> None:
    """A Host header that is not this server's is refused."""
    assert client.post("/v1/traces", content=ONE, headers=PROTOBUF | {"host": "evil.example"}).status_code == 403


def test_foreign_page(client: httpx.Client) -> None:
    """A page of an origin that was not permitted may not send, with preflight or without."""
    headers = PROTOBUF | {"origin": "https://evil.example"}
    assert client.post("/v1/traces", content=ONE, headers=headers).status_code == 403
    preflight = client.options("/v1/traces", headers=headers)
    assert preflight.status_code == 403
    assert "access-control-allow-origin" not in preflight.headers


def test_permitted_page(start: Start) -> None:
    """A page of a permitted origin passes the preflight without the token, sends with it, and may read errors."""
    origin = "https://shop.example"
    with client_of(start(token="a-long-enough-token", cors_origins=(origin,))) as client:
        asked = {
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,authorization",
            "access-control-request-private-network": "true",
        }
        preflight = client.options("/v1/traces", headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-origin"] == origin
        assert preflight.headers["access-control-allow-headers"] == "content-type,authorization"
        assert preflight.headers["access-control-allow-private-network"] == "true"
        assert preflight.headers["access-control-allow-credentials"] == "true"
        sent = JSON | {"origin": origin, "authorization": "Bearer a-long-enough-token"}
        taken = client.post("/v1/traces", content=json_request(json_span()), headers=sent)
        refused = client.post("/v1/traces", content=b"{", headers=sent)
    assert (taken.status_code, refused.status_code) == (200, 400)
    assert taken.headers["access-control-allow-origin"] == refused.headers["access-control-allow-origin"] == origin


def test_sender_that_goes_away(receiver: Receiver, client: httpx.Client) -> None:
    """A connection that ends in the middle of a body costs nothing."""
    assert receiver.http_port is not None
    with socket.create_connection(("127.0.0.1", receiver.http_port)) as connection:
        connection.sendall(
            b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{"
        )
    assert client.post("/v1/traces", content=ONE, headers=PROTOBUF).status_code == 200
    assert receiver._ingest._bytes == 0


def test_what_failed_is_not_told(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug of ours is 500 without its details, which stand in the log."""

    def broken(body: bytes, maker: object) -> None:
        raise LookupError("inner secret")

    monkeypatch.setattr("obsv.otlp.work.protobuf_slices", broken)
    answer = client.post("/v1/traces", content=ONE, headers=PROTOBUF)
    assert answer.status_code == 500
    assert b"inner secret" not in answer.content
    assert "inner secret" in caplog.text


def test_json_answer_is_json(client: httpx.Client) -> None:
    """Errors in JSON carry their details by protobuf's JSON mapping."""
    answer = client.post("/v1/traces", content=b"[]", headers=JSON)
    assert json.loads(answer.content)["details"][0]["@type"].endswith("google.rpc.BadRequest")


def test_a_path_twice_is_said_in_the_log(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """Once: an SDK that was given the whole path adds it again, and shows only the status."""
    for _ in range(3):
        assert client.post("/v1/traces/v1/traces", content=ONE, headers=PROTOBUF).status_code == 404
    assert client.post("/v1/spans", content=ONE, headers=PROTOBUF).status_code == 404
    (said,) = [record.getMessage() for record in caplog.records if "were refused" in record.getMessage()]
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" in said
