"""A port under clients that take their time, on real sockets."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from obsv.web import port as web_port
from obsv.web.connections import Connections
from obsv.web.port import config, listen

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
WHOLE = HEAD + b"\r\nbody"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body that came; after `/slow` only when the client has gone or a while has passed."""
    request = Request(scope, receive)
    body = await request.body()
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    response: Response = PlainTextResponse(b"x" * 20_000_000 if scope["path"] == "/big" else body)
    await response(scope, receive, send)


@contextmanager
def serving() -> Iterator[int]:
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(config(app, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)


@pytest.fixture
def connect() -> Iterator[Callable[..., socket.socket]]:
    """Opens connections to a server; both end with the test."""
    with ExitStack() as stack:
        ports: list[int] = []

        def make(sent: bytes = b"") -> socket.socket:
            if not ports:
                ports.append(stack.enter_context(serving()))
            made = stack.enter_context(socket.create_connection(("127.0.0.1", ports[0]), timeout=60))
            made.sendall(sent)
            return made

        yield make


def read(connection: socket.socket) -> bytes:
    """All up to the end of an answer, or of the connection."""
    found = b""
    while not found.endswith((b"body", b"again.\r\n")):
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            part = b""
        if not part:
            return found
        found += part
    return found


Connect = Callable[..., socket.socket]


def times(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    monkeypatch.setattr("obsv.web.protocol._TIMES", {"head": seconds.get("head", 20), "body": seconds.get("body", 20)})
    if "unread" in seconds:
        monkeypatch.setattr("obsv.web.protocol.UNREAD_TIMEOUT_S", seconds["unread"])


@pytest.mark.parametrize("sent", [b"", b"POST", HEAD])
def test_a_head_that_does_not_come(connect: Connect, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """A connection without a request, or with the beginning of one, is ended."""
    times(monkeypatch, head=0.1)
    assert read(connect(sent)) == b""


def test_a_body_that_does_not_come(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one whose body does not come."""
    times(monkeypatch, body=0.1)
    assert read(connect(HEAD + b"\r\nbo")) == b""


def test_an_answer_that_is_not_read(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that asks for much and reads nothing is cut off."""
    times(monkeypatch, unread=0.1)
    unread = connect(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
    assert read(connect(WHOLE)).endswith(b"body")
    threading.Event().wait(2.5)
    assert len(read(unread)) < 20_000_000


def test_pauses_between_requests(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two requests of a connection the times of a request do not run: senders pause."""
    times(monkeypatch, head=1, body=1)
    sender = connect(WHOLE)
    for _ in range(2):
        assert read(sender).endswith(b"\r\n\r\nbody")
        threading.Event().wait(1.5)
        sender.sendall(WHOLE)
    assert read(sender).endswith(b"\r\n\r\nbody")


def test_a_slow_answer_has_its_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The times are the client's; while the server works they do not run."""
    times(monkeypatch, head=0.5, body=0.5)
    assert read(connect(WHOLE.replace(b"/", b"/slow", 1))).endswith(b"body")


def test_requests_one_after_the_other(connect: Connect) -> None:
    """Requests that are sent without waiting are answered in turn."""
    sender = connect(WHOLE * 3)
    found = b""
    while found.count(b"\r\n\r\nbody") < 3:
        found += sender.recv(65_536)
    assert found.count(b"200 OK") == 3


def test_half_open_requests_shut_nobody_out(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """More half-open requests than a port has room for are ended in favour of a whole one."""
    monkeypatch.setattr(web_port, "Connections", lambda: Connections(20))
    half_open = [connect(HEAD) for _ in range(60)]
    whole = connect(WHOLE)
    assert read(whole).endswith(b"body")
    assert read(half_open[0]) == b""
    whole.sendall(WHOLE)
    assert read(whole).endswith(b"body")


def test_a_port_that_is_full(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """If all connections are busy, a further one is told to retry."""
    monkeypatch.setattr(web_port, "Connections", lambda: Connections(2))
    for _ in range(2):
        connect(WHOLE.replace(b"/", b"/slow", 1))
    assert re.match(rb"HTTP/1.1 503 .*\r\nretry-after: 1\r\n", read(connect()), re.DOTALL)


def test_an_offer_of_http_2(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A request that offers HTTP/2 is answered with its body read, without a word, and the next one too."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n\r\nbody"
    sender = connect(HEAD + offer)
    for _ in range(2):
        assert read(sender).endswith(b"\r\n\r\nbody")
        sender.sendall(HEAD + offer)
    assert not caplog.text


UPGRADE = b"upgrade: websocket\r\nconnection: upgrade\r\n"
KEY, VERSION = b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"sec-websocket-version: 13\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n" + UPGRADE + KEY + VERSION + b"\r\nbody",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + UPGRADE + VERSION + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nsec-websocket-key: x\r\n" + UPGRADE + VERSION + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\n" + UPGRADE + KEY + b"\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n" + UPGRADE + KEY + VERSION + b"\r\n0\r\n\r\n",
    ],
    ids=["POST", "no key", "short key", "no version", "with a body"],
)
def test_what_is_no_handshake_of_a_websocket_is_a_request(
    connect: Callable[..., socket.socket], request_: bytes
) -> None:
    """A server may ignore the offer; the library for websockets would not answer at all."""
    assert connect(request_).recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_handshake_that_is_never_complete_ends(
    connect: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library reads no line over 8 KiB, and says nothing; until its end the connection counts as one that waits."""
    monkeypatch.setattr("obsv.web.protocol.HEAD_TIMEOUT_S", 0.5)
    seen: list[int] = []
    leave = Connections.leave
    monkeypatch.setattr(Connections, "leave", lambda self, each: (seen.append(len(self)), leave(self, each))[1])
    long = b"x: " + b"y" * 20_000 + b"\r\n"
    made = connect(b"GET / HTTP/1.1\r\nhost: x\r\n" + long + UPGRADE + KEY + VERSION + b"\r\n")
    with suppress(ConnectionResetError):
        assert made.recv(100) == b""
    assert seen[0] == 1
