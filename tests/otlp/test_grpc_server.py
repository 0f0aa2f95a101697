"""OTLP over gRPC, on a running server."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from otlp_requests import request, span

from obsv.errors import ConfigurationError
from obsv.otlp.grpc_server import WORKERS
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.store import Reader

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
Start = Callable[..., Receiver]


@contextmanager
def channel(receiver: Receiver) -> Iterator[grpc.Channel]:
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{receiver.grpc_port}", options=options) as made:
        yield made


def failure(call: Callable[[], object]) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def status_of(error: Any) -> Status:
    return Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])


def count(reader: Reader) -> int:
    row = reader.one("select count(*) from process_trace")
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate]
)
def test_export(receiver: Receiver, reader: Reader, compression: grpc.Compression) -> None:
    """A full success has no partial success, and the span is committed."""
    with channel(receiver) as made:
        answer = TraceServiceStub(made).Export(request(span()), compression=compression)
    assert not answer.HasField("partial_success")
    assert count(reader) == 1


def test_partial_success(receiver: Receiver, reader: Reader) -> None:
    """Rejected spans are counted, the others stored."""
    with channel(receiver) as made:
        answer = TraceServiceStub(made).Export(request(span(), span(span_id=bytes(8))))
    assert answer.partial_success.rejected_spans == 1
    assert count(reader) == 1


def test_bad_data(receiver: Receiver) -> None:
    """Bytes that are not a request are INVALID_ARGUMENT."""
    with channel(receiver) as made:
        error = failure(lambda: made.unary_unary(EXPORT)(b"\xff"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert status_of(error).code == 3


def test_one_damaged_span(receiver: Receiver, reader: Reader) -> None:
    """Text that is not UTF-8 costs a character, not the batch."""
    body = request(span({"a": "b~"})).SerializeToString().replace(b"~", b"\xff")
    with channel(receiver) as made:
        assert made.unary_unary(EXPORT)(body) == b""
    assert count(reader) == 1


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_size_cap(start: Start, compression: grpc.Compression) -> None:
    """A message over the cap, compressed or not, is RESOURCE_EXHAUSTED without retry advice."""
    with channel(start(max_body=100_000)) as made:
        error = failure(lambda: made.unary_unary(EXPORT)(bytes(200_000), compression=compression))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    assert not Status.FromString(details).details


def test_more_than_grpc_takes_by_default(receiver: Receiver, reader: Reader) -> None:
    """Messages of more than gRPC's own 4 MiB are taken."""
    big = request(*(span({"a": "x" * 50_000}, span_id=(i + 1).to_bytes(8, "big")) for i in range(120)))
    with channel(receiver) as made:
        TraceServiceStub(made).Export(big)
    assert count(reader) == 120


def test_full_queue_is_worth_a_retry(start: Start) -> None:
    """Without memory for more the answer is UNAVAILABLE with RetryInfo."""
    with channel(start(max_bytes=10)) as made:
        error = failure(lambda: TraceServiceStub(made).Export(request(span())))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    retry = RetryInfo()
    assert status_of(error).details[0].Unpack(retry)
    assert retry.retry_delay.seconds == 1


def test_locked_store_is_worth_a_retry(start: Start, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the file the answer is UNAVAILABLE."""
    monkeypatch.setattr("obsv.otlp.receiver.BUSY_TIMEOUT_S", 0.05)
    with channel(start()) as made:
        stub = TraceServiceStub(made)
        stub.Export(request(span()))
        holder = sqlite3.connect(db, isolation_level=None)
        holder.execute("begin exclusive")
        error = failure(lambda: stub.Export(request(span(span_id=b"12345678"))))
        holder.rollback()
        holder.close()
    assert error.code() is grpc.StatusCode.UNAVAILABLE


def test_slow_senders_do_not_keep_the_others_out(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls whose request does not come are ended; meanwhile they may hold every worker."""
    monkeypatch.setattr("obsv.otlp.grpc_server.READ_TIMEOUT_S", 0.2)
    done, receiver = threading.Event(), start()

    def never() -> Iterator[bytes]:
        done.wait(120)
        yield b""

    with channel(receiver) as made:
        slow = [made.stream_unary(EXPORT).future(never()) for _ in range(2 * WORKERS)]
        TraceServiceStub(made).Export(request(span()), timeout=60)
        codes = {failure(call.result).code() for call in slow}
        done.set()
    receiver.stop()
    assert codes == {grpc.StatusCode.CANCELLED}
    assert not caplog.text


def test_idle_calls_make_room(receiver: Receiver, reader: Reader) -> None:
    """More calls that wait for their message than there are workers: the longest waiting ones are ended at once."""
    done = threading.Event()

    def never() -> Iterator[bytes]:
        done.wait(120)
        yield b""

    with channel(receiver) as idle, channel(receiver) as made:
        waiting = [idle.stream_unary(EXPORT).future(never()) for _ in range(3 * WORKERS)]
        for number in range(5):
            TraceServiceStub(made).Export(request(span(span_id=number.to_bytes(8, "big") or b"")), timeout=60)
        done.set()
        assert failure(waiting[0].result).code() is grpc.StatusCode.CANCELLED
    assert count(reader) == 4


def test_a_flood_of_calls_is_told_to_wait(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls beyond those that wait for a worker are answered at once, with advice when to try again."""
    monkeypatch.setattr("obsv.otlp.grpc_server.MOST_WAITING", -1)
    with channel(start()) as made:
        error = failure(lambda: TraceServiceStub(made).Export(request(span())))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert status_of(error).details[0].Is(RetryInfo.DESCRIPTOR)


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_messages(receiver: Receiver, reader: Reader, compression: grpc.Compression) -> None:
    """All compressions of gRPC are supported."""
    with channel(receiver) as made:
        TraceServiceStub(made).Export(request(span({"a": "x" * 10_000})), compression=compression)
    assert count(reader) == 1


def test_call_without_a_request(receiver: Receiver) -> None:
    """A call that ends before its request is INVALID_ARGUMENT."""
    with channel(receiver) as made:
        error = failure(lambda: made.stream_unary(EXPORT)(iter(())))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_metrics_are_stored(receiver: Receiver, reader: Reader) -> None:
    """Once committed, the answer is empty."""
    metrics = ExportMetricsServiceRequest()
    gauge = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="load").gauge
    gauge.data_points.add(as_double=0.5, time_unix_nano=1)
    with channel(receiver) as made:
        answer = MetricsServiceStub(made).Export(metrics)
    assert not answer.HasField("partial_success")
    assert [tuple(row) for row in reader.query("select metric, value from metric")] == [("load", 0.5)]


def test_logs_are_stored(receiver: Receiver, reader: Reader) -> None:
    """Once committed, the answer is empty."""
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(event_name="order.placed", severity_number=9)
    with channel(receiver) as made:
        answer = LogsServiceStub(made).Export(logs)
    assert not answer.HasField("partial_success")
    assert [tuple(row) for row in reader.query("select event_name, severity_number from log")] == [("order.placed", 9)]


def test_token(start: Start, reader: Reader) -> None:
    """With a token, calls need it in their metadata."""
    with channel(start(token="a-long-enough-token")) as made:
        stub = TraceServiceStub(made)
        without = failure(lambda: stub.Export(request(span())))
        wrong = failure(lambda: stub.Export(request(span()), metadata=[("authorization", "Bearer x")]))
        stub.Export(request(span()), metadata=[("authorization", "Bearer a-long-enough-token")])
    assert {without.code(), wrong.code()} == {grpc.StatusCode.UNAUTHENTICATED}
    assert count(reader) == 1


def test_what_failed_is_not_told(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug of ours is INTERNAL without its details, which stand in the log."""

    def broken(body: bytes, maker: object) -> None:
        raise LookupError("inner secret")

    monkeypatch.setattr("obsv.otlp.work.protobuf_slices", broken)
    with channel(receiver) as made:
        error = failure(lambda: TraceServiceStub(made).Export(request(span())))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "inner secret" not in error.details()
    assert "inner secret" in caplog.text


def test_port_is_not_shared(receiver: Receiver, tmp_path: Path) -> None:
    """A second server on the same port fails to start, and leaves nothing behind."""
    assert receiver.grpc_port is not None
    taken = Address("127.0.0.1", receiver.grpc_port)
    second = Receiver(ReceiverSettings(tmp_path / "b.db", grpc=taken, http=Address("127.0.0.1", 0)))
    with pytest.raises(ConfigurationError, match=f"{receiver.grpc_port} for OTLP/gRPC"):
        second.start()


def test_empty_call(receiver: Receiver) -> None:
    """A request that carries nothing is a success."""
    with channel(receiver) as made:
        assert not TraceServiceStub(made).Export(ExportTraceServiceRequest()).HasField("partial_success")
