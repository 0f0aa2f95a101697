"""Log records beside a call."""

from obsv.dashboards.components import log_lines
from obsv.store.figures import LogLine

START_NS = 1_790_000_000_000_000_000


def line(**changes: object) -> LogLine:
    made = LogLine(
        1, "", START_NS + 2_000_000, 17, "", "order.rejected", '"no stock"', '{"order":7,"why":{"a":null}}', "", "", "",
        "", "desk", "",
    )  # fmt: skip
    return made._replace(**changes)  # type: ignore[arg-type]


def test_no_records_take_no_room() -> None:
    """The panel of nearly every call has none."""
    assert log_lines([], START_NS, False) == []


def test_a_record_shows_what_it_says() -> None:
    """Severity, name, body, attributes, and the time from the call's start, before it too."""
    shown = str(log_lines([line(), line(time_ns=START_NS - 3_000_000)], START_NS, True))
    for part in ("ERROR", "order.rejected: no stock", "+2.00 ms", "−3.00 ms", '{"a": null}', "Events and logs (2+)"):
        assert part in shown, part


def test_a_damaged_record_is_shown() -> None:
    """As the text that stands there."""
    assert "broken" in str(log_lines([line(body="broken", attributes="[1")], START_NS, False))


def test_a_record_without_name_and_body() -> None:
    """Shows its logger."""
    assert "desk" in str(log_lines([line(event_name="", body="null", severity=0)], START_NS, False))
