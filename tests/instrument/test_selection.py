"""Selection of a module's functions by globs."""

import pytest

from obsv.instrument.selection import Names

FUNCTIONS = ("total", "_round", "Order.total", "Order.to_text", "Order._check", "Order.__call__", "_Own.total")
PUBLIC = {"total", "Order.total", "Order.to_text", "Order.__call__"}


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (Names(), PUBLIC),
        (Names(private=True), set(FUNCTIONS)),
        (Names(include=("shop",)), PUBLIC),
        (Names(include=("shop.orders.*",)), PUBLIC),
        (Names(include=("shop.orders.total",)), {"total"}),
        (Names(include=("shop.orders.Order",)), {"Order.total", "Order.to_text", "Order.__call__"}),
        (Names(include=("shop.orders.Order.to_*",)), {"Order.to_text"}),
        (Names(include=("shop.*.Order.t*",)), {"Order.total", "Order.to_text"}),
        (Names(include=("shop.orders._round",)), {"_round"}),
        (Names(include=("shop.orders.Order._*",)), {"Order._check", "Order.__call__"}),
        (Names(exclude=("shop.orders.Order.to_*",)), PUBLIC - {"Order.to_text"}),
        (Names(exclude=("shop.orders.Order",)), {"total"}),
        (Names(exclude=("*.total",)), {"Order.to_text", "Order.__call__"}),
        (Names(include=("shop.orders.Order",), exclude=("*.to_text",)), {"Order.total", "Order.__call__"}),
        (Names(include=("shop.prices.total",)), PUBLIC),  # recorded for another reason, as the script is
    ],
)
def test_functions_by_glob(names: Names, taken: set[str]) -> None:
    """A glob of a module means its public functions; one of functions these; private ones where that is asked for."""
    selection = names.of_module("shop.orders")
    assert {each for each in FUNCTIONS if selection.takes(each)} == taken


def test_the_script_has_two_names() -> None:
    """`__main__` and what people call it."""
    selection = Names(exclude=("nightly.helper",)).of_module("__main__", "nightly")
    assert (selection.takes("helper"), selection.takes("main")) == (False, True)


@pytest.mark.parametrize(
    ("names", "wanted"),
    [(Names(), False), (Names(private=True), True), (Names(("a._b",)), True), (Names(("__main__.f",)), False)],
)
def test_code_of_private_functions(names: Names, wanted: bool) -> None:
    """Is only made where it may be asked for."""
    assert names.wants_private is wanted
