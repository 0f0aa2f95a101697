"""Limits of senders, on a clock of their own."""

from __future__ import annotations

import pytest

from obsv.otlp.failures import Limited
from obsv.otlp.quotas import FIRST_MEAN, MOST_NAMES, Quotas
from obsv.web.senders import Sender, SenderLimits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def made(**limits: float) -> tuple[Quotas, Sender, Clock]:
    clock = Clock()
    return Quotas(1_000, clock, lambda: 7), Sender("a", limits=SenderLimits(**limits)), clock  # type: ignore[arg-type]


def test_over_minutes_no_more_than_the_limit() -> None:
    """Whatever the size of the requests: small, and larger than a second's worth."""
    quotas, sender, clock = made(spans_per_second=100)
    taken = 0
    waits = []
    for turn in range(6_000):
        clock.now = turn / 100
        spans = 1 if turn % 3 else 700
        try:
            claim = quotas.begin(sender)
            quotas.take(claim, 10)
        except Limited as refused:
            waits.append(refused.retry_after_s)
        else:
            quotas.settle(claim, spans, 0)
            taken += spans
    assert 1 <= min(waits) <= max(waits) <= 60
    assert 5_000 <= taken <= 60 * 100 + 700 + FIRST_MEAN


def test_requests_at_once_share_the_limit() -> None:
    """Those that arrived while others were decoded counts as their mean."""
    quotas, sender, _ = made(spans_per_second=100)
    claims = [quotas.begin(sender) for _ in range(50)]
    refused = 0
    for claim in claims:
        try:
            quotas.take(claim, 1)
        except Limited:
            refused += 1
    assert refused == 49
    assert quotas.counts()[0].refused == {"spans": 49}


def test_bytes() -> None:
    quotas, sender, clock = made(bytes_per_second=10)
    quotas.take(quotas.begin(sender), 100)
    with pytest.raises(Limited, match="10 bytes a second") as refused:
        quotas.begin(sender)
    assert refused.value.retry_after_s == 9
    clock.now = 10.1
    quotas.begin(sender)


def test_small_requests_within_a_second_are_taken() -> None:
    """A sender begins with a second's worth."""
    quotas, sender, _ = made(spans_per_second=100)
    for _ in range(100):
        claim = quotas.begin(sender)
        claim.charged = 0.0
        quotas.settle(claim, 1, 0)
    quotas.begin(sender)
    quotas.settle(quotas.begin(sender), 1, 0)
    with pytest.raises(Limited):
        quotas.begin(sender)


def test_a_request_that_was_not_stored_costs_no_spans() -> None:
    """It is sent again, and its spans count then."""
    quotas, sender, _ = made(spans_per_second=100)
    claim = quotas.begin(sender)
    quotas.take(claim, 1)
    quotas.refuse(claim, "failed")
    quotas.begin(sender)


def test_a_request_whose_decoded_form_exceeds_the_share_costs_no_spans() -> None:
    quotas, sender, _ = made(spans_per_second=10_000, queue_share=0.5)
    other = quotas.begin(sender)
    quotas.hold(other, 300)
    claim = quotas.begin(sender)
    for _ in range(100):
        quotas.hold(claim, 100)
        quotas.take(claim, 100)
        with pytest.raises(Limited, match="share"):
            quotas.hold(claim, 400)
        quotas.drop(claim)


def test_a_share_of_the_memory() -> None:
    """A request that is alone may exceed it, otherwise it could never be sent; a second one must wait."""
    quotas, sender, _ = made(queue_share=0.25)
    first, second = quotas.begin(sender), quotas.begin(sender)
    quotas.hold(first, 300)
    quotas.hold(first, 300)
    with pytest.raises(Limited, match="25%"):
        quotas.hold(second, 1)
    quotas.hold(quotas.begin(Sender("b")), 300)
    assert quotas.drop(first) == 600
    assert quotas.drop(first) == 0
    quotas.hold(second, 250)
    assert [(each.name, each.waiting_bytes, each.refused) for each in quotas.counts()] == [
        ("a", 250, {"queue": 1}),
        ("b", 300, {}),
    ]


def test_names_are_bounded() -> None:
    """The one that was silent for the longest is forgotten, never one whose requests wait."""
    quotas, sender, _ = made()
    quotas.hold(quotas.begin(sender), 1)
    for number in range(MOST_NAMES + 5):
        quotas.begin(Sender(f"s{number}"))
    names = {each.name for each in quotas.counts()}
    assert len(names) == MOST_NAMES
    assert "a" in names
