"""Forwarding of recorded calls to a hub as they arrive: the local store is the spool, with a cursor in it.

A batch is sent until the hub has confirmed it; then the cursor in the file moves on. After an interruption in between,
the batch is sent again, and the hub recognizes the spans by their IDs. An unreachable hub costs only space: waiting
spans are limited by the store's own retention, and its deletions are counted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obsv.otlp.forward import BATCH_BYTES, BATCH_SPANS
from obsv.otlp.senders import Sender, parts_of, sender_to
from obsv.otlp.streams import LOGS, SPANS, Stream
from obsv.own_time import unix_ns
from obsv.store.seam import Store, open_store
from obsv.store.writing import Sent, SentBook

# Interval of looks for new spans.
LOOK_S = 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
# Too large or unreadable requests are refused for their content, all others because of the sender or the moment.
_NO_SUCH = ("404", "405", "501", "UNIMPLEMENTED")
_NOT_WHOLE = ("400", "413", "422", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")


class Follower:
    """A forwarder of a store's calls, or of another stream of it.

    Args:
        store: the store to send.
        book: keeps the cursor.
        sender: sends to the hub.
        target: the hub's name in the book.
        wait: waits seconds; returns True immediately if there is a reason to stop.
        troubled: called once per episode with the reason why the hub does not accept spans, and with None when it does
            again.
        stream: what is sent; log records are left out if the receiver takes none.
    """

    def __init__(
        self,
        store: Store,
        book: SentBook,
        sender: Sender,
        target: str,
        wait: Callable[[float], bool],
        troubled: Callable[[str | None], None] = lambda reason: None,
        stream: Stream = SPANS,
    ) -> None:
        self._store, self._book, self._sender, self._target = store, book, sender, target + stream.suffix
        self._wait, self._troubled, self._stream = wait, troubled, stream
        self._is_refused = False
        self._is_hub: bool | None = None  # whether the receiver is obsv; not known yet
        self._is_troubled = False
        self._file: object = None
        self.sent = Sent()

    def run(self) -> Sent:
        """Send until there is a reason to stop; return the state of the hub.

        Raises:
            StoreError: the store cannot be read, or the cursor cannot be saved.
        """
        self.begin()
        while not self._wait(0 if self.step() else LOOK_S):
            pass
        return self.sent

    def begin(self) -> Sent:
        """Load the cursor; a new one begins with the first existing span."""
        self._file = self._store.identity
        self.sent = self._book.read(self._target) or Sent(begun_after=self._stream.counted(self._store, 0))
        return self.sent

    def missed(self) -> int:
        """Count the calls that retention has deleted before they were sent, since the cursor began."""
        return max(0, self._stream.counted(self._store, self.sent.position) - self.sent.spans - self.sent.begun_after)

    def step(self) -> bool:
        """Send one batch; return False if there is nothing new, or the hub did not accept it before the end.

        Raises:
            StoreError: see `run`.
        """
        if self._is_refused:
            return False
        if self._store.identity != self._file:
            # The file was replaced: its calls are counted again.
            self._book.close()
            self.begin()
        spans = self._stream.after(self._store, self.sent.position, BATCH_SPANS)
        if not spans:
            return False
        rejected = self._send(spans)
        if rejected is None:
            return False
        known = self.sent
        self.sent = Sent(
            self._stream.id_of(spans[-1]), known.spans + len(spans), known.rejected + rejected, known.begun_after
        )
        self._book.keep(self._target, self.sent, unix_ns())
        return True

    def _send(self, spans: Sequence[Any]) -> int | None:
        """Send spans until the hub has confirmed them; return the number rejected, or None if it must stop."""
        exact = self._store.exact_texts(spans) if self._stream is SPANS else None
        pause_s, body = FIRST_PAUSE_S, b""
        while True:
            is_greeting = bool(exact) and self._is_hub is None
            if not (body or is_greeting):
                body = self._stream.encode(spans, exact if self._is_hub else None)
                if len(body) > BATCH_BYTES and len(spans) > 1:
                    return self._halves(spans)
            reply = self._sender.send(b"", is_greeting=True) if is_greeting else self._sender.send(body)
            if is_greeting and (reply.taken or (reply.code in _NOT_WHOLE and reply.retry_after_s is None)):
                # Whoever is not obsv gets the calls without what is exact.
                self._is_hub = reply.is_obsv
                continue
            if reply.taken:
                self._tell(None)
                return reply.rejected
            if self._stream is LOGS and reply.code in _NO_SUCH:
                self._is_refused = True
                return None
            if reply.code in _NOT_WHOLE and reply.retry_after_s is None:
                # A span that is never accepted must not block the others.
                return self._halves(spans) if len(spans) > 1 else 1
            self._tell(reply.message)
            wait_s = reply.retry_after_s or random.uniform(pause_s / 2, pause_s)
            if self._wait(wait_s):
                return None
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _halves(self, spans: Sequence[Any]) -> int | None:
        half = len(spans) // 2
        first = self._send(spans[:half])
        second = None if first is None else self._send(spans[half:])
        return None if first is None or second is None else first + second

    def _tell(self, reason: str | None) -> None:
        if (reason is not None) != self._is_troubled:
            self._is_troubled = reason is not None
            self._troubled(reason)


class Following:
    """A forwarder of everything in a store: calls, and log records.

    Args:
        calls: forwards the calls.
        logs: forwards the log records.
        wait: waits seconds; returns True immediately if there is a reason to stop.
    """

    def __init__(self, calls: Follower, logs: Follower, wait: Callable[[float], bool]) -> None:
        self.calls, self.logs, self._wait = calls, logs, wait

    def run(self) -> None:
        """Send until there is a reason to stop.

        Raises:
            StoreError: the store cannot be read, or the cursor cannot be saved.
        """
        self.calls.begin()
        self.logs.begin()
        while not self._wait(0 if self.calls.step() | self.logs.step() else LOOK_S):
            pass


@contextmanager
def following(
    db: Path,
    to: str,
    environment: Mapping[str, str],
    wait: Callable[[float], bool],
    troubled: Callable[[str | None], None],
) -> Iterator[Following]:
    """Open a forwarder of a store.

    Args:
        db: path of the store; it is created if it does not exist.
        to: OTLP endpoint of the hub.
        environment: variables as for `sender_to`.
        wait, troubled: see `Follower`.

    Raises:
        ConfigurationError: the endpoint is invalid.
        StoreError: the store cannot be opened.
    """
    target, store, book = name_of(to), open_store(db), SentBook(db)
    senders = [sender_to(to, environment), sender_to(to, environment, logs=True)]
    try:
        book.open()
        calls, logs = (
            Follower(store, book, sender, target, wait, troubled, stream)
            for sender, stream in zip(senders, (SPANS, LOGS), strict=True)
        )
        yield Following(calls, logs, wait)
    finally:
        for sender in senders:
            sender.close()
        book.close()
        store.close()


def name_of(endpoint: str) -> str:
    """Return the name of a receiver in the book: its endpoint without user, password, query and fragment."""
    parts = parts_of(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}".lower()
