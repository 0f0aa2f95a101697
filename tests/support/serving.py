"""A real server on a free port of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from obsv.server import Settings, create_app
from obsv.web.port import config


@contextmanager
def serving(path: Path, **settings: Any) -> Iterator[str]:
    """Serve a store; gives the base address.

    Args:
        path: of the store, which may not exist yet.
        **settings: of `obsv.server.Settings`.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = create_app(Settings(path, port=port, **settings))
    server = uvicorn.Server(config(app, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)
