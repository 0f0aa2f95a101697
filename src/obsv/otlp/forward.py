"""What is stored, sent on to another OTLP receiver."""

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
# gRPC receivers take 4 MiB unless they are told otherwise.
BATCH_BYTES = 3 * 2**20
GIVE_UP_S = 120.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 20.0


class NotTaken(ObsvError):
    """The receiver does not take spans; what was sent before is there.

    Args:
        message: what it said.
        place: `ts` of the first span that was not sent.
    """

    def __init__(self, message: str, place: str) -> None:
        super().__init__(f"{message.rstrip('.')}. To go on from here later: --since '{place}'.")
        self.place = place


class Forwarded(NamedTuple):
    """What a forward came to.

    Args:
        sent: spans that the receiver has.
        rejected: spans of those that it turned away.
        message: what it said of them.
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

    Sending the same again is harmless where the receiver knows spans by their ids, as obsv does.

    Args:
        reader: of the store.
        sender: to the receiver.
        since_ns: Unix time.
        sleep: waits seconds between attempts.
        clock: seconds that never go back.
        progress: is told after each batch how many spans were sent.
        troubled: is told before each further attempt why, and in how many seconds.

    Raises:
        NotTaken: the receiver refuses, or does not answer for two minutes.
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
    """Try until the receiver takes the body, refuses it for good, or has had its time."""
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
