"""Exact inputs of failing calls reach a hub of obsv, and nobody else."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from calls import TRACE, call
from otlp_requests import request, span

from obsv.analysis.repro import repro
from obsv.capture import Redactor
from obsv.otlp.follow import following
from obsv.otlp.receiver import Receiver
from obsv.semconv import EXACT_INPUTS
from obsv.store import Writer
from obsv.store.seam import open_store
from obsv.wire.protobuf import decode_protobuf
from obsv.wire.rowmaker import RowMaker

PLACE = "{'lines': [1, 2, 3], 'note': 'nul \\x00'}"
KEPT = {"order": PLACE, "path": "PosixPath('/tmp/ä')"}
FAILED = "Traceback (most recent call last):\nValueError: no"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Three failing calls: with exact texts of which one is masked, with a pickle, with none; and one that worked."""
    path = tmp_path / "spool.db"
    texts = json.dumps({**KEPT, "login": "Login(password='***')"})
    with closing(Writer(path)) as writer:
        writer.write(
            [
                call(1, error=FAILED, inputs={"order": "<Order>", "path": "…"}, exact=texts),
                call(2, error=FAILED, inputs={"order": "<Order>"}, exact=pickle.dumps(((1,), {}))),
                call(3, error=FAILED),
                call(4),
            ]
        )
    return path


def send(spool: Path, to: str, **environment: str) -> int:
    turns = iter([False] * 2)
    with following(spool, to, environment, lambda s: next(turns, True), lambda reason: None) as follower:
        follower.run()
        return follower.calls.sent.spans


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_hub_gets_them(spool: Path, start: Callable[..., Receiver], db: Path, protocol: str) -> None:
    """Texts without what was masked; never a pickle. A test there uses them, and imports nothing."""
    receiver = start()
    port = receiver.grpc_port if protocol == "grpc" else receiver.http_port
    assert send(spool, f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_PROTOCOL=protocol) == 4
    assert (receiver.counts["requests"], receiver.counts["empty"]) == (1, 0)
    with closing(open_store(db)) as store:
        calls = [store.read_call(TRACE, f"{number:016x}") for number in range(1, 5)]
        assert [store.read_exact(each) for each in calls] == [KEPT, None, None, None]
        assert not [value for each in calls for value in each.values if "exact" in value.name]
        found = repro(calls[0], store.read_exact(calls[0]))
    assert found.received
    assert "'lines': [1, 2, 3]" in found.source
    assert "import shop" not in found.source


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A receiver that is not obsv."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            import gzip

            body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
            bodies.append(body)
            self.send_response(200 if body else 400)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_nobody_else_does(spool: Path, collector: tuple[str, list[bytes]]) -> None:
    """A receiver that does not say that it is obsv, even if it refuses the question, gets the calls without."""
    address, bodies = collector
    assert send(spool, address) == 4
    sent = b"".join(bodies)
    assert b"shop.orders.place" in sent
    assert EXACT_INPUTS.encode() not in sent


def received(exact: Any, scope: str = "obsv", status: int = 2) -> Any:
    made = request(span(attributes={EXACT_INPUTS: exact}))
    made.resource_spans[0].scope_spans[0].scope.name = scope
    made.resource_spans[0].scope_spans[0].spans[0].status.code = status
    (row,) = decode_protobuf(made.SerializeToString(), RowMaker(Redactor())).rows
    return row


@pytest.mark.parametrize(
    "forged",
    [
        "", "{", "[]", "7", "null", '{"a": 1}', '{"a": null}', '{"a": ["x"]}', "[" * 50_000, '{"a": "***"}', "{}",
        '{"password": "hunter2"}', json.dumps({"a": "x" * 200_000}), {"intValue": "7"}, {"arrayValue": {"values": []}},
    ],
)  # fmt: skip
def test_what_is_odd_is_left_out(forged: Any) -> None:
    """The span is stored without."""
    row = received(forged)
    assert row.exact is None
    assert row.signature.fields == ()


def test_only_failing_calls_of_obsv_have_them() -> None:
    """In a span of another scope the attribute is a value as any other."""
    good = json.dumps({"a": "1", "token": "x"})
    assert json.loads(received(good).exact) == {"a": "1"}
    assert received(good, status=1).exact is None
    assert received(good, scope="other").exact is None
    assert [name for name, _ in received(good, scope="other").signature.fields] == [EXACT_INPUTS]


def test_secrets_are_masked_again() -> None:
    """A sender with other rules than this hub."""
    found = received(json.dumps({"url": "'postgres://u:hunter2@h/db'", "n": "1"}))
    assert json.loads(found.exact) == {"n": "1"}
