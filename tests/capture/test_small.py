"""A first look at small plain dicts and lists has the result of the freezers that it leaves the rest to."""

import random

import pytest
from random_values import RandomValues

from obsv.capture.kinds import Kinds
from obsv.capture.limits import Limits
from obsv.capture.secrets.redact import Redactor
from obsv.capture.small import small_freezers

ATOMS = [
    1,
    -(10**9),
    10**9,
    10**30,
    1 << 1_100,
    True,
    None,
    2.5,
    "",
    "text",
    "x" * 100,
    "x" * 101,
    b"raw",
    "Bearer abcdefgh",
]
NAMES = ["symbol", "qty", "password", "api_key", "token", "x" * 101, "é"]
LIMITS = [Limits(), Limits(max_repr=300), Limits(max_repr=40), Limits(max_items=2), Limits(max_depth=1)]


class Name(str):
    ran = 0

    def __hash__(self) -> int:
        type(self).ran += 1
        return super().__hash__()


def some_list(random_: random.Random) -> list[object]:
    return random_.choices([*NAMES, *ATOMS], k=random_.choice((0, 1, 2, 2, 3, 9, 10, 11)))


def some_dict(random_: random.Random) -> dict[object, object]:
    values = [*ATOMS, some_list(random_), some_list(random_), {"symbol": 1}]
    keys = random_.sample([*NAMES, *map(str, range(9)), 1, None, b"token"], k=random_.choice((0, 1, 2, 3, 8, 9, 11)))
    return {key: random_.choice(values) for key in keys}


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_the_result_is_that_of_the_freezers(limits: Limits) -> None:
    """Dicts and lists of atoms, lists, secrets and long texts are frozen as by the general freezers."""
    kinds, random_ = Kinds(limits, Redactor()), random.Random(5)
    small_dict, small_list = small_freezers(kinds)
    freeze_dict, freeze_list = kinds.known[id(dict)], kinds.known[id(list)]
    for _ in range(3_000):
        value, items = some_dict(random_), some_list(random_)
        for _again in range(2):  # the second time the names are known
            assert small_dict(value) == freeze_dict(value, limits.max_depth, [limits.max_repr])
            assert small_list(items) == freeze_list(items, limits.max_depth, [limits.max_repr])


def test_any_value_is_frozen_alike() -> None:
    """Nested values of any kind, in a dict or a list of their own."""
    kinds, values = Kinds(Limits(), Redactor()), RandomValues(7)
    small_dict, small_list = small_freezers(kinds)
    freeze_dict, freeze_list = kinds.known[id(dict)], kinds.known[id(list)]
    for _ in range(1_000):
        value = values.value()
        assert small_dict({"value": value}) == freeze_dict({"value": value}, 3, [1_000])
        assert small_list([value, 1, 2]) == freeze_list([value, 1, 2], 3, [1_000])


def test_the_result_is_a_copy() -> None:
    """A change after the look changes nothing recorded."""
    small_dict, small_list = small_freezers(Kinds(Limits(), Redactor()))
    items: list[object] = ["a", 1, 2]
    value = {"symbol": 1, "items": items}
    frozen, frozen_items = small_dict(value), small_list(items)
    value["symbol"] = 2
    items.append(3)
    assert frozen == {"symbol": 1, "items": ["a", 1, 2]}
    assert frozen_items == ["a", 1, 2]


def test_no_code_of_a_key_runs() -> None:
    """A key that is not an exact str is left to the general freezer, unhashed."""
    small_dict, _ = small_freezers(Kinds(Limits(), Redactor()))
    value = {Name("symbol"): 1}
    before = Name.ran
    small_dict(value)
    assert Name.ran == before
