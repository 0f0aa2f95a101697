"""Number of calls that a sampled call stands for, by OpenTelemetry's convention: the key `th` of a span's trace state.

https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
"""

import re

# 56 bits: the threshold below which a sampler rejects, without trailing zeros.
_DIGITS = 14
_WHOLE = 16**_DIGITS
_OWN = re.compile(r"(?:^|,)\s*ot=([^,]*)")
_THRESHOLD = re.compile(r"(?:^|;)th:([0-9a-f]{1,14})(?:;|\s*$)")
# A sender may claim any value; this keeps sums within 64 bits.
MOST_CALLS = 10_000_000


def threshold_of(probability: float) -> str:
    """Return the value of `th` for a probability above 0."""
    threshold = round(_WHOLE * (1.0 - probability))
    return f"{min(threshold, _WHOLE - 1):014x}".rstrip("0") or "0"


def adjusted_count(trace_state: str, span_id: bytes) -> int:
    """Return the number of calls that a span stands for by its W3C trace state; 1 if it does not say.

    Args:
        trace_state: the text of the header.
        span_id: decides how the fraction is rounded, so that sums are right and a repeated span gives the same number.
    """
    own = _OWN.search(trace_state)
    probability = 1.0 if own is None else probability_of(own[1])
    return 1 if probability >= 1.0 else whole(1.0 / probability, span_id)


def whole(calls: float, span_id: bytes) -> int:
    """Round a number of calls to a whole number: the fraction is the share of span IDs that are rounded up."""
    calls = min(max(calls, 1.0), MOST_CALLS)
    near = round(calls)
    if abs(calls - near) < 1e-6 * calls:
        return near
    # IDs of other tracers may be consecutive numbers.
    mixed = (int.from_bytes(span_id, "big") * 0x9E3779B97F4A7C15 >> 32) % 2**32
    return int(calls) + (mixed < calls % 1 * 2**32)


def probability_of(own: str) -> float:
    """Return the sampling probability in the trace state's member `ot`; 1 if there is none."""
    found = _THRESHOLD.search(own)
    return 1.0 if found is None else (_WHOLE - int(found[1].ljust(_DIGITS, "0"), 16)) / _WHOLE


def with_threshold(own: str, threshold: str | None) -> str:
    """Return the text of the trace state's member `ot` with `th` replaced or removed."""
    rest = [each for each in own.split(";") if each and not each.startswith("th:")]
    return ";".join(rest if threshold is None else [f"th:{threshold}", *rest])
