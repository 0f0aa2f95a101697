"""Facts that separate two sets of calls."""

from __future__ import annotations

import random
from typing import Any

import pytest

from obsv.analysis.separation import describe, separate
from obsv.store.spans import ListedCall, Value
from obsv.store.surveying import SampledCall


def sampled(failed: bool, caller: str = "shop.main", thread: str = "MainThread", **values: Any) -> SampledCall:
    """A call with these inputs."""
    shown = tuple(Value(name, "INPUT", repr(value)) for name, value in values.items())
    status = "ERR" if failed else "OK"
    call = ListedCall(
        1, "", 0, 0, "shop.total", "shop", "shop", status, None, "", "", (*shown, Value("r", "OUTPUT", "1"))
    )
    return SampledCall(call, caller, thread, None)


def best(first: list[SampledCall], second: list[SampledCall]) -> tuple[str, str, int, int]:
    """The first fact."""
    fact = separate(first, second)[0]
    return fact.subject, fact.what, fact.first, fact.second


CHANCE = random.Random(7)


def noise() -> dict[str, Any]:
    """Values that say nothing."""
    return {"order": CHANCE.randrange(10**6), "user": CHANCE.choice(["ann", "bob", "eve"])}


@pytest.mark.parametrize(
    ("bad", "good", "subject", "what"),
    [
        ({"rate": None}, {"rate": 1.5}, "rate", "is None"),
        ({"items": []}, {"items": [1]}, "items", "is empty"),
        ({"rate": "1.5"}, {"rate": 1.5}, "rate", "= '1.5'"),
        ({"region": {"name": "eu", "rate": None}}, {"region": {"name": "eu", "rate": 2}}, "region.rate", "is None"),
        ({"size": {"a": {"b": 7}}}, {"size": {"a": {"b": 8}}}, "size.a.b", "= 7"),
        ({"prices": [1, None]}, {"prices": [1, 2]}, "prices", "has a None"),
    ],
)
def test_value_shape_and_member_are_found(bad: dict[str, Any], good: dict[str, Any], subject: str, what: str) -> None:
    """Among values that say nothing, with shares of 100 % against 0 %."""
    first = [sampled(True, **noise(), **bad) for _ in range(20)]
    second = [sampled(False, **noise(), **good) for _ in range(200)]
    assert best(first, second)[:2] == (subject, what)
    assert best(first, second)[2:] == (20, 0)


def test_number_above_a_bound_is_found() -> None:
    """The bound that separates best."""
    first = [sampled(True, **noise(), amount=1_000 + CHANCE.randrange(500)) for _ in range(30)]
    second = [sampled(False, **noise(), amount=CHANCE.randrange(1_000)) for _ in range(300)]
    subject, what, in_first, in_second = best(first, second)
    assert (subject, what[0], in_first, in_second) == ("amount", ">", 30, 0)


def test_caller_and_thread_are_facts() -> None:
    """The origin of calls may be the reason why they fail."""
    first = [sampled(True, caller="shop.batch", **noise()) for _ in range(9)]
    second = [sampled(False, thread="worker" if number % 2 else "other", **noise()) for number in range(90)]
    found = {(fact.subject, fact.what) for fact in separate(first, second)}
    assert ("caller", "= shop.batch") in found


def test_nothing_is_claimed_of_sets_that_are_alike() -> None:
    """Chance separates a little, always."""
    first = [sampled(True, **noise(), amount=CHANCE.random()) for _ in range(100)]
    second = [sampled(False, **noise(), amount=CHANCE.random()) for _ in range(100)]
    assert [fact for fact in separate(first, second) if abs(fact.difference) > 0.4] == []


def test_one_failed_call_is_told_from_many() -> None:
    """By what none of the others has; nothing is compared with nothing."""
    second = [sampled(False, **noise(), rate=1.5) for _ in range(50)]
    assert ("rate", "is None") in {(fact.subject, fact.what) for fact in separate([sampled(True, rate=None)], second)}
    assert separate([], second) == separate(second, []) == []


def test_fact_is_told_with_shares_and_counts() -> None:
    """In one line."""
    first, second = [sampled(True, rate=None)] * 4, [sampled(False, rate=1)] * 8
    assert describe(separate(first, second))[0] == "rate is None: 100% (4 of 4) against 0% (0 of 8)"
