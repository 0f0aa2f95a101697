"""`obsv forward`: send stored calls to another OpenTelemetry backend."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from obsv.cli.common import complain, say_at_once
from obsv.cli.output import json_line
from obsv.otlp.follow import following
from obsv.otlp.forward import forward as forward_spans
from obsv.otlp.senders import sender_to
from obsv.since import since
from obsv.store.seam import open_store
from obsv.store.writing import Sent


def forward(
    db: Path,
    to: str,
    since_text: str | None = None,
    say: Callable[[str], None] = say_at_once,
    note: Callable[[str], None] = complain,
    as_json: bool = False,
) -> None:
    """Send stored calls.

    Args:
        db: path of the store.
        to: OTLP endpoint; the standard `OTEL_EXPORTER_OTLP_*` variables set protocol, headers and certificates.
        since_text: the start, as an age (`1h`) or a time; None sends everything.
        say: receives the line that reports what was sent.
        note: receives progress messages.
        as_json: whether that line is JSON.

    Raises:
        InvalidQuery: the time cannot be parsed.
        ConfigurationError: the endpoint is invalid.
        NotTaken: the receiver refuses, or does not respond.
        StoreError: the store cannot be read.
    """

    def troubled(reason: str, wait_s: float) -> None:
        note(f"{to} is not accepting spans ({reason}); retrying in {wait_s:.1f} s.")

    start_ns = since(since_text, time.time_ns()) if since_text else 0
    reader = open_store(db)
    sender = sender_to(to, os.environ)
    try:
        done = forward_spans(reader, sender, start_ns, troubled=troubled)
    finally:
        sender.close()
        reader.close()
    if as_json:
        say(json_line({"to": to, **done._asdict()}))
        return
    refused = f", {done.rejected:,} of them rejected by the receiver: {done.message}" if done.rejected else ""
    say(f"{done.sent:,} spans sent to {to}{refused}")


def follow(
    db: Path,
    to: str,
    say: Callable[[str], None] = say_at_once,
    note: Callable[[str], None] = complain,
    as_json: bool = False,
) -> None:
    """Send stored and new calls until Ctrl-C or SIGTERM; the next run continues where this one ended.

    Args:
        db: path of the store; it may not exist yet.
        to: OTLP endpoint; variables as for `forward`.
        say: receives the line that reports what was sent.
        note: receives a line when the hub stops accepting spans, and another when it accepts them again.
        as_json: whether to print JSON.

    Raises:
        ConfigurationError: the endpoint is invalid.
        StoreError: the store cannot be read or written.
    """

    def troubled(reason: str | None) -> None:
        if reason is None:
            note(f"{to} is accepting spans again.")
        else:
            note(f"{to} is not accepting spans ({reason}). They wait in {db} and will be sent later.")

    stopping = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with following(db, to, os.environ, stopping.wait, troubled) as follower:
            begun, begun_logs = follower.calls.begin(), follower.logs.begin()
            follower.run()
            done, logs = follower.calls.sent, follower.logs.sent.spans - begun_logs.spans
            missed = follower.calls.missed()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    _say_sent(to, begun, done, missed, logs, say, as_json)


def _say_sent(
    to: str, begun: Sent, done: Sent, missed: int, logs: int, say: Callable[[str], None], as_json: bool
) -> None:
    sent, rejected = done.spans - begun.spans, done.rejected - begun.rejected
    if as_json:
        say(json_line({"to": to, "sent": sent, "rejected": rejected, "missed": missed, "log_records": logs}))
        return
    parts = [f"{sent:,} spans{f' and {logs:,} log records' if logs else ''} sent to {to}"]
    parts += [f"{rejected:,} of them rejected by the receiver"] if rejected else []
    parts += [f"{missed:,} so far were deleted by retention before they could be sent"] if missed else []
    say(", ".join(parts))
