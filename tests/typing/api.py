"""The public interface, as the type checker sees it: what is decorated keeps its type."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from typing_extensions import assert_type

import obsv
from obsv import auto_instrument_module, monitor
from obsv.legacy import TraceCpu, TraceTime


@monitor
def bare(order_id: int, symbol: str = "") -> float:
    return order_id * 1.5


@monitor()
def called(order_id: int) -> float:
    return order_id * 1.5


@monitor(
    process_group="trading.pnl",
    sample_rate=0.5,
    capture={"args": "exact", "result": True, "locals": False, "cpu": True, "memory": True},
    serializer="smart",
    max_repr=1_000,
    sensitive_fields=("password", "api_key", "token"),
    queue_warning_threshold=8_000,
    feed="prices",
)
async def fetch(symbol: str, *, retries: int = 3) -> bytes:
    return symbol.encode()


@monitor(capture={"args": True, "result": False}, serializer=repr)
def with_dict(value: object) -> None: ...


@monitor
def numbers(n: int) -> Iterator[int]:
    yield n


@monitor
async def ticks(n: int) -> AsyncIterator[int]:
    yield n


@monitor
class Book:
    def __init__(self, symbol: str) -> None:
        self.symbol = symbol

    @monitor
    def best(self, side: str) -> float:
        return 1.0

    @classmethod
    @monitor
    def of(cls, symbol: str) -> "Book":
        return cls(symbol)

    @monitor
    @staticmethod
    def tick(price: float) -> float:
        return price


@TraceTime
def old(x: int) -> str:
    return str(x)


@TraceCpu(process_group="old")
def older(x: int) -> str:
    return str(x)


assert_type(bare(1, symbol="A"), float)
assert_type(called(1), float)
assert_type(numbers(1), Iterator[int])
assert_type(ticks(1), AsyncIterator[int])
assert_type(Book("A").best("bid"), float)
assert_type(Book.of("A"), Book)
assert_type(Book.tick(1.0), float)
assert_type(old(1), str)
assert_type(older(1), str)
assert_type(monitor(len)("abc"), int)

keeps: Callable[[int, str], float] = bare
awaits: Callable[[str], Awaitable[bytes]] = fetch

bare("1")  # type: ignore[arg-type]
called(1, 2)  # type: ignore[call-arg]
fetch("A", 3)  # type: ignore[call-arg, unused-coroutine]
Book("A").best(1)  # type: ignore[arg-type]
monitor(sample_rate="half")  # type: ignore[call-overload]
monitor(serializer="xml")  # type: ignore[call-overload]
monitor(capture={"everything": True})  # type: ignore[call-overload]

obsv.configure(db="logs/observability.db", service_name="shop", on_full="spill")
assert_type(obsv.force_flush(5.0), bool)
assert_type(obsv.stats(), dict[str, Any])
obsv.shutdown()
assert_type(auto_instrument_module(obsv, include_regex="f", exclude=("g",), process_group="h"), list[str])
