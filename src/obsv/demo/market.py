"""A simulated market: prices with phases of trend, and their features."""

from __future__ import annotations

import random
from collections import deque
from datetime import datetime, timezone
from math import exp, sqrt
from typing import NamedTuple

from obsv import monitor

SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD")
FEATURES = ("momentum", "reversal", "volatility")
_MEMORY = 12


class Tick(NamedTuple):
    """A price of a symbol; `spread_bps` is the distance of bid and ask in hundredths of a percent."""

    symbol: str
    price: float
    spread_bps: float
    at: datetime


class Market:
    """Prices that move by chance, and by a trend that changes now and then.

    Args:
        rng: the source of chance.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._trend = dict.fromkeys(SYMBOLS, 0.0)
        self.prices = {symbol: deque([100.0 + 50 * at], _MEMORY) for at, symbol in enumerate(SYMBOLS)}

    def tick(self, symbol: str) -> Tick:
        """Return the next price of a symbol."""
        if self._rng.random() < 0.03:
            self._trend[symbol] = self._rng.choice((-0.0006, 0.0, 0.0, 0.0006))
        prices = self.prices[symbol]
        prices.append(prices[-1] * exp(self._trend[symbol] + self._rng.gauss(0, 0.001)))
        spread_bps = abs(self._rng.gauss(2.5, 1.5))
        return Tick(symbol, prices[-1], round(spread_bps, 2), datetime.now(timezone.utc))

    def history(self, steps: int) -> list[tuple[list[float], int]]:
        """Return features and labels of the past: 1 where the price was higher some steps later."""
        found = []
        for step in range(steps):
            symbol = SYMBOLS[step % len(SYMBOLS)]
            self.tick(symbol)
            before, x = self.prices[symbol][-1], features(self.prices[symbol])
            for _ in range(5):
                self.tick(symbol)
            found.append((x, int(self.prices[symbol][-1] > before)))
        return found


@monitor(process_group="features")
def features(prices: deque[float]) -> list[float]:
    """Return what the model looks at: momentum, the last step, and volatility, each about 1 in size."""
    steps = [(b - a) / a for a, b in zip(list(prices)[:-1], list(prices)[1:], strict=True)] or [0.0]
    middle = sum(steps) / len(steps)
    spread = sqrt(sum((each - middle) ** 2 for each in steps) / len(steps))
    return [middle * 1_000, steps[-1] * 500, spread * 500]
