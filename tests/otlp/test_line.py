"""The order of service."""

from obsv.otlp.line import OLDEST_EVERY, Line


def served(line: "Line[str]") -> list[str]:
    found = []
    while (member := line.take()) is not None:
        found.append(member)
    return found


def test_the_cheapest_goes_first() -> None:
    """Cheap requests are served before expensive earlier ones."""
    line: Line[str] = Line()
    for name, weight in (("dear", 9_000), ("cheap", 10), ("usual", 500)):
        line.put(name, weight, name)
    assert len(line) == 3
    assert served(line) == ["cheap", "usual", "dear"]
    assert not line


def test_the_oldest_has_each_eighth_turn() -> None:
    """Expensive requests are reached although cheap ones keep arriving."""
    line: Line[str] = Line()
    line.put("dear", 10**9, "a")
    order = []
    for turn in range(OLDEST_EVERY):
        line.put(f"cheap {turn}", 1, f"b{turn}")
        order.append(line.take())
    assert order.index("dear") == OLDEST_EVERY - 1


def test_a_flood_of_one_sender_waits() -> None:
    """Of a sender with much in the line the later ones wait until others had their turn."""
    line: Line[str] = Line()
    for number in range(5):
        line.put(f"flood {number}", 100, "one")
    line.put("other", 150, "two")
    assert served(line)[1] == "other"


def test_equal_ones_keep_their_order() -> None:
    """First come, first served."""
    line: Line[str] = Line()
    for number in range(6):
        line.put(f"{number}", 5, f"{number}")
    assert served(line) == [f"{number}" for number in range(6)]


def test_nothing_served_is_kept() -> None:
    """A member that was served is referred to no longer, in whichever order it stood."""
    line: Line[object] = Line()
    for number in range(20):
        line.put(object(), number, "a")
    for _ in range(19):
        line.take()
    assert sum(place.member is not None for place in [*line._cheapest, *line._oldest]) <= 2
