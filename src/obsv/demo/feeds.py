"""Data feeds: prices, currencies, news. One of them falls silent after a while."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from obsv import monitor

SYMBOLS = {"AAPL": 212.4, "MSFT": 431.1, "TSLA": 248.5, "NVDA": 128.3, "ES_F": 5_820.0}
CURRENCIES = {"EURUSD": 1.08, "GBPUSD": 1.27, "USDJPY": 153.2}


@dataclass(frozen=True)
class Tick:
    """A price sent by a feed."""

    symbol: str
    bid: Decimal
    ask: Decimal
    at: datetime


@monitor(process_group="market.feeds", feed="prices")
def on_price(symbol: str, bid: float, ask: float) -> Tick:
    """Receive a price."""
    if ask < bid:
        raise ValueError(f"crossed quote for {symbol}: bid={bid} ask={ask}")
    return Tick(symbol, Decimal(f"{bid:.4f}"), Decimal(f"{ask:.4f}"), datetime.now(timezone.utc))


@monitor(process_group="market.feeds", feed="fx")
def on_rate(pair: str, rate: float) -> tuple[str, float]:
    """Receive a currency's rate."""
    return pair, round(rate, 5)


@monitor(process_group="market.feeds", feed="news")
def on_news(headline: str, tags: list[str]) -> dict[str, object]:
    """Receive a headline."""
    return {"headline": headline, "tags": tags, "length": len(headline)}


@monitor(process_group="market.feeds", capture={"cpu": True})
async def prices(rng: random.Random, count: int) -> AsyncIterator[Tick]:
    """Yield a burst of prices; occasionally the exchange sends a crossed quote."""
    for _ in range(count):
        symbol = rng.choice(list(SYMBOLS))
        SYMBOLS[symbol] *= 1 + rng.gauss(0, 0.0004)
        middle = SYMBOLS[symbol]
        spread = middle * rng.uniform(0.00005, 0.0003) * (-1 if rng.random() < 0.01 else 1)
        try:
            yield on_price(symbol, middle - spread, middle + spread)
        except ValueError:
            continue
        await asyncio.sleep(rng.expovariate(1 / 0.004))


async def currencies(rng: random.Random, stop: asyncio.Event) -> None:
    """Send rates until the feed falls silent."""
    for _ in range(60):
        if stop.is_set():
            return
        pair = rng.choice(list(CURRENCIES))
        on_rate(pair, CURRENCIES[pair] * (1 + rng.gauss(0, 0.0001)))
        await asyncio.sleep(0.1)


async def news(rng: random.Random, stop: asyncio.Event) -> None:
    """Send a headline every second or so."""
    while not stop.is_set():
        symbol = rng.choice(list(SYMBOLS))
        on_news(f"{symbol} {rng.choice(['beats', 'misses', 'confirms'])} expectations", [symbol, "earnings"])
        await asyncio.sleep(rng.uniform(0.5, 1.5))
