"""`obsv serve`: serve the app, the JSON API and the query APIs of other tools on one port."""

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
from obsv.otlp.kafka import KafkaAddress
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import GRPC, HTTP, Address
from obsv.server import Settings, create_app
from obsv.store.writing import Writer
from obsv.web.port import allow_files, config, listen
from obsv.web.tls import Certificate


def serve(
    db: Path,
    host: str = "127.0.0.1",
    port: int = 8050,
    *,
    otlp_grpc: Address | None = GRPC,
    otlp_http: Address | None = HTTP,
    alerts: Path | None = None,
    root_path: str | None = None,
    users: Path | None = None,
    store: str | None = None,
    kafka: KafkaAddress | None = None,
    tls: Certificate | None = None,
    write: bool = False,
    open_browser: bool = False,
    as_json: bool = False,
    say: Callable[[str], None] = say_at_once,
) -> None:
    """Serve a store until interrupted.

    Args:
        db: path of the store; it may not exist yet.
        host: address to bind; any other than loopback requires `OBSV_TOKEN`.
        port: TCP port; 0 selects a free one.
        otlp_grpc: address for OTLP over gRPC; None disables it.
        otlp_http: address for OTLP over HTTP; None leaves only `/v1/traces` on `port`.
        alerts: the file of alert rules; None looks for one beside the database.
        root_path: the path under which a proxy publishes the server; None takes `OBSV_ROOT_PATH`.
        users: the file of users and their roles; None takes `OBSV_USERS`.
        store: address of a store in ClickHouse to read instead; nothing is received then, except with `write`.
        kafka: brokers and topics to read spans from; None reads none.
        tls: the certificate of all ports; None serves without TLS.
        write: whether to receive, and to insert into `store`.
        open_browser: whether to open the app in a browser, if there is one.
        as_json: whether to print the addresses as one line of JSON.
        say: receives the lines with the addresses, once they respond.

    Raises:
        ConfigurationError: an address requires a token, or is in use; the root path is not a path.
        StoreError: the file is not a database of obsv, or cannot be written.
    """
    settings = Settings.from_environment(
        db, host, port, os.environ, otlp_grpc, otlp_http, alerts, root_path, users, store, kafka, tls, write
    )
    settings.check()
    if store is None:
        _make_store(db)
    allow_files()
    app = create_app(settings)
    listener = _listen(host, port)
    if settings.receives:
        app.state.receiver.bind()
    address = app.state.address = _address(host, listener.getsockname()[1], settings)

    def ready() -> None:
        for line in _lines(app.state.reader.name, address, app.state.receiver if settings.receives else None, as_json):
            say(line)
        if open_browser:
            webbrowser.open(address)

    # The app is permanent: scanning it in garbage collections took a sixth of the time of an answer with many rows.
    gc.collect()
    gc.freeze()
    _Server(config(app, tls, timeout_graceful_shutdown=2), ready).run(sockets=[listener])


def _make_store(db: Path) -> None:
    """Create the store if it does not exist: clients can handle an empty store, but treat a missing one as an error."""
    writer = Writer(db)
    try:
        writer.open()
    finally:
        writer.close()


class _Server(uvicorn.Server):
    """A server that reports when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _lines(name: str, address: str, receiver: Receiver | None, as_json: bool) -> list[str]:
    if as_json:
        return [json_line({"app": address, "otlp": receiver.addresses if receiver else {}, "db": name})]
    received = f"OTLP: {receiver}" if receiver else "OTLP: off, the store is only read"
    return [f"obsv on {address}, reading {name}", received, "Press Ctrl-C to stop."]


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}:{port} ({error.strerror}); choose another --port."
        ) from error


def _address(host: str, port: int, settings: Settings) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http{'s' if settings.tls else ''}://{name}:{port}{settings.root_path}/"
