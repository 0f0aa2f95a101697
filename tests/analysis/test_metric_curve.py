"""Lines of metrics: rates of counters across resets, means of distributions, gauges as they are."""

import pytest

from obsv.analysis.metric_curve import curve, labels, told
from obsv.store.figures import SeriesLine
from obsv.store.ground import Point

S = 10**9


def series(kind: str, temporality: str = "", is_monotonic: bool = False, **changes: object) -> SeriesLine:
    made = SeriesLine(
        1, "shop", "m", "s", "", kind, temporality, is_monotonic, "[]", '{"route":"/a","n":[1]}', "{}", "{}", None
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def test_a_gauge_is_as_it_is() -> None:
    """A point without a value leaves a gap."""
    found = curve(series("gauge"), [Point(1, 0, 2), Point(2, 0, None), Point(3, 0, 0.5)])
    assert (found.of, found.values) == ("value", [2.0, None, 0.5])


def test_a_counter_is_a_rate_across_its_resets() -> None:
    """A reset is seen by a lower value, or by a later start if it has grown beyond since."""
    points = [
        Point(10 * S, S, 100), Point(20 * S, S, 150), Point(30 * S, 25 * S, 10), Point(40 * S, 35 * S, 60),
    ]  # fmt: skip
    found = curve(series("sum", "cumulative", True), points)
    assert (found.of, found.times) == ("per second", [20 * S, 30 * S, 40 * S])
    assert found.values == [5.0, 2.0, 12.0]


def test_deltas_are_rates_of_their_own_time() -> None:
    """Without a start there is none."""
    found = curve(series("sum", "delta", True), [Point(10 * S, 5 * S, 10), Point(20 * S, 0, 10)])
    assert found.values == [2.0, None]


def test_an_amount_that_falls_is_as_it_is() -> None:
    """As a gauge."""
    assert curve(series("sum", "cumulative"), [Point(1, 0, 3), Point(2, 0, -1)]).values == [3.0, -1.0]


@pytest.mark.parametrize("kind", ["histogram", "exponential histogram", "summary"])
def test_a_distribution_is_the_mean_of_each_step(kind: str) -> None:
    """A step without observations, or with a damaged value, leaves a gap."""
    texts = ["[2,10.0]", "[4,11.0]", "[4,11.0]", "[1,7.0]", "x", "[9,null]"]
    points = [Point((at + 1) * S, 0, text) for at, text in enumerate(texts)]
    found = curve(series(kind, "" if kind == "summary" else "cumulative"), points)
    assert (found.of, found.values) == ("mean", [0.5, None, 7.0, None, None])


def test_the_latest_value_is_told() -> None:
    """With its unit; of a distribution, the number of observations and their mean."""
    for value, unit, wanted in (
        (1234, "By", "1,234 By"), (0.5, "1", "0.5"), (2, "{item}", "2"), (None, "s", "–"),
        ("[4,2.0]", "s", "4, mean 0.5 s"),
        ("[0,null]", "s", "0"), ("x", "s", "–"),
    ):  # fmt: skip
        assert told(series("gauge", unit=unit, latest=Point(1, 0, value))) == wanted
    assert told(series("gauge")) == "–"


def test_attributes_are_told() -> None:
    """Damaged ones are none."""
    assert labels(series("gauge")) == "route=/a, n=[1]"
    assert labels(series("gauge", attributes="x")) == ""
