"""OpenTelemetry's SDK for Node over JSON, protobuf and gRPC."""

import subprocess
from collections.abc import Callable

import pytest
from tests.peers.conftest import HERE, WAIT_S

from obsv.otlp.receiver import Receiver
from obsv.store import Reader


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["json", "proto", "grpc"])
def test_trace_arrives_whole(
    receiver: Receiver, reader: Reader, node: Callable[[str], str], protocol: str, compression: str
) -> None:
    """A trace of Node arrives with its parents, its values with their types, and the exception."""
    grpc = protocol == "grpc"
    url = f"http://127.0.0.1:{receiver.grpc_port if grpc else receiver.http_port}{'' if grpc else '/v1/traces'}"
    command = [node("node_sdk"), "send.mjs", protocol, url, compression]
    done = subprocess.run(command, cwd=HERE / "node_sdk", capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 0, done.stderr
    charge, order = reader.query("select * from process_trace order by process desc")
    assert (order["process"], order["service"], order["process_group"]) == ("POST /order", "node-shop", "checkout")
    assert (charge["process"], charge["status"], charge["parent_span_id"]) == ("charge", "ERR", order["span_id"])
    assert "card refused" in charge["exception"]
    rows = reader.query("select * from data_trace where process = 'POST /order'")
    assert {(row["data"], row["data_type"]): row["data_value"] for row in rows} == {
        ("http.request.method", "INPUT"): "POST",
        ("http.response.status_code", "OUTPUT"): 500,
        ("ratio", "INPUT"): 0.5,
        ("vip", "INPUT"): 1,
        ("sizes", "INPUT"): "[1,2]",
    }
