"""The banner about calls that arrive faster than they are stored."""

from obsv.alerts import parse
from obsv.dashboards.shell.banner import FOR_NS, Backlog, content
from obsv.store.figures import RecorderState

NOW = 1_790_000_000_000_000_000


def recorder(depth: int, at_ns: int, service: str = "shop", pid: int = 1) -> RecorderState:
    return RecorderState(service, pid, "h", "OK", depth, 1.0, at_ns)


def test_a_queue_that_stays_deep_is_told_after_half_a_minute() -> None:
    """Of all processes of a service together."""
    backlog = Backlog()
    deep = [recorder(3_000, NOW + FOR_NS), recorder(3_000, NOW + FOR_NS, pid=2), recorder(9, NOW, "other")]
    assert backlog.see(deep, NOW) == []
    assert backlog.see(deep, NOW + FOR_NS) == [("shop", 6_000)]


def test_a_queue_that_was_short_meanwhile_begins_again() -> None:
    backlog = Backlog()
    backlog.see([recorder(6_000, NOW)], NOW)
    backlog.see([recorder(10, NOW)], NOW + 1)
    assert backlog.see([recorder(6_000, NOW + FOR_NS)], NOW + FOR_NS) == []


def test_a_process_that_is_gone_has_no_queue() -> None:
    backlog = Backlog()
    backlog.see([recorder(6_000, NOW)], NOW)
    assert backlog.see([recorder(6_000, NOW)], NOW + FOR_NS) == []


def test_an_alert_of_that_kind_speaks_for_itself() -> None:
    """Another kind's does not."""
    rules = {rule.name: rule for rule in parse(
        '[[alerts.rule]]\nname = "deep"\nkind = "backpressure"\n[[alerts.rule]]\nname = "x"\nkind = "error"\n'
    ).rules}  # fmt: skip
    assert content([], [("x", "an error")], rules) == []
    assert content([], [], rules) == []
    assert "so many wait. Calls" in str(content([], [("deep", "so many wait")], rules))
    assert "6,000 calls of shop" in str(content([("shop", 6_000)], [], rules))
