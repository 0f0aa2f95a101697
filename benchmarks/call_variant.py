"""One way of recording a call, measured in this process: `python -m benchmarks.call_variant NAME CALLS CHUNK`.

Prints JSON: `caller_us`, CPU of the calling thread a call; `total_us`, CPU of the whole process a call until everything
is stored, by a process of its own. `recorded` calls the function with the arguments that the peers were measured with.
"""

from __future__ import annotations

import datetime
import decimal
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

META = {"desk": "eq", "trader": "t42", "tags": ["a", "b"]}


def f(order_id: int, symbol: str, qty: float, meta: dict[str, Any]) -> dict[str, Any]:
    return {"order_id": order_id, "symbol": symbol, "notional": qty * 101.25}


@dataclass
class Order:
    order_id: int
    symbol: str
    price: decimal.Decimal
    at: datetime.datetime


ORDER = Order(5, "AAPL", decimal.Decimal("101.25"), datetime.datetime(2024, 5, 6, 7, 8, 9))
FILLS = [{"venue": "XNAS", "qty": number} for number in range(5)]


def rich(order: Order, at: datetime.datetime, price: decimal.Decimal, fills: list[dict[str, Any]]) -> Order:
    return order


def failing(order_id: int, symbol: str, qty: float, meta: dict[str, Any]) -> None:
    raise ValueError("no such order")


def chain() -> Exception:
    """An exception with 3,000 causes."""
    error: Exception = ValueError("0")
    for number in range(3_000):
        following = ValueError(str(number))
        following.__cause__, error = error, following
    return error


CHAIN = chain()


def chained() -> None:
    raise CHAIN.with_traceback(None)


def nothing() -> None:
    pass


class Variant(NamedTuple):
    """A measured variant.

    Args:
        function: what is called.
        flush: has everything stored.
        arguments: what it is called with; None: those of `f`, a number first.
    """

    function: Callable[..., Any]
    flush: Callable[[], object]
    arguments: tuple[Any, ...] | None = None


def monitored(function: Callable[..., Any], arguments: tuple[Any, ...] | None = None, **options: Any) -> Variant:
    """A function under @monitor."""
    import obsv

    # As a decorator finds it, before its name stands in the module; of a function that goes on standing there an object
    # is made, whose calls are a frame more.
    del globals()[function.__name__]
    return Variant(obsv.monitor(**options)(function), lambda: obsv.force_flush(120), arguments)


def sdk() -> Variant:
    """OpenTelemetry's SDK: an empty span, no processor."""
    from opentelemetry.sdk.trace import TracerProvider

    return Variant(TracerProvider().get_tracer("bench").start_as_current_span("f")(f), nothing)


def off() -> Variant:
    """@monitor while OTEL_SDK_DISABLED is set."""
    os.environ["OTEL_SDK_DISABLED"] = "true"
    return monitored(f)


def logfire() -> Variant:
    """logfire's @instrument with arguments and result, nothing sent."""
    import logfire as peer

    peer.configure(send_to_logfire=False, console=False, inspect_arguments=False)
    return Variant(peer.instrument(extract_args=True, record_return=True)(f), nothing)


def viztracer() -> Variant:
    """VizTracer with arguments and return value, nothing saved."""
    from viztracer import VizTracer

    tracer = VizTracer(log_func_args=True, log_func_retval=True, verbose=0)
    tracer.start()
    return Variant(f, tracer.clear)


RICH = (ORDER, ORDER.at, ORDER.price, FILLS)
VARIANTS: dict[str, Callable[[], Variant]] = {
    "plain": lambda: Variant(f, nothing),
    "sdk": sdk,
    "logfire": logfire,
    "viztracer": viztracer,
    "recorded": lambda: monitored(f),
    "plain_rich": lambda: Variant(rich, nothing, RICH),
    "rich": lambda: monitored(rich, RICH),
    "plain_failing": lambda: Variant(failing, nothing),
    "failing": lambda: monitored(failing),
    "plain_chained": lambda: Variant(chained, nothing, ()),
    "chained": lambda: monitored(chained, ()),
    "unsampled": lambda: monitored(f, sample_rate=0.0),
    "off": off,
}


def main(name: str, calls: int, chunk: int) -> dict[str, float]:
    """Measure a variant, flushing after every `chunk` calls."""
    variant = VARIANTS[name]()
    _call(variant, min(calls, 2_000))
    variant.flush()
    caller, process = 0.0, time.process_time()
    for _ in range(calls // chunk):
        thread = time.thread_time()
        _call(variant, chunk)
        caller += time.thread_time() - thread
        variant.flush()
    total = time.process_time() - process
    return {"caller_us": caller / calls * 1e6, "total_us": total / calls * 1e6}


def _call(variant: Variant, count: int) -> None:
    function, arguments = variant.function, variant.arguments
    for number in range(count):
        try:
            if arguments is None:
                function(number, "AAPL", 12.5, META)
            else:
                function(*arguments)
        except ValueError:
            pass


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.environ["OBSV_DB"] = os.path.join(directory, "bench.db")
        print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
