"""HTTP/1.1 on one connection: uvicorn's protocol, with a time limit for each part of a request.

It uses h11, not httptools: a pure Python parser for untrusted bytes that also reads the body of a request that offers
an
upgrade to HTTP/2, as the JDK's client does (RFC 9110, 7.8: a server may ignore the offer). httptools stops there.
"""

import asyncio
import functools
from collections.abc import Mapping
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from obsv.web.connections import Connections

# From the first byte, or from connecting, to the end of the headers.
HEAD_TIMEOUT_S = 10.0
# From there to the end of the body; OTLP's own limit of 60 s comes first, because it reports what happened.
BODY_TIMEOUT_S = 65.0
# For a response that its client does not read.
UNREAD_TIMEOUT_S = 60.0
# Longer than senders pause: 5 s between batches and 60 s between metrics are OpenTelemetry's defaults, and Go's client
# closes an idle connection after 90 s. The client must close first, otherwise a request can coincide with the closing.
KEEP_ALIVE_S = 120
# Large enough for the session cookie and other cookies of a browser for this host.
MOST_HEAD_BYTES = 64 * 1024

# Sixteen bytes in base64.
_KEY_CHARS = 24
IDLE, HEAD, BODY, ANSWER, WEBSOCKET = "idle", "head", "body", "answer", "websocket"
_TIMES = {HEAD: HEAD_TIMEOUT_S, BODY: BODY_TIMEOUT_S}
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 34\r\n"
    b"retry-after: 1\r\nconnection: close\r\n\r\nToo many connections; try again.\r\n"
)


class TimedProtocol(H11Protocol):
    """One connection.

    Args:
        registry: the port's connections.
    """

    def __init__(self, *args: Any, registry: Connections, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._registry = registry
        self._phase = HEAD
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self.address = ""
        self.waiting_since: float | None = None
        self.has_asked = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for a request, or report that there are too many connections."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self.waiting_since = self.loop.time()
        if self._registry.join(self):
            self._watch(HEAD)
        else:
            transport.write(BUSY)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read data, and determine the progress of the request."""
        if self._phase == IDLE:
            self.waiting_since = None
            self._watch(HEAD)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Process the next request on this connection, or wait for it."""
        super().on_response_complete()
        self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand over the connection; it counts as waiting until its handshake must be complete."""
        self._unwatch()
        self._phase = WEBSOCKET
        self.waiting_since = self.loop.time()
        self._timer = self.loop.call_later(HEAD_TIMEOUT_S, self._see_handshake)
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Start waiting for a client that does not read."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue after the client has read."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def end(self) -> None:
        """Close the connection, even if it was about to send something."""
        self._forget()
        self.transport.abort()

    def _should_upgrade_to_ws(self) -> bool:
        # The library for websockets never answers a request that is not a handshake, and has no time limit for it.
        return super()._should_upgrade_to_ws() and _is_handshake(self.scope["method"], dict(self.headers))

    def _see_handshake(self) -> None:
        self._forget()
        # The name in uvicorn's protocol for websockets; a test sees that it is there.
        if not getattr(self.transport.get_protocol(), "handshake_complete", True):
            self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: an ignored offer is not an error."""

    def _look(self) -> None:
        state = self.conn.their_state
        if self._phase == WEBSOCKET:
            return
        if state is h11.SEND_BODY:
            phase = BODY
        elif state is not h11.IDLE:
            phase = ANSWER
        elif self.cycle is None or self.conn.trailing_data[0] or self._phase == HEAD:
            phase = HEAD
        else:
            phase = IDLE
        if phase != self._phase:
            self._watch(phase)

    def _watch(self, phase: str) -> None:
        """Enter a phase of the connection, and start its time limit."""
        self._unwatch()
        self._phase = phase
        self.waiting_since = None if phase == ANSWER else self.waiting_since or self.loop.time()
        self.has_asked = self.has_asked or phase == ANSWER
        if phase in _TIMES:
            self._timer = self.loop.call_later(_TIMES[phase], self.end)

    def _forget(self) -> None:
        self._registry.leave(self)
        self._unwatch()
        if self._unread is not None:
            self._unread.cancel()

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_handshake(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a request asks for a websocket (RFC 6455, 4.1)."""
    has_body = b"content-length" in headers or b"transfer-encoding" in headers
    has_key = len(headers.get(b"sec-websocket-key", b"").strip()) == _KEY_CHARS
    return method == "GET" and not has_body and has_key and headers.get(b"sec-websocket-version") == b"13"


def protocol(registry: Connections) -> Any:
    """Return the factory of uvicorn's connections for a port."""
    return functools.partial(TimedProtocol, registry=registry)
