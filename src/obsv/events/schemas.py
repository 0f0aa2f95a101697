"""Schemas of a trading system's events, for use as they are and as examples."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from obsv.events.schema import Event

Side = Literal["buy", "sell"]


class Signal(Event):
    """A model says something about a symbol."""

    decision_time: AwareDatetime
    symbol: str
    mode: str = ""
    side: Side
    strength: float
    probability: float | None = Field(default=None, ge=0, le=1)
    model: str = ""


class GateDecision(Event):
    """A gate refused or let pass; `obsv.decide` keeps the same with its margin."""

    decision_time: AwareDatetime
    decision_id: str
    gate: str
    mode: str = ""
    observed: float
    threshold: float
    passed: bool


class TradeExecution(Event):
    """An order was filled."""

    decision_time: AwareDatetime
    decision_id: str
    symbol: str
    mode: str = ""
    side: Side
    quantity: float = Field(gt=0)
    price: float = Field(gt=0)
    fee: float = 0.0
    slippage_bps: float | None = None


class TradeClose(Event):
    """A position was closed; its result is measured up to `label_cutoff`."""

    decision_time: AwareDatetime
    label_cutoff: AwareDatetime
    decision_id: str
    symbol: str
    mode: str = ""
    exit_price: float = Field(gt=0)
    exit_reason: str = ""
    pnl: float
    pnl_bps: float | None = None
    holding_s: float | None = Field(default=None, ge=0)


class ModelUpdate(Event):
    """Another model is in use."""

    model: str
    previous: str = ""
    reason: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)


class ModelDelta(Event):
    """A model in use learned: how much its parameters and figures changed."""

    model: str
    samples: int = Field(ge=0)
    change: float
    metrics: dict[str, float] = Field(default_factory=dict)


class GateAdjustment(Event, severity="WARN"):
    """A threshold was changed."""

    gate: str
    mode: str = ""
    before: float | None
    after: float
    who: str
    why: str


class MarketContext(Event):
    """The state of the market about a symbol."""

    as_of: AwareDatetime
    symbol: str
    regime: str = ""
    spread_bps: float | None = Field(default=None, ge=0)
    volatility: float | None = Field(default=None, ge=0)
    volume: float | None = Field(default=None, ge=0)


class Counterfactual(Event):
    """A result of the way that was not taken."""

    decision_time: AwareDatetime
    label_cutoff: AwareDatetime
    decision_id: str
    method: Literal["shadow", "replay", "simulated", "assumed"]
    pnl: float
    pnl_bps: float | None = None
    judgement: Literal["good", "bad", "neutral"] | None = None


class Error(Event, severity="ERROR"):
    """Something failed that is no exception of a recorded call."""

    component: str
    message: str
    details: dict[str, Any] = Field(default_factory=dict)
