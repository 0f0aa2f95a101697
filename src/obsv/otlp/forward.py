"""Forwarding of stored spans to another OTLP receiver."""

import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from obsv.errors import ObsvError
from obsv.otlp.senders import Reply, Sender
from obsv.store.seam import Store
from obsv.store.spans import StoredSpan
from obsv.wire.encode_protobuf import to_protobuf

BATCH_SPANS = 500
# gRPC receivers accept 4 MiB unless configured otherwise.
BATCH_BYTES = 3 * 2**20
GIVE_UP_S = 120.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 20.0


class NotTaken(ObsvError):
    """The receiver does not accept spans; those sent before are there.

    Args:
        message: its message.
        place: `ts` of the first span that was not sent.
    """

    def __init__(self, message: str, place: str) -> None:
        super().__init__(f"{message.rstrip('.')}. To continue from here later: --since '{place}'.")
        self.place = place


class Forwarded(NamedTuple):
    """The result of forwarding.

    Args:
        sent: number of spans that the receiver has.
        rejected: number of those that it rejected.
        message: its message about them.
    """

    sent: int = 0
    rejected: int = 0
    message: str = ""


def forward(
    reader: Store,
    sender: Sender,
    since_ns: int = 0,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    progress: Callable[[int], None] = lambda sent: None,
    troubled: Callable[[str, float], None] = lambda reason, wait_s: None,
) -> Forwarded:
    """Send all spans that started since a time, oldest first.

    Sending them again is harmless if the receiver identifies spans by their IDs, as obsv does.

    Args:
        reader: reader of the store.
        sender: sends to the receiver.
        since_ns: Unix time.
        sleep: waits seconds between attempts.
        clock: monotonic seconds.
        progress: called after each batch with the number of spans sent.
        troubled: called before each further attempt with the reason and the delay in seconds.

    Raises:
        NotTaken: the receiver refuses, or does not respond for two minutes.
        StoreError: see `Store`.
    """
    sent = rejected = 0
    message = ""
    for spans in reader.spans_since(since_ns, size=BATCH_SPANS):
        for part, body in _bodies(spans):
            reply = _insist(sender, body, sleep, clock, troubled)
            if not reply.taken:
                raise NotTaken(reply.message, part[0].ts)
            sent += len(part)
            rejected += reply.rejected
            message = reply.message or message
            progress(sent)
    return Forwarded(sent, rejected, message)


def _bodies(spans: list[StoredSpan]) -> Iterator[tuple[list[StoredSpan], bytes]]:
    body = to_protobuf(spans, source_text=True).SerializeToString()
    if len(body) <= BATCH_BYTES or len(spans) == 1:
        yield spans, body
    else:
        half = len(spans) // 2
        yield from _bodies(spans[:half])
        yield from _bodies(spans[half:])


def _insist(
    sender: Sender,
    body: bytes,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    troubled: Callable[[str, float], None],
) -> Reply:
    """Retry until the receiver accepts the body, refuses it permanently, or time runs out."""
    deadline, pause_s = clock() + GIVE_UP_S, FIRST_PAUSE_S
    while True:
        reply = sender.send(body)
        if reply.taken or reply.retry_after_s is None:
            return reply
        wait_s = reply.retry_after_s or random.uniform(pause_s / 2, pause_s)
        if clock() + wait_s > deadline:
            return reply
        troubled(reply.message, wait_s)
        sleep(wait_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
