"""HTTP/1.1 on one connection: uvicorn's, with a time for each part of a request.

h11 and not httptools: a parser in Python of bytes from anybody, and one that reads the body of a request that offers an
upgrade to HTTP/2, as the JDK's client sends them (RFC 9110, 7.8: a server may ignore the offer). httptools stops there.
"""

import asyncio
import functools
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from obsv.web.connections import Connections

# From the first byte, or from connecting, to the end of the headers.
HEAD_TIMEOUT_S = 10.0
# From there to the end of the body; OTLP's own limit of 60 s comes first, since it says what happened.
BODY_TIMEOUT_S = 65.0
# For an answer that its client does not read.
UNREAD_TIMEOUT_S = 60.0
# Longer than senders pause: 5 s between batches and 60 s between metrics are OpenTelemetry's own, and Go's client drops
# an idle connection after 90 s. Whoever closes first must be the client, else a request can meet the closing.
KEEP_ALIVE_S = 120
# The cookie of a session, and whatever else a browser keeps for this host, fit in.
MOST_HEAD_BYTES = 64 * 1024

IDLE, HEAD, BODY, ANSWER = "idle", "head", "body", "answer"
_TIMES = {HEAD: HEAD_TIMEOUT_S, BODY: BODY_TIMEOUT_S}
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 34\r\n"
    b"retry-after: 1\r\nconnection: close\r\n\r\nToo many connections; try again.\r\n"
)


class TimedProtocol(H11Protocol):
    """One connection.

    Args:
        registry: of the port's connections.
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
        """Begin to wait for a request, or say that there are too many."""
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
        """Read, and see how far the request has come."""
        if self._phase == IDLE:
            self.waiting_since = None
            self._watch(HEAD)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Answer the next request on this connection, or wait for it."""
        super().on_response_complete()
        self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over."""
        self._forget()
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read."""
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on; it has read."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def end(self) -> None:
        """Close the connection, whatever it was about to send."""
        self._forget()
        self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: an offer that is not taken is no fault."""

    def _look(self) -> None:
        state = self.conn.their_state
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
        """Enter a phase of the connection, and give it its time."""
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


def protocol(registry: Connections) -> Any:
    """What uvicorn makes for each connection of a port."""
    return functools.partial(TimedProtocol, registry=registry)
