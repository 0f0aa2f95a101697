"""`obsv forward`: what is stored, sent to another OpenTelemetry backend."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from obsv.cli.common import complain, say_at_once
from obsv.cli.output import json_line
from obsv.otlp.forward import forward as forward_spans
from obsv.otlp.senders import sender_to
from obsv.since import since
from obsv.store.seam import open_store


def forward(
    db: Path,
    to: str,
    since_text: str | None = None,
    say: Callable[[str], None] = say_at_once,
    note: Callable[[str], None] = complain,
    as_json: bool = False,
) -> None:
    """Send what is stored.

    Args:
        db: path of the store.
        to: OTLP endpoint; the standard `OTEL_EXPORTER_OTLP_*` variables give protocol, headers and certificates.
        since_text: an age (`1h`) or an instant from which on; None sends everything.
        say: takes the line that says what was sent.
        note: takes lines on how it goes.
        as_json: whether that line is JSON.

    Raises:
        InvalidQuery: the time cannot be read.
        ConfigurationError: the endpoint cannot be used.
        NotTaken: the receiver refuses, or does not answer.
        StoreError: the store cannot be read.
    """

    def troubled(reason: str, wait_s: float) -> None:
        note(f"{to} does not take spans now ({reason}); trying again in {wait_s:.1f} s.")

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
    refused = f", {done.rejected:,} of them rejected there: {done.message}" if done.rejected else ""
    say(f"{done.sent:,} spans sent to {to}{refused}")
