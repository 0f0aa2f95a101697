"""How many calls a sampled one stands for, by OpenTelemetry's convention: the key `th` of a span's trace state.

https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
"""

import re

# 56 bits: the threshold below which a sampler rejects, of which trailing zeros are left out.
_DIGITS = 14
_WHOLE = 16**_DIGITS
_OWN = re.compile(r"(?:^|,)\s*ot=([^,]*)")
_THRESHOLD = re.compile(r"(?:^|;)th:([0-9a-f]{1,14})(?:;|\s*$)")
# A sender may say anything; sums of these stay within 64 bits.
MOST_CALLS = 10_000_000


def threshold_of(probability: float) -> str:
    """The value of `th` for a probability above 0."""
    threshold = round(_WHOLE * (1.0 - probability))
    return f"{min(threshold, _WHOLE - 1):014x}".rstrip("0") or "0"


def adjusted_count(trace_state: str, span_id: bytes) -> int:
    """How many calls a span stands for by its W3C trace state; 1 where that says nothing.

    Args:
        trace_state: the header's text.
        span_id: decides about the fraction, so that sums are right and a repeat gives the same.
    """
    own = _OWN.search(trace_state)
    probability = 1.0 if own is None else probability_of(own[1])
    return 1 if probability >= 1.0 else whole(1.0 / probability, span_id)


def whole(calls: float, span_id: bytes) -> int:
    """A number of calls as a whole one: its fraction counts one more call for that share of all span ids."""
    calls = min(max(calls, 1.0), MOST_CALLS)
    near = round(calls)
    if abs(calls - near) < 1e-6 * calls:
        return near
    # Ids of other tracers may be numbers in a row.
    mixed = (int.from_bytes(span_id, "big") * 0x9E3779B97F4A7C15 >> 32) % 2**32
    return int(calls) + (mixed < calls % 1 * 2**32)


def probability_of(own: str) -> float:
    """The probability that the trace state's member `ot` says; 1 where it says none."""
    found = _THRESHOLD.search(own)
    return 1.0 if found is None else (_WHOLE - int(found[1].ljust(_DIGITS, "0"), 16)) / _WHOLE


def with_threshold(own: str, threshold: str | None) -> str:
    """The text of the trace state's member `ot` with another `th`, or without one."""
    rest = [each for each in own.split(";") if each and not each.startswith("th:")]
    return ";".join(rest if threshold is None else [f"th:{threshold}", *rest])
