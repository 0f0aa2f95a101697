"""Forwarding of stored spans to another receiver."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from otlp_requests import START_NS, request, span

from obsv.cli.forward import forward as forward_command
from obsv.errors import ConfigurationError
from obsv.otlp.forward import BATCH_BYTES, Forwarded, NotTaken, forward
from obsv.otlp.receiver import Receiver
from obsv.otlp.senders import Reply, sender_to
from obsv.store import Reader, Writer
from obsv.store.seam import Store, open_store
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import RowMaker

Start = Callable[..., Receiver]


def stored(path: Path, *spans: object) -> Store:
    Writer(path).write(decode_protobuf(request(*spans).SerializeToString(), RowMaker()).rows)  # type: ignore[arg-type]
    return open_store(path)


def numbered(count: int, **parts: object) -> list[object]:
    return [
        span(span_id=(i + 1).to_bytes(8, "big"), start_time_unix_nano=START_NS + i * 1_000, **parts)  # type: ignore[arg-type]
        for i in range(count)
    ]


@pytest.fixture
def source(tmp_path: Path) -> Store:
    """A store of three spans, a microsecond apart."""
    return stored(tmp_path / "source.db", *numbered(3))


class Scripted:
    """A receiver that answers as the test wants, and keeps what it took."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.bodies: list[bytes] = []

    def send(self, body: bytes) -> Reply:
        reply = self.replies.pop(0) if self.replies else Reply(True)
        if reply.taken:
            self.bodies.append(body)
        return reply

    def close(self) -> None:
        pass


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_everything_arrives(source: Store, start: Start, db: Path, protocol: str, capsys: object) -> None:
    """Over HTTP and gRPC the other store has the same calls, and the command says how many."""
    receiver = start()
    port = receiver.http_port if protocol == "http" else receiver.grpc_port
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc" if protocol == "grpc" else "http/protobuf")
        said: list[str] = []
        forward_command(Path(source.name), f"http://127.0.0.1:{port}", None, said.append)
        forward_command(Path(source.name), f"http://127.0.0.1:{port}", "2023-01-01", said.append, as_json=True)
    assert said[0] == f"3 spans sent to http://127.0.0.1:{port}"
    assert json.loads(said[1]) == {"to": f"http://127.0.0.1:{port}", "sent": 3, "rejected": 0, "message": ""}
    sql = "select * from process_trace order by span_id"
    assert [tuple(row) for row in Reader(db).query(sql)] == [tuple(row) for row in source.run_sql(sql).rows]


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_token_in_the_headers(source: Store, start: Start, protocol: str) -> None:
    """The standard variable for headers carries the token; without it the refusal is told."""
    receiver = start(token="a-long-enough-token")
    port = receiver.grpc_port if protocol == "grpc" else receiver.http_port
    endpoint, variables = f"127.0.0.1:{port}", {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    with closing(sender_to(endpoint, variables)) as sender, pytest.raises(NotTaken, match="OBSV_TOKEN"):
        forward(source, sender)
    variables["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer%20a-long-enough-token"
    with closing(sender_to(endpoint, variables)) as sender:
        assert forward(source, sender).sent == 3


def test_since(source: Store) -> None:
    """Only what started since then is sent."""
    receiver = Scripted()
    assert forward(source, receiver, START_NS + 1_000) == Forwarded(2)
    sent = ExportTraceServiceRequest.FromString(receiver.bodies[0])
    assert len(sent.resource_spans[0].scope_spans[0].spans) == 2


def test_retries_as_it_is_told(source: Store) -> None:
    """Temporary failures are retried, after the receiver's delay or a growing one."""
    receiver = Scripted(
        Reply(False, message="full", retry_after_s=7.0), Reply(False, retry_after_s=0), Reply(False, retry_after_s=0)
    )
    pauses: list[float] = []
    told: list[tuple[str, float]] = []
    sent = forward(source, receiver, sleep=pauses.append, troubled=lambda reason, wait_s: told.append((reason, wait_s)))
    assert sent.sent == 3
    assert (pauses[0], told[0], len(told)) == (7.0, ("full", 7.0), 3)
    assert 0.5 <= pauses[1] <= 1.0 <= pauses[2] <= 2.0


def test_gives_up_and_says_where(source: Store) -> None:
    """A receiver that never answers ends the command; the message says how to go on."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    receiver = Scripted(*[Reply(False, message="no answer", retry_after_s=0)] * 1_000)
    with pytest.raises(NotTaken, match=r"no answer.*--since '2023-11-14 22:13:20.000000'"):
        forward(source, receiver, sleep=sleep, clock=lambda: now[0])
    assert 60 < now[0] <= 120


def test_refusal_is_not_tried_again(source: Store) -> None:
    """A permanent failure is reported immediately."""
    receiver = Scripted(Reply(False, message="HTTP 400 no."), Reply(True))
    with pytest.raises(NotTaken, match=r"HTTP 400 no\. To continue"):
        forward(source, receiver, sleep=lambda s: pytest.fail("waited"))


def test_rejected_spans_are_counted(source: Store) -> None:
    """Partial success is told, not tried again."""
    assert forward(source, Scripted(Reply(True, 2, "too old"))) == Forwarded(3, 2, "too old")


def test_requests_stay_below_what_grpc_takes(tmp_path: Path) -> None:
    """Large spans make small batches."""
    reader = stored(tmp_path / "big.db", *numbered(120, attributes={"a": "x" * 90_000}))
    receiver = Scripted()
    assert forward(reader, receiver).sent == 120
    assert max(map(len, receiver.bodies)) <= BATCH_BYTES


def test_progress(tmp_path: Path) -> None:
    """Each batch is reported."""
    seen: list[int] = []
    forward(stored(tmp_path / "many.db", *numbered(1_100)), Scripted(), progress=seen.append)
    assert seen == [500, 1_000, 1_100]


@pytest.mark.parametrize("endpoint", ["ftp://a", "http://", "file:///x"])
def test_what_is_no_endpoint(endpoint: str) -> None:
    """Other schemes are refused with what it takes."""
    with pytest.raises(ConfigurationError, match="http://HOST:PORT"):
        sender_to(endpoint, {})


def test_unreadable_certificate(tmp_path: Path) -> None:
    """A certificate that is not there is named."""
    variables = {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path / "missing.pem")}
    for endpoint in ("https://a:4318", "https://a:4317"):
        with pytest.raises(ConfigurationError, match="certificate"):
            sender_to(endpoint, variables)


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[str, list[bytes]]]:
    """An HTTP server that answers each request alike; yields its address and what came."""
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = 60

        def do_POST(self) -> None:
            taken.append(gzip.decompress(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(url: str) -> Reply:
    with closing(sender_to(url, {})) as sender:
        return sender.send(b"body")


def test_http_answers() -> None:
    """Each answer of an HTTP receiver means what the specification says."""
    partial = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message="old")
    ).SerializeToString()
    with answering(200) as (url, taken):
        assert send(url) == Reply(True)
        assert taken == [b"body"]
    with answering(200, partial) as (url, _):
        assert send(url) == Reply(True, 2, "old")
    with answering(200, b"<html>") as (url, _):
        assert "check that the endpoint is a collector" in send(url).message
    with answering(503, retry_after="9") as (url, _):
        assert send(url).retry_after_s == 9
    with answering(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT") as (url, _):
        assert send(url).retry_after_s == 0
    with answering(500, b"broken") as (url, _):
        assert send(url) == Reply(False, message="HTTP 500 broken", code="500")
    with answering(404) as (url, _):
        assert send(url).retry_after_s is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://127.0.0.1:9/"])
def test_nobody_there(url: str) -> None:
    """A refused connection is worth another try."""
    reply = send(url)
    assert (reply.taken, reply.retry_after_s) == (False, 0)


def test_no_tls_there(start: Start) -> None:
    """If TLS fails, as with https:// to a plain port, a retry would fail as well."""
    reply = send(f"https://127.0.0.1:{start().http_port}")
    assert (reply.taken, reply.retry_after_s) == (False, None)
    assert "SSL" in reply.message


def test_grpc_answers(start: Start, source: Store) -> None:
    """A full receiver's advice over gRPC is obeyed; a refusal is final."""
    full = start(max_bytes=10)
    sender = sender_to(f"127.0.0.1:{full.grpc_port}", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    body = request(span()).SerializeToString()
    assert sender.send(body).retry_after_s == 1.0
    sender.close()
    sender = sender_to(f"127.0.0.1:{start().grpc_port}", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    refused = sender.send(b"\xff")
    assert (refused.taken, refused.retry_after_s) == (False, None)
    assert "INVALID_ARGUMENT" in refused.message
    sender.close()
