"""Receivers of messages that answer as they are told: well, slowly, falsely, or not at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple


class Request(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Reply(NamedTuple):
    """A response."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = MappingProxyType({})


class Receiver:
    """An HTTP receiver.

    Attributes:
        requests: what came, oldest first.
        answer: makes the reply to a request; may raise `ConnectionError` to hang up.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Reply] = lambda request: Reply()
        self._came = threading.Condition()
        self.url = ""

    def wait(self, count: int, patience_s: float = 120.0) -> list[Request]:
        """Wait for so many requests."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.requests) >= count, patience_s), self.requests
            return list(self.requests)

    def add(self, request: Request) -> None:
        """One more came."""
        with self._came:
            self.requests.append(request)
            self._came.notify_all()


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver on a port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            names = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.path, names, body, time.time())
            try:
                reply = receiver.answer(request)
            except ConnectionError:
                receiver.add(request)
                self.connection.close()
                return
            receiver.add(request)
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
