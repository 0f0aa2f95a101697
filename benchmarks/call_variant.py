"""One way of recording a call, measured in this process: `python -m benchmarks.call_variant NAME CALLS CHUNK`.

Prints JSON: `caller_us`, CPU of the calling thread a call; `total_us`, CPU of the whole process a call until everything
is
stored. The function and its arguments are those that the peers were measured with.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

META = {"desk": "eq", "trader": "t42", "tags": ["a", "b"]}
Variant = tuple[Callable[..., Any], Callable[[], object]]


def f(order_id: int, symbol: str, qty: float, meta: dict[str, Any]) -> dict[str, Any]:
    return {"order_id": order_id, "symbol": symbol, "notional": qty * 101.25}


def nothing() -> None:
    pass


def sdk() -> Variant:
    """OpenTelemetry's SDK: an empty span, no processor."""
    from opentelemetry.sdk.trace import TracerProvider

    return TracerProvider().get_tracer("bench").start_as_current_span("f")(f), nothing


def obsv_on() -> Variant:
    """@monitor into SQLite: four arguments, the result."""
    import obsv

    return obsv.monitor(f), lambda: obsv.force_flush(120)


def obsv_unsampled() -> Variant:
    """@monitor, sampled away."""
    import obsv

    return obsv.monitor(sample_rate=0.0)(f), lambda: obsv.force_flush(120)


def obsv_off() -> Variant:
    """@monitor while OTEL_SDK_DISABLED is set."""
    os.environ["OTEL_SDK_DISABLED"] = "true"
    import obsv

    return obsv.monitor(f), nothing


def logfire() -> Variant:
    """logfire's @instrument with arguments and result, nothing sent."""
    import logfire as peer

    peer.configure(send_to_logfire=False, console=False, inspect_arguments=False)
    return peer.instrument(extract_args=True, record_return=True)(f), nothing


def plain() -> Variant:
    """The function itself."""
    return f, nothing


VARIANTS = {made.__name__: made for made in (plain, sdk, obsv_on, obsv_unsampled, obsv_off, logfire)}


def main(name: str, calls: int, chunk: int) -> dict[str, float]:
    """Measure a variant, flushing after every `chunk` calls."""
    function, flush = VARIANTS[name]()
    for number in range(2_000):
        function(number, "AAPL", 12.5, META)
    flush()
    caller, process = 0.0, time.process_time()
    for _ in range(calls // chunk):
        thread = time.thread_time()
        for number in range(chunk):
            function(number, "AAPL", 12.5, META)
        caller += time.thread_time() - thread
        flush()
    total = time.process_time() - process
    return {"caller_us": caller / calls * 1e6, "total_us": total / calls * 1e6}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.environ["OBSV_DB"] = os.path.join(directory, "bench.db")
        print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
