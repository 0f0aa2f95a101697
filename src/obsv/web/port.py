"""A port for HTTP: its socket, and the configuration of uvicorn."""

import contextlib
import os
import socket
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from obsv.web.connections import Connections
from obsv.web.protocol import KEEP_ALIVE_S, MOST_HEAD_BYTES, protocol
from obsv.web.tls import Certificate

# Connections waiting to be accepted, while the process is busy.
BACKLOG = 512
# Limit of open files that a server requests: connections of gRPC count, and are limited to half of it.
WANTED_FILES = 16_384
_PEER = "obsv.peer"


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Args:
        host: name or address.
        port: TCP port; 0 selects a free one.

    Raises:
        OSError: it cannot listen on the address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(BACKLOG)
    return listener


def config(app: ASGIApp, tls: Certificate | None = None, **settings: Any) -> uvicorn.Config:
    """Return the configuration for an app: limited connections, and time limits for slow clients.

    There is no access log: a trace viewer must not fill the terminal of the program it watches.

    Args:
        app: the ASGI application.
        tls: the certificate; None serves plain HTTP.
        **settings: further settings of uvicorn.
    """
    made = uvicorn.Config(
        _with_peer(ProxyHeadersMiddleware(cast(Any, app), os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"))),
        # Above, so that the address of the proxy itself stays known.
        proxy_headers=False,
        http=protocol(Connections()),
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        log_level="error",
        access_log=False,
        server_header=False,
        **settings,
    )
    if tls is not None:
        made.load()
        made.ssl = tls.context()
    return made


def _with_peer(app: Any) -> Any:
    async def keep(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("client"):
            scope[_PEER] = scope["client"][0]
        await app(scope, receive, send)

    return keep


def peer_of(scope: Scope) -> str:
    """Return the address at the other end of a request's connection, whatever headers say; empty if unknown."""
    return str(scope.get(_PEER) or (scope.get("client") or ("",))[0])


def allow_files() -> int:
    """Raise the limit of open files of this process as far as possible, and return it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return WANTED_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return min(soft, WANTED_FILES) if soft != resource.RLIM_INFINITY else WANTED_FILES
