"""A real OpenTelemetry Collector with the configurations of this repository: `make collector` builds it."""

import hashlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from tests.peers.conftest import WAIT_S, answers, free_port, wait_for
from tests.peers.test_python_sdk import record
from tests.runtime.conftest import Program

from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address
from obsv.store import Reader

ROOT = Path(__file__).parents[2]
BASE, MANIFEST = ROOT / "otel-collector-config.yaml", Path(__file__).with_name("collector") / "builder.yaml"
OVERLAYS = sorted((ROOT / "exporters").glob("*.yaml"))
# Its own metrics would take a port.
QUIET = "yaml:service::telemetry::metrics::level: none"


def built() -> Path:
    """Return the path of the collector that `make collector` builds from this manifest."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "obsv" / f"otelcol-{hashlib.sha256(MANIFEST.read_bytes()).hexdigest()[:12]}"


pytestmark = pytest.mark.skipif(not built().exists(), reason="no collector; `make collector` builds it where Go is")


class Collector(NamedTuple):
    """A running collector.

    Args:
        process: its process.
        grpc: its address over gRPC.
        http: its base address over HTTP.
        log: what it says.
    """

    process: "subprocess.Popen[bytes]"
    grpc: str
    http: str
    log: Path

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; with SIGTERM it sends what it holds before."""
        self.process.send_signal(how)
        self.process.wait(WAIT_S)


Start = Callable[..., Collector]


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Start]:
    """Starts collectors: `collector(address of obsv, *overlays, variables)`."""
    with ExitStack() as stack:

        def make(obsv: str, *overlays: str, grpc: int = 0, http: int = 0, **variables: str) -> Collector:
            grpc, http = grpc or free_port(), http or free_port()
            listen = {"OTLP_GRPC_LISTEN": f"127.0.0.1:{grpc}", "OTLP_HTTP_LISTEN": f"127.0.0.1:{http}"}
            files = [BASE, *(ROOT / "exporters" / f"{name}.yaml" for name in overlays)]
            command = [str(built()), *(f"--config={file}" for file in files), f"--config={QUIET}"]
            log = tmp_path / f"collector-{http}.log"
            with log.open("ab") as output:
                process = subprocess.Popen(
                    command, env=os.environ | listen | {"OBSV_ENDPOINT": obsv} | variables, stderr=output, stdout=output
                )
            made = Collector(process, f"http://127.0.0.1:{grpc}", f"http://127.0.0.1:{http}", log)
            stack.callback(lambda: process.poll() is None and made.end(signal.SIGKILL))
            deadline = time.monotonic() + WAIT_S
            while not (answers(grpc) and answers(http)):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            return made

        yield make


def address(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.http_port}"


CHOICES = [(), *itertools.combinations(OVERLAYS, 1), *itertools.combinations(OVERLAYS, 2), tuple(OVERLAYS)]


@pytest.mark.parametrize("overlays", CHOICES, ids=lambda chosen: "+".join(path.stem for path in chosen) or "base")
def test_configurations_are_valid(overlays: tuple[Path, ...]) -> None:
    """The collector takes the base with every overlay, every pair, and all of them."""
    files = [f"--config={path}" for path in (BASE, *overlays)]
    variables = {"OBSV_SHARED_ENDPOINT": "http://127.0.0.1:1", "OBSV_SHARED_TOKEN": "x"}
    ran = subprocess.run([built(), "validate", *files], env=os.environ | variables, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_a_wrong_configuration_is_not_valid(tmp_path: Path) -> None:
    """The collector would say so."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("exporters:\n  otlp_http/obsv:\n    no_such_setting: 1\n")
    ran = subprocess.run([built(), "validate", f"--config={BASE}", f"--config={wrong}"], capture_output=True)
    assert ran.returncode != 0


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_collector_to_obsv(receiver: Receiver, reader: Reader, collector: Start, protocol: str) -> None:
    """SDK to collector to obsv."""
    between = collector(address(receiver))
    record(
        GrpcExporter(between.grpc, insecure=True) if protocol == "grpc" else HttpExporter(f"{between.http}/v1/traces")
    )
    rows = wait_for(reader, 2)
    assert [row["process"] for row in rows] == ["POST /order", "insert"]
    assert rows[1]["exception"].startswith("ValueError: no tea")


def test_collector_with_a_token(start: Callable[..., Receiver], reader: Reader, collector: Start) -> None:
    """The configuration sends OBSV_TOKEN."""
    between = collector(address(start(token="a-long-enough-token")), OBSV_TOKEN="a-long-enough-token")
    record(HttpExporter(f"{between.http}/v1/traces"))
    assert len(wait_for(reader, 2)) == 2


def test_two_destinations(
    start: Callable[..., Receiver], receiver: Receiver, reader: Reader, collector: Start, tmp_path: Path
) -> None:
    """With overlays spans reach every destination: a second obsv, its metrics for Prometheus, and the log."""
    second, port = start(db=tmp_path / "second.db"), free_port()
    between = collector(
        address(receiver),
        *("obsv", "debug", "prometheus"),
        OBSV_SHARED_ENDPOINT=address(second),
        OBSV_SHARED_TOKEN="",
        PROMETHEUS_LISTEN=f"127.0.0.1:{port}",
        DEBUG_VERBOSITY="detailed",
    )
    record(HttpExporter(f"{between.http}/v1/traces"))
    assert len(wait_for(reader, 2)) == 2
    assert len(wait_for(Reader(tmp_path / "second.db"), 2)) == 2
    assert answers(port)
    assert "POST /order" in between.log.read_text()


def test_obsv_is_killed_and_comes_back(start: Callable[..., Receiver], reader: Reader, collector: Start) -> None:
    """Spans that the collector could not deliver meanwhile arrive once after the restart."""
    first = start()
    assert first.http_port is not None
    between = collector(address(first))
    record(HttpExporter(f"{between.http}/v1/traces"))
    wait_for(reader, 2)
    first.stop()
    record(HttpExporter(f"{between.http}/v1/traces"))
    start(http=Address("127.0.0.1", first.http_port))
    assert len(wait_for(reader, 4)) == 4


def test_the_collector_is_killed_and_comes_back(
    receiver: Receiver, reader: Reader, collector: Start, tmp_path: Path
) -> None:
    """Undelivered spans are in the store, and `obsv forward` sends them once the collector is back."""
    first = collector(address(receiver))
    first.end(signal.SIGKILL)
    directory = tmp_path / "program"
    directory.mkdir()
    program = Program(directory)
    source = "import obsv\n@obsv.monitor\ndef add(a, b):\n    return a + b\nfor i in range(20): add(i, 2)\n"
    program.run(source, OTEL_EXPORTER_OTLP_ENDPOINT=first.http, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf")
    assert program.query("select count(*) from process_trace") == [(20,)]
    again = collector(address(receiver), http=int(first.http.rpartition(":")[2]))
    forward = [sys.executable, "-m", "obsv", "forward", "--db", str(program.db), "--to", again.http]
    assert subprocess.run(forward, capture_output=True).returncode == 0
    assert len(wait_for(reader, 20)) == 20


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_obsv_to_collector(receiver: Receiver, reader: Reader, collector: Start, tmp_path: Path, protocol: str) -> None:
    """A monitored program's second lane goes through the collector to another obsv, values and code place included."""
    between = collector(address(receiver))
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
