"""The program: feeds, traders and a report created in a thread pool."""

import asyncio
import contextvars
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from obsv import monitor
from obsv.demo.feeds import SYMBOLS, currencies, news, prices
from obsv.demo.trading import Risk, RiskLimitExceeded, Venue, VenueTimeout, trade

EXPECTED = (RiskLimitExceeded, VenueTimeout, ZeroDivisionError)


@monitor(process_group="reports")
def rows(symbols: list[str]) -> Iterator[str]:
    """Yield the lines of a report."""
    for symbol in symbols:
        yield f"{symbol:8}{SYMBOLS[symbol]:12.2f}"


@monitor(process_group="reports", capture={"cpu": True, "memory": True})
def value_at_risk(symbol: str, paths: int) -> float:
    """Simulate the value at risk, which takes a few milliseconds of computing."""
    rng = random.Random(symbol)
    losses = sorted(rng.gauss(0, 0.01) for _ in range(paths))
    return round(-losses[paths // 100], 5)


@monitor(process_group="reports")
def report(symbols: list[str]) -> str:
    """Return the values at risk, computed in threads that continue the trace."""
    with ThreadPoolExecutor(2, thread_name_prefix="report") as pool:
        jobs = [pool.submit(contextvars.copy_context().run, value_at_risk, symbol, 4_000) for symbol in symbols]
        risks = [job.result() for job in jobs]
    return "\n".join(f"{line}{risk:10.4f}" for line, risk in zip(rows(symbols), risks, strict=True))


async def traders(rng: random.Random, seconds: float) -> int:
    """Trade on bursts of prices, several orders at a time."""
    risk, venues = Risk(limit=12_000), [Venue("XNAS", rng), Venue("ARCX", rng)]
    end, orders = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        ticks = [tick async for tick in prices(rng, rng.randint(3, 8))]
        wave = [trade(orders + number, tick, rng, risk, venues) for number, tick in enumerate(ticks, 1)]
        orders += len(wave)
        for outcome in await asyncio.gather(*wave, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, EXPECTED):
                raise outcome
        if orders % 40 < 8:
            await asyncio.to_thread(report, sorted(SYMBOLS))
    return orders


async def live(seconds: float, seed: int) -> int:
    """Run everything concurrently for some seconds."""
    rng, stop = random.Random(seed), asyncio.Event()
    background = [asyncio.create_task(feed(rng, stop)) for feed in (currencies, news)]
    try:
        return await traders(rng, seconds)
    finally:
        stop.set()
        await asyncio.gather(*background)


def run(seconds: float = 10.0, seed: int = 7) -> int:
    """Run the program.

    Args:
        seconds: duration.
        seed: seed of its random numbers.

    Returns:
        The number of orders.
    """
    return asyncio.run(live(seconds, seed))
