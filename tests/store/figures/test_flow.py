"""The call graph, from the rollups."""

from __future__ import annotations

from calls import EPOCH_NS, call

from obsv.store import Reader, Writer
from obsv.store.figures.flow import FlowEdge, read_flow
from obsv.store.ground.window import Window

MINUTE_NS = 60_000_000_000
HOUR = Window(EPOCH_NS - 30 * MINUTE_NS, EPOCH_NS + 30 * MINUTE_NS)


def order(number: int, at: int = EPOCH_NS, error: str | None = None) -> list:
    trace = f"{number:032x}"
    return [
        call(2, 1, name="shop.price", start=1, ms=4, trace=trace, at=at, error=error),
        call(1, name="shop.buy", ms=9, trace=trace, at=at, error=error),
    ]


def named(reader: Reader, window: Window) -> dict[tuple[str, str], FlowEdge]:
    flow = read_flow(reader, window)
    names = {node.id: node.name for node in flow.nodes}
    return {(names[edge.source], names[edge.target]): edge for edge in flow.edges}


def test_calls_and_errors_of_the_window(writer: Writer, reader: Reader) -> None:
    """Counted by function and by pair, with the latest call's time and duration."""
    writer.write([*order(1), *order(2, EPOCH_NS + MINUTE_NS, "boom")])
    flow = read_flow(reader, HOUR)
    assert {node.name: (node.calls, node.errors) for node in flow.nodes} == {"shop.buy": (2, 1), "shop.price": (2, 1)}
    edge = named(reader, HOUR)["shop.buy", "shop.price"]
    assert edge[2:] == (2, 1, 8_000_000, EPOCH_NS + MINUTE_NS + 1_000_000, 4_000_000)


def test_what_was_called_before_the_window_is_there_without_calls(writer: Writer, reader: Reader) -> None:
    """So that the picture stays the same when the window moves."""
    writer.write([*order(1), call(5, name="shop.late", at=EPOCH_NS + 40 * MINUTE_NS)])
    later = Window(EPOCH_NS + 35 * MINUTE_NS, EPOCH_NS + 45 * MINUTE_NS)
    calls = {node.name: node.calls for node in read_flow(reader, later).nodes}
    assert calls == {"shop.buy": 0, "shop.price": 0, "shop.late": 1}
    assert named(reader, later)["shop.buy", "shop.price"].calls == 0


def test_the_latest_call_of_who_is_called_by_nobody(writer: Writer, reader: Reader) -> None:
    """Is looked up."""
    writer.write(order(1))
    (root,) = [node for node in read_flow(reader, HOUR).nodes if node.name == "shop.buy"]
    assert (root.last_ns, root.last_duration_ns) == (EPOCH_NS, 9_000_000)


def test_feeds_tell_when_they_went_silent(writer: Writer, reader: Reader) -> None:
    """A feed's usual interval comes with it."""
    writer.write([call(n, name="shop.tick", feed="prices", at=EPOCH_NS + n * 1_000_000_000) for n in range(1, 6)])
    (node,) = read_flow(reader, HOUR).nodes
    assert (node.feed, node.interval_ns) == ("prices", 1_000_000_000)
    last_ns = EPOCH_NS + 5_000_000_000
    assert [node.stale(last_ns + after) for after in (1_900_000_000, 2_100_000_000)] == [False, True]
