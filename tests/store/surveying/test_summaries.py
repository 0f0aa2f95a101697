"""Return summaries of traces."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from query_world import START_NS, make

from obsv.store import Reader
from obsv.store.finding.conditions import EVERY_SPAN, INTRINSIC, Compare, Field
from obsv.store.surveying import summaries
from obsv.store.surveying.summaries import Match, ServiceCount


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(make(tmp_path / "obsv.db"))
    yield reader
    reader.close()


def test_root_extent_and_services(world: Reader) -> None:
    """A trace is named after its root, lasts from its first start to its last end, and counts by service."""
    with world.snapshot() as snapshot:
        (found,) = summaries.summarize(snapshot, [f"{1:032x}"])
    assert (found.root_service, found.root_name) == ("shop", "shop.cart.main")
    assert (found.start_ns, found.end_ns) == (START_NS, START_NS + 900_000_000)
    assert found.services == [ServiceCount("shop", 2, 0), ServiceCount("test/service:1", 2, 0)]
    assert (found.spans, found.errors) == (4, 0)


def test_order_is_kept_and_unknown_ones_are_left_out(world: Reader) -> None:
    """Whoever asks decides on the order."""
    asked = [f"{number:032x}" for number in (3, 77, 1)]
    with world.snapshot() as snapshot:
        assert [found.trace_id for found in summaries.summarize(snapshot, asked)] == [asked[0], asked[2]]


def test_matches_are_counted_and_the_earliest_returned(world: Reader) -> None:
    """All matching spans of a trace are counted, wherever in time they are."""
    with world.snapshot() as snapshot:
        found = summaries.matches(snapshot, EVERY_SPAN, [f"{1:032x}"], 2)
        names = [span.start_ns for span in found[f"{1:032x}"].spans]
    assert found[f"{1:032x}"].matched == 4
    assert names == [START_NS, START_NS + 100_000_000]


def test_a_huge_trace_is_estimated(world: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a trace with more spans than are read, the sum of the counts is right, and a match is still found."""
    monkeypatch.setattr(summaries, "MOST_READ", 2)
    select = Compare(Field(INTRINSIC, "span:name"), "=", "SELECT")
    with world.snapshot() as snapshot:
        (found,) = summaries.summarize(snapshot, [f"{1:032x}"])
        matched = summaries.matches(snapshot, select, [f"{1:032x}", f"{2:032x}"], 3)
    assert found.spans == 4
    assert matched == {f"{1:032x}": Match(matched[f"{1:032x}"].spans, 1)}
