"""Real programs of others: what is missing is skipped and says so; with `CI=true` it is a failure."""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest

from obsv.errors import StoreUnavailable
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.store import Reader

HERE = Path(__file__).parent
WAIT_S = 120.0
ANY_PORT = Address("127.0.0.1", 0)


def give_up(why: str) -> NoReturn:
    """Skip, or fail where everything is meant to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def node() -> Callable[[str], str]:
    """The path of node, for a package below this directory."""

    def find(package: str) -> str:
        found = shutil.which("node")
        if not found:
            give_up("no node on this machine")
        if not (HERE / package / "node_modules").exists():
            give_up(f"run `npm install --no-package-lock` in tests/peers/{package}")
        return found

    return find


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """Starts receivers on free ports, by default on `obsv.db`; they end with the test."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Receiver:
            given = {"db": tmp_path / "obsv.db", "grpc": ANY_PORT, "http": ANY_PORT, **settings}
            receiver = Receiver(ReceiverSettings(**given))
            receiver.start()
            stack.callback(receiver.stop)
            return receiver

        yield make


@pytest.fixture
def receiver(start: Callable[..., Receiver]) -> Receiver:
    return start()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path / "obsv.db")
    yield reader
    reader.close()


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Agent:
    """A running rotel: an OpenTelemetry agent between a sender and a receiver.

    Attributes:
        http: its base address over HTTP.
        grpc: its address over gRPC.
    """

    def __init__(self, binary: Path, directory: Path, protocol: str, to: str) -> None:
        ports = free_port(), free_port()
        self.grpc, self.http = (f"http://127.0.0.1:{port}" for port in ports)
        arguments = {
            "pid-file": directory / "rotel.pid",
            "log-file": directory / "rotel.log",
            "otlp-grpc-endpoint": f"127.0.0.1:{ports[0]}",
            "otlp-http-endpoint": f"127.0.0.1:{ports[1]}",
            "exporter": "otlp",
            "otlp-exporter-protocol": protocol,
            "otlp-exporter-endpoint": to,
            "batch-timeout": "100ms",
        }
        command = [
            str(binary),
            "start",
            *(part for name, value in arguments.items() for part in (f"--{name}", str(value))),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT_S
        for port in ports:
            while not answers(port):
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def stop(self) -> None:
        """End it; it sends what it holds before."""
        self.process.terminate()
        self.process.wait(WAIT_S)


def answers(port: int) -> bool:
    """Return whether something listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Callable[[str, str], Agent]]:
    """Starts agents: `agent(protocol, to)`."""
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        give_up("rotel is not installed")
    binary = Path(found.origin).with_name("rotel-agent")
    tried = subprocess.run([binary, "--version"], capture_output=True, text=True)
    if tried.returncode != 0:  # it needs a Python that was built with a shared library
        give_up(f"rotel does not start: {tried.stderr.strip()}")
    with ExitStack() as stack:

        def make(protocol: str, to: str) -> Agent:
            made = Agent(binary, tmp_path, protocol, to)
            stack.callback(made.stop)
            return made

        yield make


def wait_for(reader: Reader, spans: int) -> list[Any]:
    """The rows of `process_trace`, by name of the process, once there are so many."""
    deadline = time.monotonic() + WAIT_S
    while True:
        rows: list[Any] = []
        with contextlib.suppress(StoreUnavailable):  # the file is yet to be made
            rows = reader.query("select * from process_trace order by process")
        if len(rows) >= spans:
            return rows
        assert time.monotonic() < deadline, f"{len(rows)} of {spans} spans came"
        time.sleep(0.02)
