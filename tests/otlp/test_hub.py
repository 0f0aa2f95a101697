"""A program's keeper sends what it stores to a hub, by itself: calls, and log records."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from calls import EPOCH_NS
from keepers import eventually

from obsv.keeper.files import KeeperFiles
from obsv.keeper.wishes import leave_wishes, read_wishes
from obsv.otlp.follow import following
from obsv.otlp.receiver import Receiver
from obsv.otlp.streams import LOGS
from obsv.store import Source, Writer
from obsv.store.ground import LogRow
from obsv.store.seam import open_store
from obsv.wire.log_protobuf import log_protobuf_slices
from obsv.wire.rowmaker import RowMaker

_PROGRAM = """
import sys, obsv
obsv.configure(db=sys.argv[1], hub=sys.argv[2])
@obsv.monitor
def price(symbol):
    obsv.event("priced", symbol=symbol)
    return 7
for number in range(20):
    price(f"S{number}")
obsv.force_flush(120)
print("recorded", flush=True)
sys.stdin.read()
"""
SOURCE = Source("shop", '{"attributes": [{"key": "host.name", "value": {"stringValue": "a"}}]}', '{"name": "orders"}')
COUNTS = "select (select count(*) from process_trace), (select count(*) from log)"


def log_rows() -> list[LogRow]:
    values = ["null", '"text"', '{"a":[1,2.5,true,null,{"b":"c"}]}', '["x"]']
    return [
        LogRow(
            SOURCE,
            EPOCH_NS + number * 1_000,
            9 + number,
            "INFO",
            "tick" if number % 2 else "",
            body,
            f'{{"n":{number}}}',
            bytes([number + 1]) * 16,
            bytes([number + 1]) * 8,
            "shop.place" if number % 2 else "",
        )
        for number, body in enumerate(values)
    ]


def test_log_records_survive_the_way(tmp_path: Path) -> None:
    """Body, attributes, severity, event, trace, and the call in which each was made."""
    with closing(Writer(tmp_path / "a.db")) as writer:
        writer.write([], logs=log_rows())
    with closing(open_store(tmp_path / "a.db")) as store:
        body = LOGS.encode(LOGS.after(store, 0, 100), None)
    received = [log for decoded in log_protobuf_slices(body, RowMaker()) for log in decoded.logs]
    assert [log[1:] for log in received] == [log[1:] for log in log_rows()]
    assert {log.source.service for log in received} == {"shop"}
    assert all('"host.name"' in log.source.resource for log in received)


def test_a_program_with_a_hub(tmp_path: Path, start: Callable[..., Receiver], db: Path) -> None:
    """Nothing else is to be started on its machine."""
    receiver = start()
    address = f"http://127.0.0.1:{receiver.http_port}"
    arguments = [sys.executable, "-c", _PROGRAM, str(tmp_path / "local.db"), address]
    program = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "recorded\n"
        with closing(Writer(db)) as writer:
            writer.open()
        with closing(open_store(db)) as store:
            eventually(lambda: store.run_sql(COUNTS).rows == [(20, 20)])
            inputs = "select count(*) from data_trace where data = 'symbol' and data_type = 'INPUT'"
            assert store.run_sql(inputs).rows == [(20,)]
            assert store.run_sql("select count(*) from log where event_name = 'priced'").rows == [(20,)]
    finally:
        program.communicate()
    assert read_wishes(KeeperFiles.of(tmp_path / "local.db")) == {"hub": address}


def test_a_receiver_of_spans_alone_gets_them(tmp_path: Path) -> None:
    """Log records are left out where nobody takes them, and keep no call waiting."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    taken: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            taken.append(self.path)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        from calls import call

        with closing(Writer(tmp_path / "a.db")) as writer:
            writer.write([call(1)], logs=log_rows())
        turns = iter([False] * 3)
        to = f"http://127.0.0.1:{server.server_port}"
        with following(tmp_path / "a.db", to, {}, lambda s: next(turns, True), lambda reason: None) as follower:
            follower.run()
            assert follower.calls.sent.spans == 1
            assert follower.logs.sent.spans == 0
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert taken == ["/v1/traces", "/v1/logs"]


def test_another_hub_ends_the_sending_to_the_first(tmp_path: Path) -> None:
    """Its child looks at what programs wish."""
    files = KeeperFiles.of(tmp_path / "o.db")
    files.make()
    leave_wishes(files, {"hub": "http://127.0.0.1:9"})
    code = "import sys; from obsv.otlp.hub_errand import main; sys.exit(main(sys.argv[1]))"
    child = subprocess.Popen([sys.executable, "-c", code, files.db], stderr=subprocess.DEVNULL)
    eventually(lambda: (tmp_path / "o.db").exists())
    assert child.poll() is None
    leave_wishes(files, {"hub": None})
    assert child.wait(120) == 0
