"""`obsv serve`: the app in the browser, the JSON API and what other tools query, on one port."""

import os
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn

from obsv.errors import ConfigurationError
from obsv.server import Settings, create_app


def serve(
    db: Path,
    host: str = "127.0.0.1",
    port: int = 8050,
    *,
    open_browser: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Serve a store until interrupted.

    Args:
        db: path of the store; it may not exist yet.
        host: address to bind; any but loopback needs `OBSV_TOKEN`.
        port: TCP port; 0 takes a free one.
        open_browser: whether to open the app in a browser, where there is one.
        say: takes the line that tells the address.

    Raises:
        ConfigurationError: the address needs a token, or the port is taken.
    """
    settings = Settings.from_environment(db, host, port, os.environ)
    app = create_app(settings)
    listener = _listen(host, port)
    address = _address(host, listener.getsockname()[1])
    say(f"obsv on {address}, reading {db}")
    if open_browser:
        webbrowser.open(address)
    # No access log: a trace viewer must not fill the terminal of the program it watches.
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"Cannot listen on {host}:{port} ({error.strerror}); choose another --port."
        ) from error
    listener.listen(128)
    return listener


def _address(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}/"
