"""A live engine: it trains, registers, decides through gates, trades on a simulated market, and learns from results."""

from __future__ import annotations

import random
import time
from typing import Any, NamedTuple

import obsv
from obsv import monitor
from obsv.demo.market import SYMBOLS, Market, Tick, features
from obsv.demo.model import Model, Rows, trained

MODES = {"scalp": 3, "swing": 8}
"""Ticks that a position is held, by mode."""
_SIZE = 1_000.0
_HISTORY, _LEARN_EVERY = 150, 40
_PAUSE_S = 0.002


class Pending(NamedTuple):
    """A decision whose result is not known yet: of a position, or of one that was refused."""

    decision_id: str
    symbol: str
    mode: str
    entered: bool
    price: float
    probability: float
    x: list[float]
    due: int


class FeedGap(Exception):
    """A price is missing."""


class Engine:
    """Decides at each tick of a simulated market.

    Args:
        seed: of all chance.
    """

    def __init__(self, seed: int = 7) -> None:
        self._rng = random.Random(seed)
        self._market = Market(self._rng)
        self.limits = {"spread_bps": 4.0, "volatility": 1.2, "probability": 0.52, "open_positions": 4}
        self._settings = obsv.register("config", self.limits, name="limits", why="the first limits")
        self._rows: list[tuple[list[float], int]] = self._market.history(_HISTORY)
        self.model = trained(self._rows, self._settings, "the first model")
        self._shadow: Model | None = None
        self._pending: list[Pending] = []
        self._ticks = self.results = self.errors = 0

    def run(self, seconds: float) -> None:
        """Trade for a while, then close what is open."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()
            time.sleep(_PAUSE_S)
        self._ticks += max(MODES.values())
        self.settle()

    @monitor(process_group="engine")
    def step(self) -> None:
        """Take the next tick: decide, follow positions, and learn from time to time."""
        self._ticks += 1
        tick = self._market.tick(SYMBOLS[self._ticks % len(SYMBOLS)])
        mode = self._rng.choice(tuple(MODES))
        try:
            self.enter(tick, mode, self.model)
        except FeedGap:
            self.errors += 1
        if self._shadow is not None:
            self.enter(tick, mode, self._shadow, is_shadow=True)
        self.settle()

    @monitor(process_group="engine", expected=["FeedGap"])
    def enter(self, tick: Tick, mode: str, model: Model, is_shadow: bool = False) -> None:
        """Decide whether to enter a position; each gate is kept, also after a refusal."""
        limits = self.limits
        about: dict[str, Any] = {"side": "buy", "price": round(tick.price, 4), "quantity": round(_SIZE / tick.price, 6)}
        with obsv.decide("entry", tick.symbol, mode, actor=model.artifact, shadow=is_shadow, **about) as d:
            if not is_shadow and self._rng.random() < 0.005:
                raise FeedGap(tick.symbol)
            x = features(self._market.prices[tick.symbol])
            probability = d.input("probability", model.probability(x), as_of=tick.at)
            d.gate("spread", d.input("spread", tick.spread_bps, as_of=tick.at), "<=", limits["spread_bps"])
            d.gate("volatility", d.input("volatility", x[2], as_of=tick.at), "<=", limits["volatility"])
            d.gate("probability", probability, ">=", limits["probability"])
            d.gate("open positions", sum(each.entered for each in self._pending), "<=", limits["open_positions"])
            d.action = "enter" if d.passed else "stay out"
        if not is_shadow:
            due = self._ticks + MODES[mode] * len(SYMBOLS)
            self._pending.append(Pending(d.id, tick.symbol, mode, d.passed, tick.price, probability, x, due))

    @monitor(process_group="engine")
    def settle(self) -> int:
        """Tell how decisions turned out whose time has come; return how many."""
        done = [each for each in self._pending if each.due <= self._ticks]
        self._pending = [each for each in self._pending if each.due > self._ticks]
        for each in done:
            self._tell(each)
        return len(done)

    def _tell(self, each: Pending) -> None:
        price = self._market.prices[each.symbol][-1]
        move, label = price / each.price - 1, int(price > each.price)
        pnl, pnl_bps = round(_SIZE * move, 4), round(move * 10_000, 3)
        if each.entered:
            score = each.probability
            about: dict[str, Any] = {"label": label, "probability": score, "exit_price": price}
            obsv.outcome(each.decision_id, pnl=pnl, pnl_bps=pnl_bps, exit_reason="time", **about)
            self.results += 1
        else:
            obsv.counterfactual(each.decision_id, "simulated", alternative="enter", pnl=pnl, pnl_bps=pnl_bps)
        self._rows.append((each.x, label))
        if each.entered and self.results % _LEARN_EVERY == 0:
            self.learn()

    @monitor(process_group="engine")
    def learn(self) -> None:
        """Promote the model that was shadowing, train the next one, and loosen the gate that refuses most."""
        if self._shadow is not None:
            self.model = self._shadow
            obsv.event("model.promoted", model=self.model.artifact)
        self.limits = self.limits | {"spread_bps": round(self.limits["spread_bps"] + 0.25, 2)}
        self._settings = obsv.register(
            "config", self.limits, parents=[self._settings], name="limits", why="the spread refused too much"
        )
        obsv.event("gate.adjusted", gate="spread", threshold=self.limits["spread_bps"])
        recent: Rows = self._rows[-4 * _HISTORY :]
        self._shadow = trained(recent, self._settings, "new results", [self.model.artifact])


def run(seconds: float, seed: int = 7) -> Engine:
    """Run the engine for some seconds; return it."""
    engine = Engine(seed)
    engine.run(seconds)
    return engine
