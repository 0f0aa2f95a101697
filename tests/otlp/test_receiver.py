"""The receiver as a whole, and in the server of the app."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from google.rpc.status_pb2 import Status
from otlp_requests import request, span

from obsv.errors import ConfigurationError
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.server import Settings, create_app
from obsv.store import Reader

PROTOBUF = {"content-type": "application/x-protobuf"}
ONE = request(span()).SerializeToString()


@pytest.fixture
def taken() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield Address("127.0.0.1", holder.getsockname()[1])


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """The app on a port, with its life from start to end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=120) as client:
            yield client
        server.should_exit = True
        thread.join(60)


def test_taken_port(db: Path, taken: Address) -> None:
    """A port that another program has is an error that names it, before anything starts."""
    with pytest.raises(ConfigurationError, match=str(taken.port)):
        Receiver(ReceiverSettings(db, grpc=None, http=taken)).bind()


def test_taken_default_port(db: Path, taken: Address, caplog: pytest.LogCaptureFixture) -> None:
    """A port that nobody asked for is left out with a word."""
    receiver = Receiver(ReceiverSettings(db, grpc=taken._replace(optional=True), http=taken._replace(optional=True)))
    receiver.bind()
    assert (receiver.http_port, receiver.grpc_port) == (None, None)
    assert "gRPC" in caplog.text
    assert str(receiver) == "only /v1/traces on the main port"


def test_says_where_it_listens(start: Callable[..., Receiver]) -> None:
    """Addresses with the ports that were taken."""
    receiver = start()
    assert str(receiver) == f"gRPC on 127.0.0.1:{receiver.grpc_port}, HTTP on 127.0.0.1:{receiver.http_port}"


def test_stop_keeps_what_was_acknowledged(start: Callable[..., Receiver], db: Path) -> None:
    """After a stop the file holds everything, and the port is free."""
    receiver = start()
    url = f"http://127.0.0.1:{receiver.http_port}/v1/traces"
    assert httpx.post(url, content=ONE, headers=PROTOBUF, timeout=120).status_code == 200
    receiver.stop()
    assert len(Reader(db).query("select * from process_trace")) == 1
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, content=ONE, headers=PROTOBUF, timeout=120)


def test_main_port(db: Path) -> None:
    """The app's own port takes spans too, with OTLP's errors, and starts and ends the other ports."""
    app = create_app(Settings(db, otlp_http=Address("127.0.0.1", 0)))
    with served(app) as client:
        assert client.post("/v1/traces", content=ONE, headers=PROTOBUF, timeout=120).status_code == 200
        twice = client.post("/v1/traces/v1/traces", content=b"{}", headers={"content-type": "application/json"})
        assert (twice.status_code, twice.json()["code"]) == (404, 12)
        port = app.state.receiver.http_port
        url = f"http://127.0.0.1:{port}/v1/traces"
        assert httpx.post(url, content=ONE, headers=PROTOBUF, timeout=120).status_code == 200
    assert app.state.receiver.counts["spans"] == 1
    with pytest.raises(httpx.ConnectError):
        httpx.post(url, content=ONE, headers=PROTOBUF, timeout=120)


def test_main_port_with_token(db: Path) -> None:
    """On the app's port OTLP's own rules hold: refusals are a google.rpc.Status, a permitted page passes."""
    token = "a-long-enough-token"
    origin = "https://shop.example"
    app = create_app(Settings(db, token=token, cors_origins=(origin,)))
    with served(app) as client:
        refused = client.post("/v1/traces", content=b"{}", headers={"content-type": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (401, 16)
        named = client.post("/v1/traces", content=ONE, headers=PROTOBUF | {"host": "evil.example"})
        assert (named.status_code, Status.FromString(named.content).code) == (403, 7)
        assert client.options("/v1/traces", headers={"origin": origin}).status_code == 204
        headers = PROTOBUF | {"origin": origin, "authorization": f"Bearer {token}", "sec-fetch-site": "cross-site"}
        assert client.post("/v1/traces", content=ONE, headers=headers).status_code == 200
        assert client.post("/v1/traces", content=ONE, headers=headers | {"origin": "https://evil"}).status_code == 403
