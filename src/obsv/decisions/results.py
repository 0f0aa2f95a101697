"""Outcomes of decisions, and of the way that was not taken: told later, from any process."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from obsv.decisions.carrier import carry, frozen_fields, now_ns, plain_text
from obsv.decisions.moments import ns_of
from obsv.errors import ConfigurationError, InvalidEvent
from obsv.events.emit import current_shown

METHODS = ("shadow", "replay", "simulated", "assumed")
JUDGEMENTS = ("good", "bad", "neutral")
OnInvalid = Literal["record", "raise"]
# Of the return that was missed; a loss that was avoided is a good refusal, whatever its size.
_BAD_BPS = 10.0


def outcome(
    decision_id: str,
    /,
    *,
    label_cutoff: datetime | None = None,
    observed_at: datetime | None = None,
    on_invalid: OnInvalid = "record",
    **metrics: Any,
) -> None:
    """Record how a decision turned out; days later, from another process, and again: the latest counts.

        obsv.outcome(decision_id, pnl=12.5, exit_reason="target")

    Args:
        decision_id: `Decision.id`.
        label_cutoff: up to when the result was measured, with a time zone; not before the decision.
        observed_at: when it was known, with a time zone; default: now.
        on_invalid: "record" stores a time without a zone as a violation, "raise" raises InvalidEvent.
        metrics: any values; the views read `pnl` and `pnl_bps`, `exit_price`, `exit_reason`.

    Raises:
        ConfigurationError: the ID is not a text, or empty.
        InvalidEvent: see `on_invalid`.
    """
    _tell("obsv.outcome", decision_id, (), metrics, label_cutoff, observed_at, on_invalid)


def counterfactual(
    decision_id: str,
    /,
    method: str,
    *,
    alternative: str = "",
    judgement: str = "",
    label_cutoff: datetime | None = None,
    observed_at: datetime | None = None,
    on_invalid: OnInvalid = "record",
    **metrics: Any,
) -> None:
    """Record how the way that was not taken would have turned out.

        obsv.counterfactual(decision_id, "shadow", alternative="enter", pnl=-3.0)

    Args:
        decision_id: `Decision.id`.
        method: how this is known: "shadow", "replay", "simulated" or "assumed".
        alternative: what would have been done.
        judgement: of a refusal: "good", "bad" or "neutral". Default: good if `pnl` is negative, bad if `pnl_bps` is
            above 10 (without it, if `pnl` is positive), else neutral; none without both.
        label_cutoff, observed_at, on_invalid, metrics: those of `outcome`.

    Raises:
        ConfigurationError: the ID is not a text, or there is no such method or judgement.
        InvalidEvent: see `on_invalid`.
    """
    method, judgement = plain_text(method), plain_text(judgement)
    if method not in METHODS:
        raise ConfigurationError(f"method is one of {', '.join(METHODS)}, not {method!r:.100}.")
    judgement = judgement or judged(metrics)
    if judgement and judgement not in JUDGEMENTS:
        raise ConfigurationError(f"judgement is one of {', '.join(JUDGEMENTS)}, not {judgement!r:.100}.")
    about = (("method", method), ("alternative", plain_text(alternative)), ("judgement", judgement))
    _tell("obsv.counterfactual", decision_id, about, metrics, label_cutoff, observed_at, on_invalid)


def judged(metrics: dict[str, Any]) -> str:
    """Return whether refusing was good, bad or neutral; empty where nothing tells."""
    pnl: Any = metrics.get("pnl")
    bps: Any = metrics.get("pnl_bps")
    try:
        if pnl is None and bps is None:
            return ""
        if (bps if pnl is None else pnl) < 0:
            return "good"
        return "bad" if (pnl > 0 if bps is None else bps > _BAD_BPS) else "neutral"
    except Exception:  # they are not numbers
        return ""


def _tell(
    event_name: str,
    decision_id: str,
    about: tuple[tuple[str, Any], ...],
    metrics: dict[str, Any],
    label_cutoff: datetime | None,
    observed_at: datetime | None,
    on_invalid: OnInvalid,
) -> None:
    if not isinstance(decision_id, str) or not decision_id:
        raise ConfigurationError(f"outcome takes the ID of a decision first, a text, not {decision_id!r:.100}.")
    violations: list[str] = []
    shown, now = current_shown(), now_ns()
    cutoff, observed = ns_of("label_cutoff", label_cutoff, violations), ns_of("observed_at", observed_at, violations)
    if violations and on_invalid == "raise":
        raise InvalidEvent(f"The outcome of decision {decision_id} is not recorded: {'; '.join(violations)}.")
    attributes = (
        ("id", plain_text(decision_id)),
        *about,
        ("label_cutoff", cutoff),
        ("metrics", frozen_fields(metrics, shown)),
        ("violations", tuple(violations)),
    )
    carry(event_name, attributes, now if observed is None else observed, (0, 0))
