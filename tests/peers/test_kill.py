"""The server is killed in the middle of a load: what it acknowledged is there, and sent again it is there once."""

import http.client
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from otlp_requests import request, span
from tests.peers.conftest import WAIT_S

SERVER = """
import sys
from pathlib import Path
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
receiver = Receiver(ReceiverSettings(Path(sys.argv[1]), Address("127.0.0.1", 0), Address("127.0.0.1", 0)))
receiver.start()
print(receiver.http_port, receiver.grpc_port, flush=True)
sys.stdin.read()
receiver.stop()
"""
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PER_REQUEST = 40
ENOUGH = 30


@contextmanager
def server(db: Path) -> Iterator[tuple["subprocess.Popen[str]", int, int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    http_port, grpc_port = map(int, process.stdout.readline().split())
    try:
        yield process, http_port, grpc_port
    finally:
        process.communicate(timeout=WAIT_S)


class Load:
    """Senders that send until the server is gone, and remember what was acknowledged."""

    def __init__(self, http_port: int, grpc_port: int) -> None:
        self.ports = http_port, grpc_port
        self.acknowledged: list[tuple[int, int]] = []
        self.sent: list[bytes] = []
        self.enough = threading.Event()
        kinds = (self.over_http, self.over_http, self.over_grpc, self.over_grpc)
        self.threads = [threading.Thread(target=kind, args=(sender,)) for sender, kind in enumerate(kinds, 1)]
        for thread in self.threads:
            thread.start()

    def body(self, sender: int, number: int) -> bytes:
        first = (sender << 40) + number * PER_REQUEST
        spans = (span({"n": str(number)}, span_id=(first + i + 1).to_bytes(8, "big")) for i in range(PER_REQUEST))
        body = request(*spans, service=f"sender {sender}").SerializeToString()
        self.sent.append(body)
        return body

    def taken(self, sender: int, number: int) -> None:
        self.acknowledged.append((sender, number))
        if len(self.acknowledged) >= ENOUGH:
            self.enough.set()

    def over_http(self, sender: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=WAIT_S)
        number = 0
        try:
            while True:
                connection.request(
                    "POST", "/v1/traces", self.body(sender, number), {"content-type": "application/x-protobuf"}
                )
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.taken(sender, number)
                number += 1
        except (OSError, http.client.HTTPException):
            connection.close()

    def over_grpc(self, sender: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self.ports[1]}") as channel:
            call = channel.unary_unary(EXPORT)
            number = 0
            try:
                while True:
                    call(self.body(sender, number), timeout=WAIT_S)
                    self.taken(sender, number)
                    number += 1
            except grpc.RpcError:
                return

    def join(self) -> None:
        for thread in self.threads:
            thread.join(WAIT_S)
            assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.011])
def test_acknowledged_is_stored(tmp_path: Path, delay_s: float) -> None:
    """Every acknowledged span is in the file after kill -9; retried to a new server, every span is there once."""
    db = tmp_path / "obsv.db"
    with server(db) as (process, http_port, grpc_port):
        load = Load(http_port, grpc_port)
        assert load.enough.wait(WAIT_S)
        time.sleep(delay_s)  # another moment of the load each time
        os.kill(process.pid, signal.SIGKILL)
        load.join()
    connection = sqlite3.connect(db)
    stored = {int(row[0], 16) for row in connection.execute("select span_id from process_trace")}
    missing = [
        (sender, number)
        for sender, number in load.acknowledged
        for i in range(PER_REQUEST)
        if (sender << 40) + number * PER_REQUEST + i + 1 not in stored
    ]
    assert not missing
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    with server(db) as (_, http_port, _):
        again = http.client.HTTPConnection("127.0.0.1", http_port, timeout=WAIT_S)
        for body in load.sent:
            again.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
            answer = again.getresponse()
            answer.read()
            assert answer.status == 200
        again.close()
    assert connection.execute("select count(*), count(distinct span_id) from process_trace").fetchone() == (
        len(load.sent) * PER_REQUEST,
        len(load.sent) * PER_REQUEST,
    )
    connection.close()
