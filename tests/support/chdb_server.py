"""ClickHouse's HTTP interface over chDB, as far as obsv uses it: `python chdb_server.py DIRECTORY [PORT]`.

chDB has one engine a process, so it runs in one of its own. It proves nothing about logging in, limits of users,
distributed tables, or a server under load.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from chdb import session


class Handler(BaseHTTPRequestHandler):
    """Answers queries, one at a time."""

    protocol_version = "HTTP/1.1"
    engine: session.Session
    lock = Lock()

    def do_POST(self) -> None:
        """Answer a query: its text is the body, or `query` and the body is its data."""
        options = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        params = {name.removeprefix("param_"): value for name, value in options.items() if name.startswith("param_")}
        settings = ", ".join(
            f"{name} = {value}" for name, value in options.items() if name.startswith(("max_", "output_"))
        )
        if "FORMAT" in sql and settings:
            head, _, tail = sql.rpartition("\nFORMAT")
            sql = f"{head}\nsettings {settings}\nFORMAT{tail}"
        try:
            with self.lock:
                if database := options.get("database"):
                    self.engine.query(f"use {database}")
                body = self.engine.query(sql, "CSV", params=params).bytes()
            self._answer(200, body)
        except Exception as error:
            self._answer(400, str(error).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until stdin ends; the first line says the port."""
    Handler.engine = session.Session(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    print(server.server_address[1], flush=True)
    Thread(target=server.serve_forever, daemon=True).start()
    # Whoever started it has ended, even by a signal.
    sys.stdin.read()


if __name__ == "__main__":
    main()
