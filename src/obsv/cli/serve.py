"""`obsv serve`: the app in the browser, the JSON API and what other tools query, on one port."""

import gc
import os
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from obsv.cli.common import say_at_once
from obsv.cli.output import json_line
from obsv.errors import ConfigurationError
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import GRPC, HTTP, Address
from obsv.server import Settings, create_app
from obsv.store.writing import Writer
from obsv.web.port import allow_files, config, listen


def serve(
    db: Path,
    host: str = "127.0.0.1",
    port: int = 8050,
    *,
    otlp_grpc: Address | None = GRPC,
    otlp_http: Address | None = HTTP,
    alerts: Path | None = None,
    open_browser: bool = False,
    as_json: bool = False,
    say: Callable[[str], None] = say_at_once,
) -> None:
    """Serve a store until interrupted.

    Args:
        db: path of the store; it may not exist yet.
        host: address to bind; any but loopback needs `OBSV_TOKEN`.
        port: TCP port; 0 takes a free one.
        otlp_grpc: where to receive OTLP over gRPC; None for nowhere.
        otlp_http: where to receive OTLP over HTTP; None for only `/v1/traces` on `port`.
        alerts: the file of alert rules; None looks for one beside the database.
        open_browser: whether to open the app in a browser, where there is one.
        as_json: whether the addresses are said as one line of JSON.
        say: takes the lines that tell the addresses, once they answer.

    Raises:
        ConfigurationError: an address needs a token, or is taken.
        StoreError: the file is not a store, or cannot be written.
    """
    settings = Settings.from_environment(db, host, port, os.environ, otlp_grpc, otlp_http, alerts)
    settings.check()
    _make_store(db)
    allow_files()
    app = create_app(settings)
    listener = _listen(host, port)
    app.state.receiver.bind()
    address = app.state.address = _address(host, listener.getsockname()[1])

    def ready() -> None:
        for line in _lines(db, address, app.state.receiver, as_json):
            say(line)
        if open_browser:
            webbrowser.open(address)

    # The app stays: looking through it for garbage took a sixth of an answer of many rows.
    gc.collect()
    gc.freeze()
    _Server(config(app, timeout_graceful_shutdown=2), ready).run(sockets=[listener])


def _make_store(db: Path) -> None:
    """Make the store if there is none: to whoever asks an empty store is an answer, and no store a fault."""
    writer = Writer(db)
    try:
        writer.open()
    finally:
        writer.close()


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _lines(db: Path, address: str, receiver: Receiver, as_json: bool) -> list[str]:
    if as_json:
        return [json_line({"app": address, "otlp": receiver.addresses, "db": db})]
    return [f"obsv on {address}, reading {db}", f"OTLP: {receiver}", "Ctrl-C ends it."]


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port} ({error.strerror}); choose another --port."
        ) from error


def _address(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/"
