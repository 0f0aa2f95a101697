"""Received OTLP is inserted into the tables of the collector's exporter, as the exporter would, and exactly once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import collector_rows
import httpx
import pytest
from calls import call
from clickhouse_engine import Engine
from otlp_requests import request, span

from obsv.cli.app import main
from obsv.clickhouse import Inserter
from obsv.clickhouse.address import Address
from obsv.clickhouse.texts import log_row, span_rows
from obsv.errors import ConfigurationError, StoreUnavailable
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address as Port
from obsv.otlp.settings import ReceiverSettings
from obsv.server import Settings, create_app
from obsv.store.ground import LogRow, Source
from obsv.wire.jsonform import json_slices
from obsv.wire.rowmaker import Decoded, RowMaker

PROTOBUF = {"content-type": "application/x-protobuf"}
ANY = {"boolValue": True}, {"intValue": "-7"}, {"doubleValue": 2.5}, {"doubleValue": 3.0}, {"stringValue": "a'b\\\n\t"}
VALUES = [*ANY, {"bytesValue": "AAH/"}, {"arrayValue": {"values": list(ANY)}},
          {"kvlistValue": {"values": [{"key": "k", "value": ANY[1]}]}}, {}]  # fmt: skip


def rich_request() -> dict[str, Any]:
    attributes = [{"key": f"a{number}", "value": value} for number, value in enumerate(VALUES)]
    whole = {
        "traceId": "0123456789abcdef0123456789abcdef", "spanId": "0123456789abcdef", "parentSpanId": "ab" * 8,
        "name": "GET /ü", "kind": 3, "startTimeUnixNano": "1790000000000000001",
        "endTimeUnixNano": "1790000000500000000", "traceState": "a=b", "attributes": attributes,
        "status": {"code": 2, "message": "no"}, "flags": 257,
        "events": [{"timeUnixNano": "1790000000000000002", "name": "retry", "attributes": attributes[:2]}],
        "links": [{"traceId": "ef" * 16, "spanId": "cd" * 8, "traceState": "", "attributes": attributes[1:3]}],
    }  # fmt: skip
    plain = {"traceId": "ab" * 16, "spanId": "12" * 8, "name": "x", "kind": 1, "startTimeUnixNano": "179" + "0" * 16,
             "endTimeUnixNano": "1790000000000000000", "attributes": [], "status": {"code": 0}}  # fmt: skip
    resource = [{"key": "service.name", "value": {"stringValue": "shop"}}, {"key": "n", "value": {"intValue": "1"}}]
    scope = {"name": "lib", "version": "1.2", "attributes": []}
    return {
        "resourceSpans": [
            {"resource": {"attributes": resource}, "scopeSpans": [{"scope": scope, "spans": [whole, plain]}]}
        ]
    }


def test_rows_are_those_of_the_exporter() -> None:
    """For values of all types, events and links."""
    made = rich_request()
    decoded = Decoded.joined(json_slices(json.dumps(made).encode(), RowMaker()))
    assert list(span_rows(decoded.rows)) == list(collector_rows.rows(made))


def test_a_row_of_a_log_record() -> None:
    resource = '{"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}], "schemaUrl": "u"}'
    source = Source("shop", resource, '{"name": "orders", "version": "2"}')
    record = LogRow(source, 1_790_000_000_000_000_001, 9, "INFO", "tick", '{"a":[1,true]}', '{"n":7,"t":"x"}',
                    b"\1" * 16, b"\2" * 8, "shop.place", "main")  # fmt: skip
    row = log_row(record)
    assert (row["Timestamp"], row["ServiceName"], row["Body"]) == ("1790000000.000000001", "shop", '{"a":[1,true]}')
    assert row["LogAttributes"] == {"n": "7", "t": "x", "obsv.process": "shop.place", "thread.name": "main"}
    assert (row["ScopeName"], row["ScopeVersion"], row["ResourceSchemaUrl"]) == ("orders", "2", "u")


@contextmanager
def receiving(engine: Engine, database: str, directory: Path, port: int | None = None) -> Iterator[Receiver]:
    engine.run(f"create database if not exists {database}")
    address = Address("127.0.0.1", port or engine.port, database=database)
    settings = ReceiverSettings(directory / "none.db", grpc=None, http=Port("127.0.0.1", 0))
    receiver = Receiver(settings, into=Inserter(address, sleep=lambda s: None))
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def post(receiver: Receiver, *numbers: int) -> httpx.Response:
    body = request(*(span(span_id=number.to_bytes(8, "big")) for number in numbers)).SerializeToString()
    url = f"http://127.0.0.1:{receiver.http_port}/v1/traces"
    return httpx.post(url, content=body, headers=PROTOBUF, timeout=120)


def test_an_acknowledged_span_is_there(engine: Engine, tmp_path: Path) -> None:
    """In tables that are made with the first request, and found by the app's questions."""
    with receiving(engine, "hub_one", tmp_path) as receiver:
        assert post(receiver, 1, 2, 3).status_code == 200
        assert engine.run("select count(), uniqExact(SpanId) from otel_traces", "hub_one") == b"3,3\n"
        assert post(receiver, 4).status_code == 200
        assert receiver.counts["spans"] == 4
    store = engine.store("hub_one")
    (trace,) = {span().trace_id}
    assert len(store.spans_of_trace(trace.hex())) == 4
    store.close()
    assert not (tmp_path / "none.db").exists()


def test_an_insert_without_an_answer_is_not_doubled(engine: Engine, tmp_path: Path) -> None:
    """The connection is cut after ClickHouse has inserted: the same batch again, with the same token."""
    inserts = 0

    class Cutting(BaseHTTPRequestHandler):
        """Passes requests on, and hangs up instead of answering the first two inserts."""

        def do_POST(self) -> None:
            nonlocal inserts
            body = self.rfile.read(int(self.headers["content-length"]))
            beyond = HTTPConnection("127.0.0.1", engine.port, timeout=60)
            beyond.request("POST", self.path, body)
            answer = beyond.getresponse()
            content = answer.read()
            beyond.close()
            if body.startswith(b"INSERT"):
                inserts += 1
                if inserts < 3:
                    return
            self.send_response(answer.status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Cutting)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        with receiving(engine, "hub_two", tmp_path, proxy.server_port) as receiver:
            assert post(receiver, 1, 2).status_code == 200
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
    assert inserts == 3
    assert engine.run("select count() from otel_traces", "hub_two") == b"2\n"


def test_senders_wait_while_clickhouse_is_away(engine: Engine, tmp_path: Path) -> None:
    """503 with the time to wait; nothing is acknowledged."""
    with receiving(engine, "hub_three", tmp_path, port=9) as receiver:
        answer = post(receiver, 1)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_batch_that_clickhouse_refuses_is_an_error(engine: Engine) -> None:
    """A table with other columns, for example."""
    engine.run("create database hub_four")
    engine.run("create table otel_traces (a UInt8) engine = MergeTree order by a", "hub_four")
    inserter = Inserter(Address("127.0.0.1", engine.port, database="hub_four"), sleep=lambda s: None)
    with pytest.raises(StoreUnavailable):
        inserter.write([call(1)], logs=[])
    inserter.close()


@pytest.mark.anyio
async def test_a_server_that_writes(engine: Engine, tmp_path: Path) -> None:
    """It receives on the port of the app, and shows what it has inserted; one that only reads has no such place."""
    engine.run("create database hub_five")
    for write, status in ((True, 200), (False, 405)):
        settings = Settings(tmp_path / "n.db", store=f"clickhouse://127.0.0.1:{engine.port}/hub_five", write=write)
        app = create_app(settings)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8050", timeout=120) as client:
            answer = await client.post("/v1/traces", content=request(span()).SerializeToString(), headers=PROTOBUF)
            assert answer.status_code == status
            trace = (await client.get(f"/api/v1/traces/{span().trace_id.hex()}")).status_code
            assert trace == 200
        app.state.receiver.stop()
        app.state.reader.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_spans_of_very_many_days(engine: Engine) -> None:
    """An insert of more than a hundred partitions would be refused, for ever."""
    engine.run("create database hub_six")
    inserter = Inserter(Address("127.0.0.1", engine.port, database="hub_six"), sleep=lambda s: None)
    rows = [call(day, at=day * 86_400 * 10**9) for day in range(1, 201)]
    inserter.write(rows, logs=[])
    inserter.close()
    assert engine.run("select count(), uniqExact(toDate(Timestamp)) from otel_traces", "hub_six") == b"200,200\n"


def test_rows_that_do_not_fit_the_table(engine: Engine, tmp_path: Path) -> None:
    """The request with them is refused for good; those of others are stored."""
    engine.run("create database hub_seven")
    made = (Path(__file__).parents[2] / "src/obsv/clickhouse/exporter.sql").read_text().split(";\n")[0]
    made = made.replace("{table}", "otel_traces").replace("TraceState String", "TraceState Enum8('' = 1)")
    engine.run(made, "hub_seven")
    good, bad = request(span()), request(span(span_id=b"12345678"))
    bad.resource_spans[0].scope_spans[0].spans[0].trace_state = "a=b"
    with receiving(engine, "hub_seven", tmp_path) as receiver:
        url = f"http://127.0.0.1:{receiver.http_port}/v1/traces"
        statuses = [
            httpx.post(url, content=each.SerializeToString(), headers=PROTOBUF, timeout=120).status_code
            for each in (bad, good)
        ]
    assert statuses == [500, 200]
    assert engine.run("select count() from otel_traces", "hub_seven") == b"1\n"


def test_settings_that_contradict_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError, match="--store"):
        Settings(tmp_path / "a.db", write=True).check()
    assert main(["serve", "--db", str(tmp_path / "a.db"), "--write"]) == 2
    assert "--store clickhouse" in capsys.readouterr().err
