"""The overview against a plain reading of the calls."""

from __future__ import annotations

import random

import pytest
from calls import EPOCH_NS, call

from obsv.store import Reader, Writer
from obsv.store.figures.overview import LATEST_ERRORS, Overview, latest_errors, read_overview
from obsv.store.ground import sampled
from obsv.store.ground.window import Window
from obsv.times import NS

MINUTE = 60 * NS
# The end of a minute: what comes from rollups covers whole ones.
END = (EPOCH_NS // MINUTE + 121) * MINUTE
HOUR = Window(END - 60 * MINUTE, END)


@pytest.fixture
def found(writer: Writer, reader: Reader) -> tuple[Overview, list[tuple[int, str, int, bool]]]:
    rng = random.Random(3)
    plain = []
    rows = []
    for number in range(1, 2001):
        name = f"shop.f{rng.randrange(8)}"
        start = END - rng.randrange(120 * MINUTE) - 1
        ms = rng.lognormvariate(1, 1) * (3 if name == "shop.f2" and start >= HOUR.start_ns else 1)
        failed = rng.random() < 0.05
        trace = f"{number:032x}"
        error = "ValueError: x\n" if failed else None
        rows.append(call(number, name=name, group=f"g{name[-1]}", at=start, ms=ms, trace=trace, error=error))
        plain.append((start, name, rows[-1].duration_ns, failed))
    writer.write(rows)
    return read_overview(reader, HOUR), plain


def within(plain: list[tuple[int, str, int, bool]], window: Window) -> list[tuple[int, str, int, bool]]:
    return [each for each in plain if window.start_ns <= each[0] < window.end_ns]


def test_totals_of_both_periods(found: tuple[Overview, list[tuple[int, str, int, bool]]]) -> None:
    """Calls and errors exactly, P95 within the width of a bucket, rates by the period's length."""
    shown, plain = found
    for totals, window in ((shown.now, HOUR), (shown.before, HOUR.before())):
        calls = within(plain, window)
        durations = sorted(each[2] for each in calls)
        assert (totals.calls, totals.errors) == (len(calls), sum(each[3] for each in calls))
        assert totals.p95_ns == pytest.approx(durations[-(-95 * len(durations) // 100) - 1], rel=0.05)
        assert totals.throughput == pytest.approx(len(calls) / 3600, rel=0.01)


@pytest.mark.parametrize("minutes", [10, 121, 10_000_000, 40_000_000])
def test_window_from_the_beginning_of_time(writer: Writer, reader: Reader, minutes: int) -> None:
    """The sums of all time are those of no minute: neither a window nor the one before it includes them."""
    writer.write([call(number, at=(number + 1) * MINUTE) for number in range(1, 4)])
    shown = read_overview(reader, Window(0, minutes * MINUTE))
    assert (shown.now.calls, shown.before.calls, sum(each.totals.calls for each in shown.bins)) == (3, 0, 3)


def test_bins_cover_the_window_and_sum_to_it(found: tuple[Overview, list[tuple[int, str, int, bool]]]) -> None:
    """A bin a minute for an hour."""
    shown, _ = found
    assert [each.start_ns for each in shown.bins] == [HOUR.start_ns + at * MINUTE for at in range(60)]
    assert sum(each.totals.calls for each in shown.bins) == shown.now.calls
    assert sum(each.totals.errors for each in shown.bins) == shown.now.errors


def test_percentiles_are_at_most_the_longest_call(writer: Writer, reader: Reader) -> None:
    """The middle of a bucket lies above durations at its lower end; in totals, bins and functions alike."""
    ms = (int(1.08**200) + 1) / 1e6
    writer.write([call(number, at=END - MINUTE // 2 - number, ms=ms) for number in range(1, 30)])
    shown = read_overview(reader, HOUR)
    longest = longest_call(reader)
    assert (shown.now.p95_ns, shown.slowest[0].p95_ns, shown.bins[-1].totals.p95_ns) == (longest,) * 3


def test_estimates_are_told(writer: Writer, reader: Reader) -> None:
    """Of all calls, of a bin, a group and a function it is said how many are not stored."""
    rows = [call(number, at=END - MINUTE // 2 - number, ms=1, group="g") for number in range(1, 4)]
    writer.write([rows[0], *(row._replace(weight=sampled(10, row.duration_ns)) for row in rows[1:])])
    shown = read_overview(reader, HOUR)
    parts = (shown.now, shown.bins[-1].totals, shown.groups[0], shown.slowest[0])
    assert [(each.calls, each.unrecorded) for each in parts] == [(21, 18)] * 4


def longest_call(reader: Reader) -> int:
    """The duration of the longest call."""
    return int(reader.query("select max(duration_ns) from span")[0][0])


def test_groups_by_share(found: tuple[Overview, list[tuple[int, str, int, bool]]]) -> None:
    """The largest first; together they are all calls."""
    shown, _ = found
    counts = [group.calls for group in shown.groups]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == shown.now.calls


def test_slowest_and_most_changed(found: tuple[Overview, list[tuple[int, str, int, bool]]]) -> None:
    """The function that became three times as slow leads both lists."""
    shown, plain = found
    means = [each.mean_ns for each in shown.slowest]
    assert means == sorted(means, reverse=True)
    assert shown.slowest[0].name == shown.changed[0].name == "shop.f2"
    mine = [each[2] for each in within(plain, HOUR.before()) if each[1] == "shop.f2"]
    assert shown.changed[0].mean_before_ns == pytest.approx(sum(mine) / len(mine), rel=1e-6)


def test_latest_errors_are_the_latest(found: tuple[Overview, list[tuple[int, str, int, bool]]]) -> None:
    """Ten, newest first."""
    shown, plain = found
    starts = sorted((each[0] for each in within(plain, HOUR) if each[3]), reverse=True)[:LATEST_ERRORS]
    assert [each.start_ns for each in shown.errors] == starts


def test_an_error_is_listed_where_it_began(writer: Writer, reader: Reader) -> None:
    """Callers that the same exception passed through, or that only say that they failed, are left out."""
    window = Window(EPOCH_NS, EPOCH_NS + NS)
    writer.write(
        [
            call(1, name="GET /", detail={"statusMessage": "500"}, error=""),
            call(2, 1, name="shop.sell", error="Traceback\nValueError: no price\n"),
            call(3, 2, name="shop.price", error="Traceback\nValueError: no price\n"),
            call(4, name="shop.other", error="Traceback\nKeyError: 1\n", trace="f" * 32),
            call(5, 4, name="shop.cause", error="Traceback\nOSError: 2\n", trace="f" * 32),
        ]
    )
    assert {each.process for each in latest_errors(reader, window)} == {"shop.price", "shop.other", "shop.cause"}


@pytest.mark.parametrize("window", [Window(0, 1), Window(0, 2**63 - 1), Window(END, END + 1)])
def test_any_window_is_answered(writer: Writer, reader: Reader, window: Window) -> None:
    """Before all time, all of it, an instant: none takes long, none fails."""
    writer.write([call(1)])
    assert read_overview(reader, window).now.calls in (0, 1)
