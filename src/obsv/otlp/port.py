"""An HTTP server on its own port and thread."""

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from obsv.errors import ConfigurationError
from obsv.otlp.settings import Address
from obsv.web.port import config, listen
from obsv.web.tls import Certificate


class HttpPort:
    """A running server, on its own thread so that the app's pages do not wait for bodies being read.

    Args:
        app: the ASGI application.
        address: its address.
        tls: the certificate; None serves plain HTTP.

    Raises:
        ConfigurationError: it cannot listen on the address.
    """

    def __init__(self, app: ASGIApp, address: Address, tls: Certificate | None = None) -> None:
        self.listener = _listen(address)
        self.port: int = self.listener.getsockname()[1]
        self._server = uvicorn.Server(config(app, tls, ws="none", lifespan="off", timeout_graceful_shutdown=5))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self.listener]}, name="obsv-otlp-http", daemon=True
        )

    def close(self) -> None:
        """Release the port of a server that was not started."""
        self.listener.close()

    def start(self) -> None:
        """Start responding."""
        self._thread.start()

    def stop(self) -> None:
        """Finish running requests, and end."""
        self._server.should_exit = True
        self._thread.join(10)


def _listen(address: Address) -> socket.socket:
    try:
        return listen(address.host, address.port)
    except OSError as error:
        raise ConfigurationError(f"Cannot listen on {address} for OTLP/HTTP ({error.strerror}).") from error
