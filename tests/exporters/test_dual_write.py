"""Programs that send their spans to a collector beside the store."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.conftest import Program

from obsv.otlp.receiver import Receiver

PROGRAM = """
import obsv

obsv.configure({arguments})

@obsv.monitor
def divide(a: int, b: int):
    return a / b

for b in (0, *range(1, 20)):
    try:
        divide(1, b)
    except ZeroDivisionError:
        pass
"""
CALLS = "select ts, process, status, duration_ms, exception, process_group, trace_id, span_id, thread_id, service "
VALUES = (
    "select process, data, data_type, data_value, status, exception, trace_id, span_id from data_trace order by 7, 2"
)


def rows(db: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def same(one: Path, other: Path) -> bool:
    """Return whether two stores contain the same calls and values."""
    calls = CALLS + "from process_trace order by trace_id"
    return rows(one, calls) == rows(other, calls) and rows(one, VALUES) == rows(other, VALUES)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_argument(program: Program, collector: Receiver, tmp_path: Path, protocol: str) -> None:
    """`otlp_endpoint` sends every call to the collector too, where it is the same call with the same values."""
    port = collector.http_port if protocol == "http" else collector.grpc_port
    variables = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"} if protocol == "grpc" else {}
    program.run(PROGRAM.format(arguments=f'otlp_endpoint="http://127.0.0.1:{port}"'), **variables)
    assert program.count() == 20
    assert program.count("status = 'ERR'") == 1
    assert same(program.db, tmp_path / "collector.db")


INSTRUMENTED = """
import requests, obsv

for module in (requests.api, requests.sessions, requests.adapters):
    obsv.auto_instrument_module(module)

obsv.configure({arguments})
requests.api.get("{address}")
assert obsv.force_flush(120)
"""


def test_sending_is_not_recorded(program: Program, collector: Receiver) -> None:
    """If the sending library is instrumented, only the program's own use of it is recorded."""
    address = f"http://127.0.0.1:{collector.http_port}"
    program.run(INSTRUMENTED.format(arguments=f'otlp_endpoint="{address}"', address=address))
    assert program.count("process = 'requests.api.get'") == 1
    threads = program.query("select distinct name from thread t join span s on s.thread_id = t.id")
    assert threads == [("MainThread",)]


def test_environment(program: Program, collector: Receiver, tmp_path: Path) -> None:
    """The standard variables do the same without a word in the program."""
    program.run(
        PROGRAM.format(arguments=""),
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.http_port}",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_SERVICE_NAME="shop",
    )
    assert same(program.db, tmp_path / "collector.db")
    assert rows(tmp_path / "collector.db", "select distinct service from process_trace") == [("shop",)]


OK = b"HTTP/1.1 200 OK\r\ncontent-length: "
LIES = {
    "dead": b"",
    "silent": None,
    "no HTTP": b"\x00\x01garbage\r\n\r\n",
    "a web page": OK + b"6\r\ncontent-type: text/html\r\n\r\n<html>",
    "a broken message": OK + b"3\r\ncontent-type: application/x-protobuf\r\n\r\n\xff\xff\xff",
    "refuses": b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
    "fails": b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    "wants patience": b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n",
    "redirects to itself": b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /v1/traces\r\ncontent-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("answer", LIES.values(), ids=LIES)
def test_collectors_that_do_not_work(
    program: Program, badly_answering: Callable[[bytes | None], int], answer: bytes | None, protocol: str
) -> None:
    """A collector that is dead, silent or lying costs the store nothing, and the program ends."""
    port = badly_answering(answer) if answer != b"" else 9
    program.run(
        PROGRAM.format(arguments=f'otlp_endpoint="http://127.0.0.1:{port}"'), OTEL_EXPORTER_OTLP_PROTOCOL=protocol
    )
    assert program.count() == 20


def test_store_is_written_while_the_collector_hangs(
    program: Program, badly_answering: Callable[[bytes | None], int]
) -> None:
    """`force_flush` says that everything is stored although nothing was sent."""
    result = program.run(
        PROGRAM.format(arguments=f'otlp_endpoint="http://127.0.0.1:{badly_answering(None)}"')
        + "print(obsv.force_flush(60), obsv.stats()['otlp_exported'])\n"
    )
    assert result.stdout == "True 0\n"


def test_extra_is_missing(program: Program) -> None:
    """Without the exporters' packages the program is recorded, and the log says what to install."""
    blocked = "import sys\nsys.modules['opentelemetry.exporter.otlp.proto.http.trace_exporter'] = None\n"
    result = program.run(blocked + PROGRAM.format(arguments='otlp_endpoint="http://127.0.0.1:4318"'))
    assert "obsv[otlp]" in result.stderr
    assert program.count() == 20


EVENTS = """
import logging, obsv
from obsv.events import LogHandler

obsv.configure({arguments})
logging.getLogger("shop").addHandler(LogHandler())

@obsv.monitor
def place(order: int):
    obsv.event("order.placed", severity="WARN", order=order, password="hunter2", lines=[{{"sku": "A"}}, None])
    logging.getLogger("shop").error("no stock for %s", order, extra={{"order": order}})

place(7)
assert obsv.force_flush(60)
print(obsv.stats().get("otlp_logs_exported"))
"""
SAID = (
    "select severity_number, event_name, body, trace_id, span_id, logger, thread, attributes -> '{}' "
    "from log order by severity_number"
)


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_log_records(program: Program, collector: Receiver, tmp_path: Path, protocol: str) -> None:
    """Events and log records reach the collector in their trace, masked, with what the store has of them."""
    port = collector.http_port if protocol == "http" else collector.grpc_port
    variables = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"} if protocol == "grpc" else {}
    told = program.run(EVENTS.format(arguments=f'otlp_endpoint="http://127.0.0.1:{port}"'), **variables)
    assert told.stdout == "2\n"
    found = [rows(db, SAID.format("order")) for db in (program.db, tmp_path / "collector.db")]
    assert found[0] == found[1]
    assert [line[:3] for line in found[0]] == [(13, "order.placed", None), (17, "", "no stock for 7")]
    (attributes,) = rows(tmp_path / "collector.db", "select attributes from log where event_name <> ''")[0]
    assert '"lines":[{"sku":"A"},null]' in attributes
    assert "hunter2" not in attributes


def test_log_records_stay_here(program: Program, collector: Receiver, tmp_path: Path) -> None:
    """A backend that takes no log records is left alone; spans go there all the same."""
    arguments = f'otlp_endpoint="http://127.0.0.1:{collector.http_port}"'
    told = program.run(EVENTS.format(arguments=arguments), OTEL_LOGS_EXPORTER="none")
    assert told.stdout == "None\n"
    assert rows(tmp_path / "collector.db", "select process from process_trace") == [("__main__.place",)]
