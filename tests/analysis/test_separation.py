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


class Shown(str):
    """A value by its recorded text."""

    __repr__ = str.__str__


PRICE = "Price(symbol='{}', bid=1.5, at=2026-03-02T11:30:00+00:00)"


def loud() -> dict[str, Any]:
    """Values of all forms that say nothing: unique ones, few ones, lists, records, times, masked and long texts."""
    return {
        **noise(),
        "uid": Shown(f"{CHANCE.getrandbits(64):016x}"),
        "price": CHANCE.random() * 100,
        "near": CHANCE.choice([0.1 + 0.2, 0.3, -0.0, 0.0]),
        "tags": CHANCE.sample(["a", "b", "c", "d"], 2),
        "options": {"x": CHANCE.randrange(5), "y": CHANCE.choice([None, 1]), "s": "t" * CHANCE.randrange(30)},
        "at": Shown(f"2026-03-02T{CHANCE.randrange(24):02}:{CHANCE.randrange(60):02}:00+00:00"),
        "token": Shown("***"),
        "body": "w" * 500,
    }


CAUSES: list[tuple[Any, Any, str, str]] = [
    (None, 1.5, "it", "is None"),
    (Shown("nan"), 1.5, "it", "= nan"),
    (-0.0, 0.0, "it", "= -0.0"),
    (0.1 + 0.2, 0.3, "it", "= 0.30000000000000004"),
    (True, 1, "it", "= True"),
    ("7", 7, "it", "= '7'"),
    ([], [1, 2], "it", "is empty"),
    ("", "abc", "it", "is empty"),
    ({"eu": {"rate": None}}, {"eu": {"rate": 1}}, "it.eu.rate", "is None"),
    (Shown(PRICE.format("XAU")), Shown(PRICE.format("SAP")), "it.symbol", "= 'XAU'"),
    (["a", "vip"], ["a", "b"], "it", "contains 'vip'"),
    (Shown("[Line(a=1, b=None), Line(a=2, b=3)]"), Shown("[Line(a=1, b=1), Line(a=2, b=3)]"), "it[].b", "has a None"),
    (("x", 1), ("y", 1), "it[0]", "= 'x'"),
    ("x" * 900, "x" * 300, "len(it)", "> 300"),
    (Shown("Side.SELL"), Shown("Side.BUY"), "it", "= Side.SELL"),
    (Shown("Decimal('0')"), Shown("Decimal('1')"), "it", "= Decimal('0')"),
    (b"", b"x", "it", "is empty"),
]


@pytest.mark.parametrize(("bad", "good", "subject", "what"), CAUSES)
@pytest.mark.parametrize(("failed", "others"), [(20, 60), (1, 40)])
def test_cause_ranks_first(bad: Any, good: Any, subject: str, what: str, failed: int, others: int) -> None:
    """Among values that say nothing; of a single failed call it is among what is shown."""
    first = [sampled(True, **loud(), it=bad) for _ in range(failed)]
    second = [sampled(False, **loud(), it=good) for _ in range(others)]
    found = [(fact.subject, fact.what) for fact in separate(first, second)]
    assert (subject, what) == found[0] if failed > 1 else (subject, what) in found


def test_cause_of_varied_values_ranks_first() -> None:
    """Times, lengths, two values of four, most calls but not all: by the bound or the value that separates best."""
    makers: dict[str, Any] = {
        "it": lambda bad: Shown(f"2026-0{CHANCE.randrange(7, 10) if bad else CHANCE.randrange(1, 7)}-11T00:00:00"),
        "len(it)": lambda bad: [1] * (CHANCE.randrange(10, 20) if bad else CHANCE.randrange(1, 10)),
        "it ": lambda bad: CHANCE.choice("ab" if bad else "cd"),
        "it  ": lambda bad: None if (CHANCE.random() < 0.9) == bad else 5,
    }
    for subject, make in makers.items():
        first = [sampled(True, **loud(), it=make(True)) for _ in range(60)]
        second = [sampled(False, **loud(), it=make(False)) for _ in range(200)]
        assert best(first, second)[0] == subject.strip()


@pytest.mark.parametrize(("failed", "others"), [(80, 80), (5, 60), (1, 40)])
def test_nothing_is_claimed_of_calls_that_differ_by_chance(failed: int, others: int) -> None:
    """Of ten comparisons with dozens of facts each, one may; a thousand callers and unique values are no facts."""
    claimed = 0
    for _ in range(10):
        first, second = (
            [sampled(True, f"shop.c{CHANCE.randrange(1000)}", f"t{CHANCE.randrange(8)}", **loud()) for _ in range(n)]
            for n in (failed, others)
        )
        claimed += bool(separate(first, second))
    assert claimed <= 1


def test_what_follows_from_a_better_fact_is_left_out() -> None:
    """A rate that is None in all failed calls is not 0.19 in any."""
    first = [sampled(True, rate=None)] * 20
    second = [sampled(False, rate=0.19 if at % 2 else 0.07) for at in range(80)]
    assert [(fact.subject, fact.what) for fact in separate(first, second)] == [("rate", "is None")]


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
