"""Programs that write without a pause: `python -m benchmarks.limits_program KIND SECONDS`."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from opentelemetry import trace

import obsv

_TEXT = "x" * 200


@obsv.monitor
def price(number: int, note: str) -> dict[str, object]:
    """Return something of 300 bytes."""
    return {"number": number, "note": note}


@obsv.monitor
def fail(number: int) -> None:
    """Fail."""
    raise ValueError(f"{number} {_TEXT}")


def _call(number: int) -> None:
    price(number, _TEXT)


def _fail(number: int) -> None:
    with suppress(ValueError):
        fail(number)


def _decide(number: int) -> None:
    with obsv.decide("entry", subject=f"s{number}", note=_TEXT) as decision:
        decision.gate("spread", number % 7, "<=", 5)
        decision.gate("volume", number % 5, ">=", 1)
    decision.outcome(pnl=float(number))


def _log(number: int) -> None:
    obsv.event("tick", "ERROR" if number % 10 == 0 else "INFO", number=number, note=_TEXT)


def _name(number: int) -> None:
    with trace.get_tracer("limits").start_as_current_span(f"work {number}"):
        pass


def _mix(number: int) -> None:
    price(number, os.urandom(100).hex())


KINDS: dict[str, Callable[[int], None]] = {
    "calls": _call,
    "errors": _fail,
    "decisions": _decide,
    "logs": _log,
    "names": _name,
    "random": _mix,
}


def main(kind: str, seconds: float) -> None:
    """Write for some seconds."""
    logging.getLogger("obsv").setLevel(logging.CRITICAL)
    obsv.configure()
    ends, number = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        for _ in range(100):
            number += 1
            KINDS[kind](number)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
