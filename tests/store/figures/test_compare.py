"""Calls and times beside each other."""

from __future__ import annotations

import pytest
from calls import EPOCH_NS, TRACE, call, span_id

from obsv.errors import NotFound
from obsv.store import Reader, Writer
from obsv.store.figures.compare import failures, read_pair, read_times
from obsv.store.ground.window import Window

MINUTE_NS = 60_000_000_000


def test_the_last_good_call_before_the_failed_one(writer: Writer, reader: Reader) -> None:
    """Of the same function and service; what came after does not count."""
    writer.write(
        [
            call(1, start=1), call(2, start=2, inputs={"order": "7"}), call(3, start=3, service="other"),
            call(4, start=4, name="shop.orders.cancel"), call(5, start=5, error="e"), call(6, start=6, error="e"),
            call(7, start=7),
        ]
    )  # fmt: skip
    pair = read_pair(reader, TRACE, span_id(6))
    assert pair.good is not None
    assert (pair.good.span_id, pair.good_is_later) == (span_id(2), False)


def test_where_there_is_none_before_the_first_after(writer: Writer, reader: Reader) -> None:
    """And it is told that it came later."""
    writer.write([call(1, start=1, error="e"), call(2, start=2, error="e"), call(3, start=3), call(4, start=4)])
    pair = read_pair(reader, TRACE, span_id(1))
    assert pair.good is not None
    assert (pair.good.span_id, pair.good_is_later) == (span_id(3), True)


def test_a_function_that_always_fails_has_no_good_call(writer: Writer, reader: Reader) -> None:
    """This is not an error."""
    writer.write([call(1, start=1, error="e"), call(2, start=2, error="e")])
    assert read_pair(reader, TRACE, span_id(2)).good is None


def test_who_called(writer: Writer, reader: Reader) -> None:
    """Both callers are named."""
    writer.write([call(1, name="shop.web"), call(2, 1, start=1), call(3, start=2, error="e")])
    pair = read_pair(reader, TRACE, span_id(3))
    assert (pair.failed_caller, pair.good_caller) == (None, "shop.web")


def test_failures_latest_first(writer: Writer, reader: Reader) -> None:
    """With what went wrong: the traceback, or the status message."""
    told = call(3, start=3, error=None, detail={"statusMessage": "HTTP 500"})._replace(status=2)
    writer.write([call(1, start=1, error="one"), call(2, start=2), told])
    assert [each.text for each in failures(reader, "shop.orders.place")] == ["HTTP 500", "one"]
    with pytest.raises(NotFound):
        failures(reader, "nope")


def test_two_times_of_a_function(writer: Writer, reader: Reader) -> None:
    """Each in whole minutes."""
    later = EPOCH_NS + 10 * MINUTE_NS
    writer.write([call(1, ms=4), call(2, ms=6, error="e"), call(3, ms=8, at=later)])
    windows = [Window(at // MINUTE_NS * MINUTE_NS, (at // MINUTE_NS + 1) * MINUTE_NS) for at in (later, EPOCH_NS)]
    times = read_times(reader, "shop.orders.place", *windows)
    assert [(each.calls, each.errors, each.mean_ns) for each in (times.first_sums, times.second_sums)] == [
        (1, 0, 8_000_000),
        (2, 1, 5_000_000),
    ]
