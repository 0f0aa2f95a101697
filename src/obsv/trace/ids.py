"""Trace and span ids: random, with the time in front of trace ids.

A trace id is 48 bits of Unix milliseconds and 80 random bits, so that the store's unique index grows at its end instead
of
everywhere. Its last 8 bytes are random, which is what W3C Trace Context Level 2 (random flag) and ratio samplers use.
"""

import os
import random

from opentelemetry.sdk.trace.id_generator import IdGenerator

from obsv.own_time import ticks
from obsv.trace.clock import clock

# An own generator: `random.seed(42)` in the program must not repeat our ids, nor may we use up the program's numbers.
_random = random.Random()
random_bits = _random.getrandbits
random_unit = _random.random

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_span_id() -> int:
    """A random id of 64 bits, never zero."""
    return random_bits(64) or 1


def new_trace_id() -> int:
    """An id of 128 bits that sorts by the millisecond it was made in."""
    # `clock.unix` in line: a call costs more than the sum.
    made: int = (ticks() + clock.offset) // 1_000_000 << 80 | random_bits(80)
    return made


class TimeOrderedIdGenerator(IdGenerator):
    """OpenTelemetry's `IdGenerator` with trace ids that sort by time."""

    def generate_span_id(self) -> int:
        return new_span_id()

    def generate_trace_id(self) -> int:
        return new_trace_id()

    def is_trace_id_random(self) -> bool:
        return True
