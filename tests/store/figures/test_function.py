"""One function."""

from __future__ import annotations

import pytest
from calls import EPOCH_NS, call, traceback

from obsv.errors import NotFound
from obsv.store import Code, Reader, Writer
from obsv.store.figures.busiest import read_busiest
from obsv.store.figures.function import read_function
from obsv.store.ground.window import Window

MINUTE_NS = 60_000_000_000
NOW = EPOCH_NS + 30 * MINUTE_NS
HOUR = Window(EPOCH_NS - 30 * MINUTE_NS, NOW)
DAY = Window(NOW - 24 * 60 * MINUTE_NS, NOW)
CODE = Code("/srv/shop/orders.py", 10, "def place(order):\n    ...\n")


def place(number: int, minute: int = 0, **more: object) -> object:
    values = {"inputs": {"order": str(number // 2)}, "outputs": {"return": str(number)}, "code": CODE}
    trace = f"{number + 1:032x}"
    return call(number + 1, trace=trace, start=number, at=EPOCH_NS + minute * MINUTE_NS, **(values | more))


def test_figures_are_of_the_window(writer: Writer, reader: Reader) -> None:
    """Counts, mean, longest, percentiles, CPU and memory; what lies outside does not count."""
    writer.write([place(n, ms=n + 1, cpu_ns=1_000, memory_bytes=10) for n in range(10)])
    writer.write([place(50, minute=-40, ms=999), place(60, ms=5, error="boom")])
    sums = read_function(reader, "shop.orders.place", HOUR).sums
    assert (sums.calls, sums.errors, sums.max_ns, sums.cpu_ns, sums.memory_bytes) == (11, 1, 10_000_000, 10_000, 100)
    assert sums.mean_ns == pytest.approx(60_000_000 / 11)
    assert sums.percentile_ns(0.5) == pytest.approx(5_000_000, rel=0.04)


def test_history_follows_the_window(writer: Writer, reader: Reader) -> None:
    """An hour in minutes, a day in bars that can be seen; bins also where nothing was called."""
    writer.write([place(1), place(2, minute=-20), place(3, minute=-300), place(4, minute=-2_000)])
    for window, bins, calls in ((HOUR, 60, 2), (DAY, 96, 3)):
        history = read_function(reader, "shop.orders.place", window).history
        counts = [each.calls for each in history.bins]
        assert (len(counts), sum(counts)) == (bins, calls)
        assert counts[(EPOCH_NS - history.start_ns) // history.step_ns] == 1


def test_variables_tell_their_last_value_and_since_when(writer: Writer, reader: Reader) -> None:
    """By name and direction."""
    writer.write([place(n) for n in range(6)])
    found = {each.name: each for each in read_function(reader, "shop.orders.place", HOUR).variables}
    assert (found["order"].last_value, found["order"].repeats, found["order"].updates) == ("2", 1, 6)
    assert found["order"].changed_ns == EPOCH_NS + 4_000_000
    assert (found["return"].data_type, found["return"].last_value) == ("OUTPUT", "5")


def test_versions_of_the_source_latest_first(writer: Writer, reader: Reader) -> None:
    """As it was when it ran."""
    changed = CODE._replace(source_text="def place(order):\n    return 1\n")
    writer.write([place(1)])
    writer.write([place(2, code=changed)])
    versions = read_function(reader, "shop.orders.place", HOUR).versions
    assert [version.code for version in versions] == [changed, CODE]


def test_failures_and_neighbours(writer: Writer, reader: Reader) -> None:
    """The latest failures, who calls it and whom it calls."""
    error = traceback("ValueError", "no stock")
    rows = [call(3, 2, name="shop.stock", start=2), call(2, 1, start=1, error=error), call(1, name="shop.web")]
    writer.write(rows)
    found = read_function(reader, "shop.orders.place", HOUR)
    assert [each.text for each in found.failures] == [error]
    assert [each.name for each in found.callers] == ["shop.web"]
    assert [each.name for each in found.callees] == ["shop.stock"]


def test_a_name_in_two_services_is_one_function(writer: Writer, reader: Reader) -> None:
    """Their calls are added up."""
    writer.write([place(1), place(2, service="other")])
    found = read_function(reader, "shop.orders.place", HOUR)
    assert (found.sums.calls, sorted(found.services)) == (2, ["other", "shop"])


def test_no_such_function(writer: Writer, reader: Reader) -> None:
    """The error says so."""
    writer.write([place(1)])
    with pytest.raises(NotFound, match="no function 'nope'"):
        read_function(reader, "nope", HOUR)


def test_the_busiest_come_first(writer: Writer, reader: Reader) -> None:
    """Of those whose name contains a text."""
    writer.write([place(1), place(2), call(9, name="shop.orders.cancel"), call(10, name="stock_100%")])
    assert [(each.name, each.calls) for each in read_busiest(reader, HOUR, "ORDERS")] == [
        ("shop.orders.place", 2),
        ("shop.orders.cancel", 1),
    ]
    assert [each.name for each in read_busiest(reader, HOUR, "0%")] == ["stock_100%"]
    assert read_busiest(reader, HOUR, "_rders") == []
