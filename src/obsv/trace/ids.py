"""Trace and span IDs: random, with the time at the front of trace IDs.

A trace ID is 48 bits of Unix milliseconds and 80 random bits, so that the store's unique index grows at its end instead
of everywhere. Its last 8 bytes are random, as used by W3C Trace Context Level 2 (random flag) and ratio samplers.
"""

import os
import random

from opentelemetry.sdk.trace.id_generator import IdGenerator

from obsv.own_time import ticks
from obsv.trace.clock import clock

# A private generator: `random.seed(42)` in the program must not repeat our IDs, nor may we consume the program's
# numbers.
_random = random.Random()
random_bits = _random.getrandbits
random_unit = _random.random

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_span_id() -> int:
    """Return a random ID of 64 bits, never zero."""
    return random_bits(64) or 1


def new_trace_id() -> int:
    """Return an ID of 128 bits that sorts by the millisecond of its creation."""
    # `clock.unix` inlined: a call costs more than the addition.
    made: int = (ticks() + clock.offset) // 1_000_000 << 80 | random_bits(80)
    return made


class TimeOrderedIdGenerator(IdGenerator):
    """OpenTelemetry's `IdGenerator` with trace IDs that sort by time."""

    def generate_span_id(self) -> int:
        return new_span_id()

    def generate_trace_id(self) -> int:
        return new_trace_id()

    def is_trace_id_random(self) -> bool:
        return True
