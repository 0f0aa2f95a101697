"""Orders: priced, checked for risk, routed to a venue that sometimes fails."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from opentelemetry import trace

from obsv import monitor
from obsv.demo.feeds import Tick

# Not in a function, because the source text of functions is recorded too.
VENUE_KEY = "k-3f9a77"


class Side(Enum):
    """The side of an order."""

    BUY = "buy"
    SELL = "sell"


@dataclass
class Order:
    """An order."""

    id: int
    symbol: str
    side: Side
    quantity: int
    limit: Decimal


class RiskLimitExceeded(Exception):
    """The position would be too large."""


class VenueTimeout(Exception):
    """The venue did not respond in time."""


@monitor(process_group="trading.pricing")
def fair_value(tick: Tick, volatility: float) -> float:
    """Return a price between bid and ask."""
    middle = float(tick.bid + tick.ask) / 2
    return round(middle * (1 + volatility / 10_000), 4)


@monitor(process_group="trading.pricing", capture={"locals": True, "args": "exact"})
def edge(value: float, limit: float, quantity: int) -> float:
    """Return the expected gain per share; an order for nothing is a bug of the caller."""
    gain = (value - limit) * quantity
    return round(gain / quantity, 6)


@monitor(process_group="trading.risk")
class Risk:
    """Positions and their limits."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.positions: dict[str, int] = {}

    def exposure(self, symbol: str) -> int:
        """Return the shares held."""
        return self.positions.get(symbol, 0)

    def check(self, order: Order) -> int:
        """Return the position after an order."""
        signed = order.quantity if order.side is Side.BUY else -order.quantity
        after = self.exposure(order.symbol) + signed
        if abs(after) > self.limit:
            raise RiskLimitExceeded(f"{order.symbol}: {after} shares are over the limit of {self.limit}")
        self.positions[order.symbol] = after
        return after


@dataclass
class Venue:
    """A trading venue. In the second half of every twenty seconds it is slow and fails often."""

    name: str
    rng: random.Random
    started: float = field(default_factory=time.monotonic)

    @property
    def is_ill(self) -> bool:
        """Return whether it is in a bad spell."""
        return (time.monotonic() - self.started) % 20 > 14

    @monitor(process_group="trading.venue")
    async def send(self, order: Order, api_key: str, retries: int = 0) -> dict[str, object]:
        """Send an order; the key is masked in the record."""
        await asyncio.sleep(self.rng.expovariate(1 / (0.03 if self.is_ill else 0.004)))
        if self.rng.random() < (0.35 if self.is_ill else 0.01):
            raise VenueTimeout(f"{self.name} did not respond to order {order.id} (api_key={api_key})")
        trace.get_current_span().set_attribute("venue.name", self.name)
        return {"order_id": order.id, "venue": self.name, "status": "filled", "price": float(order.limit)}


@monitor(process_group="trading.orders")
async def execute(order: Order, venues: list[Venue]) -> dict[str, object]:
    """Try the venues in turn."""
    for attempt, venue in enumerate(venues):
        try:
            return await venue.send(order, VENUE_KEY, retries=attempt)
        except VenueTimeout:
            if attempt == len(venues) - 1:
                raise
    raise AssertionError("no venue")


@monitor(process_group="trading.orders")
async def trade(order_id: int, tick: Tick, rng: random.Random, risk: Risk, venues: list[Venue]) -> str:
    """Turn a price into a filled order."""
    value = fair_value(tick, rng.uniform(1, 30))
    quantity = rng.choice([100, 200, 500, 0 if rng.random() < 0.05 else 300])
    order = Order(order_id, tick.symbol, rng.choice(list(Side)), quantity, tick.ask)
    if edge(value, float(order.limit), order.quantity) < -5:
        return "no edge"
    risk.check(order)
    filled = await execute(order, venues)
    return str(filled["status"])
