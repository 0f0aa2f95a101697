"""A real OpenTelemetry agent (rotel) between senders and obsv, in both directions."""

from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from tests.peers.conftest import Agent, wait_for
from tests.peers.test_python_sdk import record
from tests.runtime.conftest import Program

from obsv.otlp.forward import forward
from obsv.otlp.receiver import Receiver
from obsv.otlp.senders import sender_to
from obsv.store import Reader
from obsv.store.seam import open_store

Agents = Callable[[str, str], Agent]


@pytest.mark.parametrize("last", ["grpc", "http"])
@pytest.mark.parametrize("first", ["grpc", "http"])
def test_agent_to_obsv(receiver: Receiver, reader: Reader, agent: Agents, first: str, last: str) -> None:
    """SDK to agent to obsv, each way over gRPC and over HTTP with gzip."""
    port = receiver.grpc_port if last == "grpc" else receiver.http_port
    between = agent(last, f"http://127.0.0.1:{port}")
    record(GrpcExporter(between.grpc, insecure=True) if first == "grpc" else HttpExporter(f"{between.http}/v1/traces"))
    rows = wait_for(reader, 2)
    assert [row["process"] for row in rows] == ["POST /order", "insert"]
    assert rows[1]["exception"].startswith("ValueError: no tea")


def test_agent_outlives_an_obsv(start: Callable[..., Receiver], reader: Reader, agent: Agents) -> None:
    """Spans that the agent could not deliver while obsv was down arrive once after the restart."""
    from obsv.otlp.settings import Address

    first = start()
    assert first.http_port is not None
    between = agent("http", f"http://127.0.0.1:{first.http_port}")
    record(HttpExporter(f"{between.http}/v1/traces"))
    wait_for(reader, 2)
    first.stop()
    record(HttpExporter(f"{between.http}/v1/traces"))
    start(http=Address("127.0.0.1", first.http_port))
    assert len(wait_for(reader, 4)) == 4


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_obsv_to_agent(receiver: Receiver, reader: Reader, agent: Agents, tmp_path: Path, protocol: str) -> None:
    """A monitored program's second lane goes through the agent to another obsv, values and code place included."""
    between = agent("grpc", f"http://127.0.0.1:{receiver.grpc_port}")
    directory = tmp_path / "program"
    directory.mkdir()
    program = Program(directory)
    program.run(
        "import obsv\n@obsv.monitor\ndef add(a, b):\n    return a + b\nadd(1, 2)\n",
        OTEL_EXPORTER_OTLP_ENDPOINT=between.grpc if protocol == "grpc" else between.http,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
    )
    wait_for(reader, 1)
    sql = "select process, data, data_type, data_value, process_group, trace_id, span_id from data_trace order by data"
    assert [tuple(row) for row in reader.query(sql)] == program.query(sql)
    sql = "select file_path, line_number from code"
    assert [tuple(row) for row in reader.query(sql)] == program.query(sql)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_forward_to_agent(
    start: Callable[..., Receiver], reader: Reader, agent: Agents, tmp_path: Path, protocol: str
) -> None:
    """`obsv forward` sends a store through the agent to another."""
    first = start(db=tmp_path / "first.db")
    record(HttpExporter(f"http://127.0.0.1:{first.http_port}/v1/traces"))
    between = agent("http", f"http://127.0.0.1:{start().http_port}")
    sender = sender_to(between.grpc if protocol == "grpc" else between.http, {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol})
    assert forward(open_store(tmp_path / "first.db"), sender).sent == 2
    sender.close()
    assert len(wait_for(reader, 2)) == 2
