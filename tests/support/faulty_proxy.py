"""A proxy before an object store that answers as a store does on its bad days."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


class FaultyProxy:
    """Passes requests on to a server of this machine, or fails.

    Args:
        target: URL of the server.
        fault: returns what happens to the next request, by its method: empty, `500`, `503`; `lost`: it is done, and
            the answer is not sent; `cut`: only half of the answer is.
    """

    def __init__(self, target: str, fault: Callable[[str], str]) -> None:
        place = urlsplit(target)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                how = fault(self.command)
                self.close_connection = True
                if how in ("500", "503"):
                    self._say(int(how), SLOW_DOWN, {})
                    return
                server = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
                # With the name of the host that the client has signed.
                server.request(self.command, self.path, body or None, dict(self.headers))
                answer = server.getresponse()
                content = answer.read()
                server.close()
                if how != "lost":
                    self._say(answer.status, content, dict(answer.getheaders()), is_cut=how == "cut")

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any

            def _say(self, status: int, content: bytes, headers: dict[str, str], is_cut: bool = False) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                length = (
                    headers.get("Content-Length", str(len(content))) if self.command == "HEAD" else str(len(content))
                )
                self.send_header("Content-Length", length)
                self.send_header("Connection", "close")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content[: len(content) // 2] if is_cut else content)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # the client has gone

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
