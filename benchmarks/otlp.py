"""Measure the committed spans per second received over OTLP, by HTTP and by gRPC, from one sender and from eight.

    python -m benchmarks.otlp [--spans 100000] [--batch 500] [--attributes 10] [--runs 3] [--phoenix VENV]
    PHOENIX_VENV=… python -m benchmarks otlp

The server is a process of its own, as in use. Requests are made beforehand; the sender waits for each acknowledgement
before it sends the next, and obsv acknowledges after the commit, so the time to the last acknowledgement is the time to
the last committed row; the rows are counted to be sure. Phoenix acknowledges before it stores: there the clock stops
when its database has the last row.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.result import Result

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
SERVER = """
import sys, threading
from pathlib import Path
from typing import NamedTuple
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
receiver = Receiver(ReceiverSettings(Path(sys.argv[1]), Address("127.0.0.1", 0), Address("127.0.0.1", 0)))
receiver.start()
print(receiver.http_port, receiver.grpc_port, flush=True)
sys.stdin.read()
receiver.stop()
"""
Send = Callable[[bytes], None]


def requests(spans: int, batch: int, attributes: int, seed: int = 1) -> list[bytes]:
    """Requests of an HTTP service: traces of five spans, attributes of mixed kinds."""
    rng = random.Random(seed)
    now_ns = time.time_ns() - 3_600_000_000_000
    return [_request(rng, min(batch, spans - at), attributes, now_ns + at * 1_000) for at in range(0, spans, batch)]


def _request(rng: random.Random, spans: int, attributes: int, start_ns: int) -> bytes:
    made = ExportTraceServiceRequest()
    resource_spans = made.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "bench"
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "bench"
    trace_id = root_id = b""
    for index in range(spans):
        if index % 5 == 0:
            trace_id, root_id = rng.randbytes(16), b""
        span = scope_spans.spans.add(trace_id=trace_id, span_id=rng.randbytes(8), parent_span_id=root_id, kind=2)
        root_id = root_id or span.span_id
        span.name = f"GET /resource/{index % 20}"
        span.start_time_unix_nano = start_ns + index * 1_000
        span.end_time_unix_nano = span.start_time_unix_nano + rng.randrange(10_000, 10_000_000)
        span.flags = 0x101
        for position in range(attributes):
            value = span.attributes.add(key=f"attribute.number.{position}").value
            if position % 3 == 0:
                value.int_value = rng.randrange(1_000_000)
            else:
                value.string_value = f"value {rng.randrange(1_000_000)} of this attribute"
    return made.SerializeToString()


@contextmanager
def server(db: Path) -> Iterator[tuple[int, int]]:
    """A receiver in another process; yields its ports."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        http_port, grpc_port = map(int, process.stdout.readline().split())
        yield http_port, grpc_port
    finally:
        process.stdin.close()
        process.wait(30)


@contextmanager
def http_sender(port: int, path: str = "/v1/traces") -> Iterator[Send]:
    """Sends by OTLP/HTTP protobuf on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Content-Type": "application/x-protobuf"}

    def send(body: bytes) -> None:
        while True:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return
            if answer.status not in (429, 503):
                raise SystemExit(f"the server answered {answer.status}")
            time.sleep(0.25)

    yield send
    connection.close()


@contextmanager
def grpc_sender(port: int) -> Iterator[Send]:
    """Sends by OTLP/gRPC on one channel."""
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", -1)]) as channel:
        call = channel.unary_unary(EXPORT)

        def send(body: bytes) -> None:
            call(body, timeout=120)

        yield send


def rows(db: Path, table: str = "span") -> int:
    """Return the number of committed rows."""
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=30)
    try:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])
    finally:
        connection.close()


def rate(protocol: str, bodies: list[bytes], spans: int, senders: int = 1) -> float:
    """Committed spans a second of one run, in which several senders share the requests."""
    with tempfile.TemporaryDirectory() as directory:
        db = Path(directory) / "obsv.db"
        with server(db) as (http_port, grpc_port):

            def run(part: list[bytes]) -> None:
                with http_sender(http_port) if protocol == "http" else grpc_sender(grpc_port) as send:
                    for body in part:
                        send(body)

            run([b""])
            with ThreadPoolExecutor(senders) as pool:
                began = time.perf_counter()
                list(pool.map(run, (bodies[at::senders] for at in range(senders))))
                took = time.perf_counter() - began
            assert rows(db) == spans
    return spans / took


def phoenix_rate(venv: Path, bodies: list[bytes], spans: int, limit_s: float) -> float:
    """Stored spans a second of Arize Phoenix on SQLite, from its own environment."""
    with tempfile.TemporaryDirectory() as directory, phoenix(venv, Path(directory)) as port:
        db = Path(directory) / "phoenix.db"
        with http_sender(port) as send:
            began = time.perf_counter()
            for body in bodies:
                send(body)
            stored = 0
            while stored < spans and time.perf_counter() - began < limit_s:
                time.sleep(0.25)
                stored = rows(db, "spans")
            return stored / (time.perf_counter() - began)


@contextmanager
def phoenix(venv: Path, directory: Path) -> Iterator[int]:
    """A Phoenix server; yields its port."""
    port, grpc_port = _free_port(), _free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PHOENIX_", "OTEL_"))}
    environment |= {
        "PHOENIX_WORKING_DIR": str(directory),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    process = subprocess.Popen(
        [str(venv / "bin" / "phoenix"), "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(480):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            if process.poll() is not None:
                break
        finally:
            connection.close()
        time.sleep(0.5)
    raise SystemExit("Phoenix did not come up.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Figures(NamedTuple):
    """Committed spans a second; Phoenix's None where it was not asked for.

    Args:
        hub: of eight senders over HTTP, spans of four attributes, as obsv's own have.
    """

    http: float
    grpc: float
    hub: float
    phoenix: float | None


def figures(options: argparse.Namespace) -> Figures:
    """Median of several runs, HTTP and gRPC in turn."""
    bodies = requests(options.spans, options.batch, options.attributes)
    runs: dict[str, list[float]] = {"http": [], "grpc": []}
    for _ in range(options.runs):
        for protocol, results in runs.items():
            results.append(rate(protocol, bodies, options.spans))
    small = requests(options.spans, options.batch, 4, seed=3)
    hub = statistics.median([rate("http", small, options.spans, senders=8) for _ in range(options.runs)])
    slow = None
    if options.phoenix:
        fewer = requests(options.phoenix_spans, options.batch, options.attributes, seed=2)
        slow = phoenix_rate(options.phoenix, fewer, options.phoenix_spans, 600)
    return Figures(statistics.median(runs["http"]), statistics.median(runs["grpc"]), hub, slow)


def measure() -> list[Result]:
    """The table for docs/benchmarks.md; `PHOENIX_VENV` names an environment that has arize-phoenix."""
    venv = os.environ.get("PHOENIX_VENV")
    found = figures(parser().parse_args(["--phoenix", venv] if venv else []))
    results = [
        Result(
            "OTLP/HTTP protobuf, one sender, batches of 500, 10 attributes: committed",
            found.http,
            6_000,
            20_000,
            " spans/s",
            True,
        ),
        Result(
            "hub: OTLP/HTTP protobuf, eight senders, batches of 500, 4 attributes: committed",
            found.hub,
            20_000,
            50_000,
            " spans/s",
            True,
        ),
        Result("OTLP/gRPC ÷ OTLP/HTTP", found.grpc / found.http, 0.7, 1.0, "", True),
    ]
    if found.phoenix:
        results.append(Result("OTLP/HTTP ÷ Arize Phoenix on SQLite", found.http / found.phoenix, 25, 80, "", True))
    return results


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--spans", type=int, default=100_000)
    made.add_argument("--batch", type=int, default=500)
    made.add_argument("--attributes", type=int, default=10)
    made.add_argument("--runs", type=int, default=3)
    made.add_argument("--phoenix", type=Path, help="a virtual environment that has arize-phoenix")
    made.add_argument("--phoenix-spans", type=int, default=10_000)
    return made


if __name__ == "__main__":
    print(json.dumps(figures(parser().parse_args())._asdict()))
