"""`opentelemetry-instrument` without a line of code, and other instrumentation beside `@monitor`."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.runtime.conftest import TIMEOUT_S, Program

from obsv.otlp.receiver import Receiver

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[2]
INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")

CLIENT = """
import sqlite3
import requests
from obsv import monitor

@monitor
def order(item: str):
    sqlite3.connect(":memory:").cursor().execute("select 1")
    return requests.get("http://127.0.0.1:{port}/stock/" + item, timeout=240).json()

print(order("tea"))
"""
SERVER = """
import socket
import uvicorn
from fastapi import FastAPI
from obsv import monitor

app = FastAPI()

@monitor
def look_up(item: str):
    return {"item": item, "count": 3}

@app.get("/stock/{item}")
def stock(item: str):
    return look_up(item)

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a program to which this source tree's entry points are installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    metadata = tmp_path / "site" / "obsv-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: obsv\nVersion: 0\n")
    lines = [
        line
        for group, members in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in members.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    paths = [str(tmp_path / "site"), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    cleared = dict.fromkeys(("OTEL_PYTHON_DISTRO", "OTEL_PYTHON_CONFIGURATOR", "OTEL_TRACES_EXPORTER"), "")
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths)), **cleared}


class Instrumented(Program):
    """A program under `opentelemetry-instrument`."""

    def __init__(self, directory: Path, installed: dict[str, str], name: str = "program") -> None:
        super().__init__(directory)
        self.installed = installed
        self.name = name

    def start(self, source: str, **environment: str) -> "subprocess.Popen[str]":
        path = self.directory / f"{self.name}.py"
        path.write_text(source)
        merged = {**os.environ, "OBSV_DB": str(self.db), **self.installed, **environment}
        return subprocess.Popen(
            [str(INSTRUMENT), sys.executable, str(path)],
            cwd=self.directory,
            env={name: value for name, value in merged.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def instrumented(tmp_path: Path, installed: dict[str, str]) -> Instrumented:
    return Instrumented(tmp_path, installed)


@pytest.fixture
def shop(tmp_path: Path, installed: dict[str, str]) -> Iterator[Callable[..., int]]:
    """Starts an instrumented web server that writes the same store; returns its port."""
    servers: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> int:
        server = Instrumented(tmp_path, installed, "server").start(SERVER, OTEL_SERVICE_NAME="stock", **environment)
        servers.append(server)
        assert server.stdout is not None
        return int(server.stdout.readline())

    yield start
    for server in servers:
        if server.poll() is None:
            server.terminate()
        server.communicate(timeout=TIMEOUT_S)


def wait_for(program: Program, calls: int, where: str = "1") -> None:
    """Wait until another process has stored so many calls."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        with contextlib.suppress(sqlite3.OperationalError):  # the file is being made
            if program.count(where) >= calls:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def tree(program: Program) -> list[Any]:
    """Each call with its parent and service, from the root on."""
    return program.query(
        "select c.service, c.process, p.process, c.trace_id = (select max(trace_id) from process_trace) "
        "from process_trace c left join process_trace p on p.span_id = c.parent_span_id order by c.ts"
    )


def test_monitored_calls_and_libraries_in_one_trace(instrumented: Instrumented, shop: Callable[..., int]) -> None:
    """A call, its SQL, its HTTP request, the server's span and the call there are one trace over two processes."""
    port = shop()
    result = instrumented.run(CLIENT.format(port=port), OTEL_SERVICE_NAME="client")
    assert "'count': 3" in result.stdout
    wait_for(instrumented, 2, "service = 'stock'")
    found = tree(instrumented)
    assert {same_trace for *_, same_trace in found} == {1}
    parents = {(service, name): parent for service, name, parent, _ in found}
    assert parents["client", "__main__.order"] is None
    assert parents["client", "select"] == "__main__.order"
    assert parents["client", "GET"] == "__main__.order"
    assert parents["stock", "GET /stock/{item}"] == "GET"
    assert parents["stock", "__main__.look_up"] == "GET /stock/{item}"
    values = dict(instrumented.query("select data, data_type from data_trace"))
    assert (values["http.status_code"], values["http.method"], values["db.statement"]) == ("OUTPUT", "INPUT", "INPUT")


def test_endpoint_is_served_as_well(instrumented: Instrumented, collector: Receiver) -> None:
    """With a standard endpoint set, calls go to the store and there."""
    instrumented.run(
        "from obsv import monitor\nmonitor(lambda: 1)()\n",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.http_port}",
    )
    assert instrumented.count() == 1
    assert collector.counts["spans"] == 1


def test_console_beside_the_store(instrumented: Instrumented) -> None:
    """Further names in OTEL_TRACES_EXPORTER are loaded beside ours; an unknown one is said."""
    result = instrumented.run(
        "from obsv import monitor\nmonitor(lambda: 1)()\n", OTEL_TRACES_EXPORTER="obsv_sqlite,console,nonsense"
    )
    assert '"trace_id"' in result.stdout
    assert "nonsense" in result.stderr
    assert instrumented.count() == 1


def test_others_are_left_alone(instrumented: Instrumented) -> None:
    """If only another exporter is named, everything behaves as if obsv were not installed."""
    source = """
from opentelemetry import trace
with trace.get_tracer("t").start_as_current_span("s"):
    pass
print(type(trace.get_tracer_provider()).__module__)
"""
    result = instrumented.run(source, OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="none")
    assert result.stdout.rstrip().splitlines()[-1] != ""
    assert "opentelemetry.sdk.trace" in result.stdout
    assert '"name": "s"' in result.stdout
    assert not instrumented.db.exists()


def test_exporter_of_the_sdk(instrumented: Instrumented) -> None:
    """With the SDK's own configurator `OTEL_TRACES_EXPORTER=obsv_sqlite` stores its spans."""
    source = """
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
_OTelSDKConfigurator().configure()
from opentelemetry import trace
with trace.get_tracer("t").start_as_current_span("s"):
    pass
trace.get_tracer_provider().shutdown()
"""
    program = Program(instrumented.directory)
    program.run(source, **instrumented.installed | {"OTEL_TRACES_EXPORTER": "obsv_sqlite"})
    assert program.query("select process, process_group from process_trace") == [("s", "t")]


def test_tracer_provider_by_name(instrumented: Instrumented) -> None:
    """`OTEL_PYTHON_TRACER_PROVIDER=obsv` is enough for any program that uses OpenTelemetry's API."""
    source = """
from opentelemetry import trace
with trace.get_tracer("t").start_as_current_span("s"):
    trace.get_tracer("t").start_span("inner").end()
{}
"""
    calls = """
    import obsv
    obsv.monitor(lambda: 1)()
"""
    for added, names in (("", {"s", "inner"}), (calls, {"s", "inner", "__main__.<lambda>"})):
        program = Program(instrumented.directory)
        program.db.unlink(missing_ok=True)
        program.run(source.format(added), OTEL_PYTHON_TRACER_PROVIDER="obsv", **instrumented.installed)
        assert {name for (name,) in program.query("select process from process_trace")} == names
        assert program.count("parent_span_id is null") == 1


def test_disabled_sdk(instrumented: Instrumented) -> None:
    """`OTEL_SDK_DISABLED=true` turns everything off."""
    instrumented.run("from obsv import monitor\nprint(monitor(lambda: 1)())\n", OTEL_SDK_DISABLED="true")
    assert not instrumented.db.exists()


def test_context_of_another_service(instrumented: Instrumented, shop: Callable[..., int]) -> None:
    """A `traceparent` that comes in is continued."""
    port = shop()
    trace_id, span_id = "ab" * 16, "cd" * 8
    httpx.get(f"http://127.0.0.1:{port}/stock/tea", headers={"traceparent": f"00-{trace_id}-{span_id}-01"}, timeout=240)
    wait_for(instrumented, 2)
    assert instrumented.query("select distinct trace_id from process_trace") == [(trace_id,)]
    assert instrumented.count(f"parent_span_id = '{span_id}'") == 1
