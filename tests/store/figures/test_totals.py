"""Counts since the file was created."""

from pathlib import Path

from query_world import make, row

from obsv.store import Reader, RecorderRow, Signature, Writer
from obsv.store.figures.totals import LATENCY_BOUNDS_NS, read_totals


def test_calls_by_process_and_outcome(tmp_path: Path) -> None:
    """Good and failed calls stand apart, each with durations of its own."""
    found = read_totals(Reader(make(tmp_path / "obsv.db")), 0)
    by_name = {process.name: process for process in found.processes}
    main = by_name["shop.cart.main"]
    assert (main.kind, main.good.calls, main.good.total_ns) == (1, 1, 900_000_000)
    assert (main.failed.calls, main.failed.total_ns) == (1, 3_000_000_000)
    assert main.good.buckets == tuple(int(bound >= 900_000_000) for bound in LATENCY_BOUNDS_NS)
    assert main.failed.buckets == tuple(int(bound >= 3_000_000_000) for bound in LATENCY_BOUNDS_NS)
    assert (found.spans, found.left_out) == (9, 0)
    assert found.bytes == (tmp_path / "obsv.db").stat().st_size


def test_calls_near_a_bound_are_off_by_four_percent_at_most(tmp_path: Path) -> None:
    """A call counts as not longer than a bound when it is 4 % shorter, and never when it is 4 % longer."""
    signature = Signature("shop", "near", "shop", 1, ())
    writer = Writer(tmp_path / "obsv.db")
    for number, bound in enumerate(LATENCY_BOUNDS_NS):
        for factor, name in ((0.96, 1), (1.04, 2)):
            made = row(number + 1, name, None, signature, [], duration_ns=int(bound * factor))
            writer.write([made])
    (found,) = read_totals(Reader(tmp_path / "obsv.db"), 0).processes
    assert found.good.buckets == tuple(2 * number + 1 for number in range(len(LATENCY_BOUNDS_NS)))


def test_most_called_processes_come_first(tmp_path: Path) -> None:
    """If there are too many, the less called ones are only counted."""
    found = read_totals(Reader(make(tmp_path / "obsv.db")), 0, most=1)
    assert [process.name for process in found.processes] == ["GET /cart"]
    assert found.left_out == 3


def test_recorders_that_ended_are_left_out(tmp_path: Path) -> None:
    """A recording process is shown as long as it speaks."""
    writer = Writer(make(tmp_path / "obsv.db"))
    for name, updated_ns in (("a", 100), ("b", 200)):
        writer.report(RecorderRow(name, "shop", 1, "host", 1, updated_ns, "OK", '{"recorded": 3}'))
    found = read_totals(Reader(tmp_path / "obsv.db"), 150).recorders
    assert [(each.id, each.stats) for each in found] == [("b", {"recorded": 3})]
