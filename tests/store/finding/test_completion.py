"""Completion of the explorer's query."""

from obsv.store.finding.completion import Known, complete

KNOWN = Known(
    lambda part: [name for name in ("price", "status", "odd name") if part in name],
    {"process": lambda part: [name for name in ("shop.buy", "shop.sell") if part in name]},
    lambda name: ["'AAPL'", "3"] if name == "symbol" else [],
)


def inserted(text: str) -> list[str]:
    return [text[: each.start] + each.insert for each in complete(text, KNOWN)]


def test_names_of_both_kinds_are_completed() -> None:
    """A value that is called like one of the language's names gets its prefix."""
    assert inserted("sta") == ["status:", "value.status=", "instance:"]
    assert inserted("x=1 -pri") == ["x=1 -price="]


def test_values_that_are_known_follow_an_operator() -> None:
    """Quoted where they need it."""
    assert inserted("process:bu") == ["process:shop.buy"]
    assert inserted("status:") == ["status:OK", "status:ERR"]
    assert inserted("symbol=") == ["symbol=\"'AAPL'\"", "symbol=3"]


def test_all_names_are_offered_at_the_beginning() -> None:
    """And after a space."""
    assert "process:" in inserted("")
    assert "a=1 duration>" in inserted("a=1 dur")
