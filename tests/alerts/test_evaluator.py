"""Rules against a real store: from what is recorded to states and messages."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import MS, call, traceback

from obsv.alerts import parse
from obsv.alerts.evaluator import Evaluator
from obsv.alerts.messages import Message
from obsv.alerts.parts import RingState
from obsv.errors import StoreUnavailable
from obsv.store import RecorderRow, SpanRow, Writer
from obsv.store.seam import open_store
from obsv.store.watching import AlertRow, AttemptRow, Book, LeaseLost, MessageRow, SilenceRow

NS = 1_000_000_000


class World:
    """A store, a book and an evaluator under a clock that only tests move."""

    def __init__(self, path: Path) -> None:
        # The present at its beginning: queries that ask for the last seconds find what is recorded.
        self.path, self.now_ns = path, time.time_ns() // NS * NS
        self.writer, self.book = Writer(path), Book(path)
        self.writer.open()
        self.evaluator: Evaluator | None = None
        self.trace = 0

    def use(self, rules: str) -> None:
        """Begin anew with rules, as after a restart."""
        assert self.book.hold("me", self.now_ns, 3_600 * NS)
        self.evaluator = Evaluator(open_store(self.path), self.book, "me", parse(rules))
        self.evaluator.load(self.now_ns)

    def look(self, after_s: float = 0) -> int:
        """Let time pass, and look."""
        self.now_ns += int(after_s * NS)
        assert self.evaluator is not None
        return self.evaluator.look(self.now_ns)

    def record(self, **fields: Any) -> SpanRow:
        """Record a call of a trace of its own that ends now."""
        self.trace += 1
        row = call(1, trace=f"{self.trace:032x}", at=self.now_ns - 10 * MS, **fields)
        self.writer.write([row])
        return row

    def states(self) -> dict[str, str]:
        """States of the alerts by their labels."""
        return {",".join(f"{k}={v}" for k, v in each.labels): each.state for each in self.book.alerts()}

    def alert(self) -> AlertRow:
        """The only alert."""
        (alert,) = self.book.alerts()
        return alert

    def messages(self) -> list[Message]:
        """Remove and return the waiting messages, oldest first."""
        found: list[Message] = []
        while rows := self.book.due(self.now_ns, 1 << 62):
            for row in rows:
                found.append(Message.of(row))
                self.book.tried(AttemptRow(row.id, self.now_ns, 0, 200, "ok"), "sent", 0)
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "o.db")
    yield world
    world.book.close()
    world.writer.close()


def rule(kind: str, text: str = "") -> str:
    return f'[[alerts.rule]]\nname = "it"\nkind = "{kind}"\n{text}'


SEED = """
[alerts]
check_interval_seconds = 15
[[alerts.rule]]
name = "unhandled_exception"
query = "SELECT COUNT(*) FROM process_trace WHERE status='ERR' AND ts > datetime('now', '-30 seconds')"
threshold = 1
action = "log"
"""


def test_the_smallest_file_fires_on_a_failed_call_and_not_without(world: World) -> None:
    world.use(SEED)
    world.look()
    assert world.states() == {}
    world.record(error=traceback("ValueError", "no price"))
    world.look(15)
    assert world.states() == {"": "firing"}
    assert [(each.event, each.value) for each in world.messages()] == [("firing", 1.0)]


def test_text_columns_of_a_query_are_labels_and_the_last_number_is_the_value(world: World) -> None:
    world.use(
        rule("sql", 'query = "select process, 7, service, count(*) from process_trace group by 1"\nthreshold = 2')
    )
    world.record(name="a")
    world.record(name="a")
    world.record(name="b")
    world.look()
    assert world.states() == {"process=a,service=shop": "firing"}
    assert world.alert().value == 2


@pytest.mark.parametrize(
    ("op", "fires"), [(">=", True), (">", False), ("<=", True), ("<", False), ("==", True), ("!=", False)]
)
def test_a_query_is_compared_by_its_operator(world: World, op: str, fires: bool) -> None:
    world.use(rule("sql", f'query = "select 5"\nthreshold = 5\nop = "{op}"'))
    world.look()
    assert bool(world.states()) is fires


def test_a_failing_query_keeps_what_was_and_says_so(world: World) -> None:
    world.use(rule("sql", 'query = "select count(*) from process_trace"\nthreshold = 1'))
    world.record()
    world.look()
    world.use(rule("sql", 'query = "select count(*) from no_such_table"\nthreshold = 1'))
    world.look(15)
    assert world.states() == {"": "firing"}


@pytest.mark.parametrize(("policy", "state"), [("ok", "resolved"), ("keep", "firing"), ("alert", "firing")])
def test_no_data_means_what_the_rule_says(world: World, policy: str, state: str) -> None:
    after = f"ts > datetime({world.now_ns // NS + 5}, 'unixepoch')"
    query = f"select process, 1 from process_trace where {after} or '{policy}' = ''"
    world.use(rule("sql", f'query = "select process, 1 from process_trace"\nthreshold = 1\nno_data = "{policy}"'))
    world.record()
    world.look()
    world.use(rule("sql", f'query = "{query}"\nthreshold = 1\nno_data = "{policy}"'))
    world.look(15)
    assert world.states()["process=shop.orders.place"] == state
    assert ("" in world.states()) is (policy == "alert")


def test_data_that_came_back_ends_the_alert_about_its_absence(world: World) -> None:
    world.use(rule("sql", 'query = "select process, 0 from process_trace"\nthreshold = 1\nno_data = "alert"'))
    world.look()
    assert world.states() == {"": "firing"}
    world.record()
    world.look(15)
    assert world.states() == {"": "resolved"}


def test_an_error_rule_whose_evaluation_fails_may_alert(world: World) -> None:
    world.use(rule("sql", 'query = "select nothing"\nthreshold = 1\non_error = "alert"'))
    world.look()
    assert "cannot be evaluated" in world.alert().summary


def test_a_wait_is_pending_first(world: World) -> None:
    world.use(rule("sql", 'query = "select 1"\nthreshold = 1\nfor = "30s"'))
    world.look()
    assert (world.states(), world.messages()) == ({"": "pending"}, [])
    world.look(15)
    world.look(15)
    assert world.states() == {"": "firing"}


def test_an_exception_fires_at_once_with_its_process_type_and_trace(world: World) -> None:
    world.use(rule("error"))
    world.look()
    row = world.record(error=traceback("ValueError", "no price"))
    assert world.look(0.1) == 1
    (message,) = world.messages()
    assert message.summary == "ValueError in shop.orders.place"
    assert (message.labels["exception"], message.labels["process"]) == ("ValueError", "shop.orders.place")
    assert message.link == f"/trace/{row.trace_id.hex()}?span={row.span_id.hex()}"


def test_an_exception_is_counted_where_it_began(world: World) -> None:
    world.use(rule("error"))
    text = traceback("ValueError", "no price")
    world.writer.write([call(3, 2, name="inner", error=text, at=world.now_ns)])
    world.look()
    world.writer.write(
        [call(2, 1, name="middle", error=text, at=world.now_ns), call(1, name="outer", error=text, at=world.now_ns)]
    )
    world.look(1)
    assert set(world.states()) == {"exception=ValueError,process=inner,service=shop"}


def test_an_error_rule_is_only_about_what_it_names(world: World) -> None:
    world.use(rule("error", 'process = "shop.*"\nexception = "Key*"'))
    world.record(name="shop.a", error=traceback("KeyError", "x"))
    world.record(name="shop.b", error=traceback("ValueError", "x"))
    world.record(name="other", error=traceback("KeyError", "x"))
    world.look()
    assert set(world.states()) == {"exception=KeyError,process=shop.a,service=shop"}


def test_an_error_alert_is_over_when_a_window_has_passed_without_another(world: World) -> None:
    world.use(rule("error", 'window = "30s"'))
    world.record(error=traceback("ValueError", "x"))
    world.look()
    world.look(20)
    world.record(error=traceback("ValueError", "y"))
    world.look(1)
    assert world.alert().value == 2
    world.look(29)
    assert world.alert().state == "firing"
    world.look(2)
    assert world.alert().state == "resolved"
    assert [each.event for each in world.messages()] == ["firing", "resolved"]


def test_so_many_errors_are_needed_as_the_rule_says(world: World) -> None:
    world.use(rule("error", "threshold = 3"))
    for _ in range(2):
        world.record(error=traceback("ValueError", "x"))
    world.look()
    assert world.states() == {}
    world.record(error=traceback("ValueError", "x"))
    world.look(1)
    assert set(world.states().values()) == {"firing"}


def test_what_failed_before_anybody_watched_is_history_and_what_failed_during_a_restart_is_not(world: World) -> None:
    world.record(name="old", error=traceback("ValueError", "x"))
    world.use(rule("error"))
    world.look()
    assert world.states() == {}
    world.record(name="during", error=traceback("ValueError", "x"))
    world.use(rule("error"))
    world.look(1)
    assert set(world.states()) == {"exception=ValueError,process=during,service=shop"}


def test_a_restart_sends_nothing_twice(world: World) -> None:
    world.use(rule("error"))
    world.record(error=traceback("ValueError", "x"))
    world.look()
    assert len(world.messages()) == 1
    world.use(rule("error"))
    world.look(1)
    assert (world.states() != {}, world.messages()) == (True, [])
    world.look(61)
    assert [each.event for each in world.messages()] == ["resolved"]


def test_a_stale_feed_is_found_as_soon_as_its_lag_is_over(world: World) -> None:
    world.use(rule("feed_lag", 'feed = "pri*"\nlag = "10s"'))
    world.record(name="prices", feed="prices")
    world.record(name="news", feed="news")
    world.look(9)
    assert world.states() == {}
    world.look(2)
    assert world.states() == {"feed=prices": "firing"}
    assert "prices has not been updated for 11.01 s" in world.alert().summary
    world.record(name="prices", feed="prices")
    world.look(1)
    assert world.states() == {"feed=prices": "resolved"}


def test_a_feed_that_ended_long_ago_is_forgotten(world: World) -> None:
    world.use(rule("feed_lag", 'forget = "1h"'))
    world.record(name="prices", feed="prices")
    world.look(20)
    assert world.states() == {"feed=prices": "firing"}
    world.look(3_600)
    assert world.states() == {"feed=prices": "resolved"}


def test_a_variable_that_repeats_is_found_and_a_young_or_another_one_is_not(world: World) -> None:
    world.use(rule("staleness", 'variable = "price"\nrepeats = 6\nmin_age = "10s"'))
    for _ in range(8):
        world.record(inputs={"price": "1.5", "pi": "3.14"})
        world.look(1)
    assert world.states() == {}
    for _ in range(5):
        world.record(inputs={"price": "1.5", "pi": "3.14"})
        world.look(1)
    assert world.states() == {"data_type=INPUT,process=shop.orders.place,variable=price": "firing"}
    world.record(inputs={"price": "1.6", "pi": "3.14"})
    world.look(1)
    assert set(world.states().values()) == {"resolved"}


def recorder(world: World, depth: int, stats: str = "", service: str = "shop", pid: int = 7) -> None:
    text = stats or f'{{"depth": {depth}, "writer_lag_ms": 1}}'
    world.writer.report(RecorderRow(f"h:{pid}:1", service, pid, "h", 1, world.now_ns, "OK", text))


def test_a_queue_that_stays_deep_is_found(world: World) -> None:
    world.use(rule("backpressure"))
    recorder(world, 5_001)
    world.look()
    assert world.states() == {"service=shop": "pending"}
    for _ in range(4):
        world.now_ns += 8 * NS
        recorder(world, 5_001)
        world.look()
    assert world.states() == {"service=shop": "firing"}
    recorder(world, 10)
    world.look(1)
    assert world.states() == {"service=shop": "resolved"}


def test_a_part_of_obsv_that_is_behind_is_found(world: World) -> None:
    """Each part by its own limit, or by that of the rule; keeper and ring as the host sees them."""
    behind = RingState(1, 11.0, 5.0)
    world.use(rule("pipeline"))
    world.evaluator = Evaluator(open_store(world.path), world.book, "me", parse(rule("pipeline")), lambda _: behind)
    recorder(world, 0, '{"writer_lag_ms": 2000}')
    world.look()
    assert world.states() == {"part=keeper": "firing"}
    assert "last looked at the running programs 11 s ago" in world.alert().summary
    world.use(rule("pipeline", 'part = "writer"\nover = "1s"'))
    world.look(1)
    assert world.states()["part=writer"] == "firing"


def test_a_restart_is_no_lag_of_the_alerts(world: World) -> None:
    """Rules were not evaluated meanwhile, and are now."""
    world.use(rule("pipeline"))
    world.look()
    world.use(rule("pipeline"))
    world.look(3_600)
    assert world.states() == {}


def test_lost_calls_are_told_while_they_are_news(world: World) -> None:
    """Those lost before the first look are not."""
    world.use(rule("lost_calls", 'window = "1m"'))
    recorder(world, 0, '{"dropped": 100}')
    world.look()
    assert world.states() == {}
    recorder(world, 0, '{"dropped": 100, "rejected": 2}')
    world.look(1)
    assert (world.states(), world.alert().value) == ({"service=shop": "firing"}, 2.0)
    assert world.alert().summary == "2 calls of shop were lost within 1 min"
    world.look(61)
    assert world.states() == {"service=shop": "resolved"}


def test_a_recording_process_that_went_silent_is_found_until_another_one_takes_its_place(world: World) -> None:
    world.use(rule("recorder_gone", 'after = "10s"'))
    recorder(world, 0)
    world.look(9)
    assert world.states() == {}
    world.look(2)
    assert world.states() == {"host=h,service=shop": "firing"}
    recorder(world, 0, pid=8)
    world.look(1)
    assert world.states() == {"host=h,service=shop": "resolved"}


def test_a_recording_process_that_ended_in_order_is_not_missed(world: World) -> None:
    world.use(rule("recorder_gone"))
    recorder(world, 0, '{"ended": true}')
    world.look(60)
    assert world.states() == {}


def test_slow_functions_are_found_by_a_percentile(world: World) -> None:
    world.use(rule("duration", 'over = "100ms"\nstat = "p95"\nmin_calls = 3'))
    for _ in range(3):
        world.record(name="slow", ms=200)
        world.record(name="fast", ms=20)
    world.record(name="rare", ms=500)
    world.look()
    assert set(world.states()) == {"process=slow,service=shop"}
    assert world.alert().value == pytest.approx(0.2, rel=0.05)


def test_a_share_of_failures_is_found_by_group(world: World) -> None:
    world.use(rule("error_rate", 'over = "20%"\nby = "group"\nmin_failures = 2'))
    for at in range(4):
        world.record(group="bad", error=traceback("E", "x") if at < 2 else None)
        world.record(group="good", error=traceback("E", "x") if at < 1 else None)
    world.look()
    assert set(world.states()) == {"group=bad"}
    assert (world.alert().value, world.alert().summary) == (0.5, "50% of the calls of bad fail")


def test_a_silence_holds_messages_back_and_not_states(world: World) -> None:
    world.use(rule("sql", 'query = "select 1"\nthreshold = 1'))
    matchers = '[{"name": "alertname", "value": "it", "isRegex": false, "isEqual": true}]'
    world.book.put_silence(SilenceRow("s", matchers, 0, world.now_ns + 20 * NS, "me", "why", 0))
    world.look()
    assert (world.states(), world.messages()) == ({"": "firing"}, [])
    world.look(30)
    assert [each.event for each in world.messages()] == ["firing"]


def test_an_alert_of_a_rule_that_is_no_more_is_ended_for_those_who_were_told(world: World) -> None:
    told = '[[alerts.notify]]\nname = "chat"\ntype = "log"\n'
    world.use(told + rule("sql", 'query = "select 1"\nthreshold = 1\nnotify = ["chat"]'))
    world.look()
    world.messages()
    world.use(told)
    world.look(1)
    assert world.states() == {"": "resolved"}
    assert [each.event for each in world.messages()] == ["resolved"]


def test_labels_and_summaries_of_hostile_values_are_bounded(world: World) -> None:
    world.use(rule("error", 'summary = "{process} {nothing} {exception}"'))
    world.record(name="x" * 5_000 + "\n\x1b[31m", error=traceback("Bad\x00\x1b]0;", "{process}" * 1_000))
    world.look()
    alert = world.alert()
    assert all(len(value) <= 200 and value.isprintable() for _, value in alert.labels)
    assert len(alert.summary) <= 500
    assert alert.summary.isprintable()
    assert "{nothing}" in alert.summary


def test_more_sets_of_labels_than_are_watched_are_counted(world: World) -> None:
    world.use(rule("sql", 'query = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300) '
                          "select 'n' || i, i from n\"\nthreshold = 1"))  # fmt: skip
    world.look()
    assert len(world.book.alerts()) == 100


def test_who_has_lost_the_lease_queues_nothing(world: World) -> None:
    world.use(rule("sql", 'query = "select 1"\nthreshold = 1'))
    assert world.book.hold("other", world.now_ns + 10**6 * NS, 5 * NS)
    with pytest.raises(LeaseLost):
        world.look()
    assert (world.states(), world.messages()) == ({}, [])


def test_a_change_that_could_not_be_stored_is_made_at_the_next_look(world: World) -> None:
    world.use(rule("error"))
    world.look()
    world.record(error=traceback("ValueError", "x"))
    blocker = Book(world.path)
    world.book._busy_timeout_s = 0.01
    world.book.close()
    with blocker._transaction(), pytest.raises(StoreUnavailable):
        world.look(1)
    world.look(1)
    assert set(world.states().values()) == {"firing"}
    assert len(world.messages()) == 1


@pytest.mark.parametrize("on", ["new_group", "came_back"])
def test_a_new_group_of_errors_and_one_that_came_back_are_told_once(world: World, on: str) -> None:
    world.use(rule("error", f'on = "{on}"'))
    world.record(error=traceback("ValueError", "no price"))
    world.record(error=traceback("ValueError", "no price"))
    world.look(1)
    assert len(world.states()) == (on == "new_group")
    if on == "new_group":
        assert "error_group" in dict(world.alert().labels)
        assert [each.event for each in world.messages()] == ["firing"]
    world.use(rule("error", f'on = "{on}"'))
    world.look(1)
    assert world.messages() == []


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT 7, NULL UNION ALL SELECT 1, 4", 4.0),
        ("SELECT 4, NULL", 4.0),
        ("SELECT 'b', 1 UNION ALL SELECT 'b', 9 UNION ALL SELECT 'b', 2", 9.0),
        ("SELECT 1e999", 1.7976931348623157e308),
        ("SELECT 'a', -1e999 UNION ALL SELECT 'b', 5", 5.0),
        ("SELECT 9223372036854775807", 9.223372036854775807e18),
        ("SELECT x'ff00', 3", 3.0),
    ],
)
def test_an_odd_number_is_a_value_that_receivers_can_read(world: World, query: str, value: float) -> None:
    """JSON has no infinity."""
    world.record()
    world.use(f'[[alerts.rule]]\nname = "r"\nquery = "{query}"\nthreshold = 3\n')
    world.look()
    (message,) = world.messages()
    assert message.value == value
    assert "inf" not in message.summary


def test_a_fault_in_one_rule_does_not_silence_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and shown as the rule's error."""

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("planted")

    world.record()
    monkeypatch.setattr("obsv.alerts.measure._MEASURES", {"sql": broken})
    world.use(
        '[[alerts.rule]]\nname = "r"\nquery = "SELECT 5"\nthreshold = 3\n[[alerts.rule]]\nname = "e"\nkind = "error"\n'
    )
    world.look()
    world.record(error=traceback("ValueError", "no price"))
    world.look(20)
    assert [message.rule for message in world.messages()] == ["e"]
    errors = {row.name: row.error for row in open_store(world.path).read_rule_rows()}
    assert errors == {"r": "ZeroDivisionError: planted", "e": ""}
    assert len(caplog.records) == 1


def wide(values: str) -> str:
    return rule("sql", f'query = "{values}"\nthreshold = 3\nkeep_firing_for = "0s"')


MANY = (
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < {count}) select 'n' || i, {value} from n"
)


def test_one_of_many_that_do_not_hold_is_found(world: World) -> None:
    """The limit is for alerts, not for labels: those that were over before do not stand in the way of new ones."""
    world.use(wide(MANY.format(count=100, value="5")))
    world.look()
    world.messages()
    world.evaluator.change(parse(wide(MANY.format(count=300, value="iif(i = 250, 9, 1)"))), world.now_ns)  # type: ignore[union-attr]
    world.look(15)
    assert [message.labels["'n' || i"] for message in world.messages() if message.event == "firing"] == ["n250"]
    (row,) = open_store(world.path).read_rule_rows()
    assert row.left_out == 0


def test_labels_that_are_new_each_time_do_not_fill_memory_or_table(world: World) -> None:
    world.use(wide(MANY.format(count=100, value="5")))
    assert world.evaluator is not None
    for at in range(14):
        world.evaluator.change(parse(wide(MANY.format(count=100, value="5").replace("'n'", f"'{at}-'"))), world.now_ns)
        world.look(15)
    assert len(world.evaluator.alerts) == len(world.book.alerts()) <= 1_100
    assert list(world.states().values()).count("firing") == 100
    world.look(90_000)
    assert len(world.evaluator.alerts) == 100


def test_a_rule_of_several_errors_counts_on_over_restarts_and_changes_of_the_file(world: World) -> None:
    world.use(rule("error", 'threshold = 3\nwindow = "1h"'))
    world.look()
    for _ in range(2):
        world.record(error=traceback("ValueError", "x"))
        world.look(1)
    world.use(rule("error", 'threshold = 3\nwindow = "1h"'))
    world.look(1)
    assert world.states() == {}
    assert world.evaluator is not None
    world.evaluator.change(parse(rule("error", 'threshold = 3\nwindow = "1h"\nseverity = "page"')), world.now_ns)
    world.record(error=traceback("ValueError", "x"))
    world.look(1)
    assert set(world.states().values()) == {"firing"}
    world.use(rule("error", 'threshold = 3\nwindow = "1h"'))
    world.look(60)
    assert set(world.states().values()) == {"firing"}
    world.look(3_600)
    assert [message.event for message in world.messages()] == ["firing", "resolved"]


def test_an_evaluator_that_gets_its_lease_back_counts_no_error_twice(world: World) -> None:
    world.use(rule("error", 'threshold = 3\nwindow = "1h"'))
    world.look()
    for _ in range(2):
        world.record(error=traceback("ValueError", "x"))
        world.look(1)
    assert world.evaluator is not None
    world.evaluator.load(world.now_ns)
    world.look(1)
    assert world.states() == {}


def test_a_caller_that_fails_after_a_restart_is_no_other_failure(world: World) -> None:
    world.use(rule("error"))
    text = traceback("ValueError", "no price")
    world.look()
    world.writer.write([call(2, 1, name="inner", error=text, at=world.now_ns)])
    world.look(1)
    world.use(rule("error"))
    world.writer.write([call(1, name="outer", error=text, at=world.now_ns)])
    world.look(1)
    assert set(world.states()) == {"exception=ValueError,process=inner,service=shop"}


def test_calls_that_are_forgotten_make_no_others_new(world: World) -> None:
    for number in range(3):
        world.record(name=f"old{number}", error=traceback("ValueError", "x"))
    world.use(rule("error"))
    world.look()
    with sqlite3.connect(world.path) as connection:
        connection.execute("delete from span where id = (select max(id) from span)")
    connection.close()
    world.look(1)
    assert world.states() == {}


def test_a_receiver_that_the_rule_no_longer_names_is_told_the_end(world: World) -> None:
    """Else its incident would stay open for ever; and who was not told of the start is not told of the end."""
    both = "".join(f'[[alerts.notify]]\nname = "{name}"\ntype = "log"\n' for name in ("pager", "chat"))
    holds = both + rule("sql", 'query = "select 1"\nthreshold = {}\nnotify = ["{}"]')
    world.use(holds.format(1, "pager"))
    world.look()
    assert world.evaluator is not None
    world.evaluator.change(parse(holds.format(1, "chat")), world.now_ns)
    world.look(15)
    world.evaluator.change(parse(holds.format(2, "chat")), world.now_ns)
    world.look(15)
    told = [(row.notifier, row.event) for row in sorted(rows_of(world), key=lambda row: row.created_ns)]
    assert told == [("pager", "firing"), ("pager", "resolved")]


def rows_of(world: World) -> list[MessageRow]:
    return [each.message for each in open_store(world.path).read_deliveries(1_000)]


def test_an_error_that_is_over_ends_its_alert_though_missing_data_keeps_the_others(world: World) -> None:
    policies = 'no_data = "keep"\non_error = "alert"\nthreshold = 1'
    world.use(rule("sql", f'query = "select nothing"\n{policies}'))
    world.look()
    assert world.states() == {"": "firing"}
    world.use(rule("sql", f"query = \"select 'a', 0\"\n{policies}"))
    world.look(15)
    assert world.states() == {"": "resolved"}


def test_a_pending_alert_whose_data_is_gone_is_not_pending_for_ever(world: World) -> None:
    text = 'threshold = 1\nfor = "30s"\nno_data = "alert"'
    world.use(rule("sql", f"query = \"select 'a', 1\"\n{text}"))
    world.look()
    world.use(rule("sql", f"query = \"select 'a', 1 where 0\"\n{text}"))
    world.look(15)
    assert world.states() == {"": "pending"}


def test_a_feed_that_was_dated_ahead_is_missed_when_it_stops(world: World) -> None:
    """A clock was three hours ahead for a while, and calls of that time are the feed's latest."""
    world.use(rule("feed_lag", 'lag = "10s"'))
    world.now_ns += 3 * 3_600 * NS
    world.record(name="prices", feed="prices")
    world.look()
    world.now_ns -= 3 * 3_600 * NS
    for _ in range(3):
        world.record(name="prices", feed="prices")
        world.look(9)
    assert world.states() == {}
    world.look(11)
    assert world.states() == {"feed=prices": "firing"}
    world.record(name="prices", feed="prices")
    world.look(1)
    assert world.states() == {"feed=prices": "resolved"}


def test_open_alerts_outlive_a_file_that_is_replaced(world: World) -> None:
    """Nobody knows what the old file's outbox held: it is sent again under the same id, and its end is sent."""
    world.use(rule("sql", 'query = "select 1"\nthreshold = 1'))
    world.look()
    (first,) = world.messages()
    world.book.close()
    world.writer.close()
    for file in world.path.parent.glob("o.db*"):
        file.unlink()
    world.writer.open()
    assert world.evaluator is not None
    with pytest.raises(LeaseLost):
        world.look(15)
    assert world.book.hold("me", world.now_ns, 3_600 * NS)
    world.evaluator.load(world.now_ns)
    world.look(15)
    (again,) = world.messages()
    assert again.id == first.id
    world.evaluator.change(parse(rule("sql", 'query = "select 0"\nthreshold = 1')), world.now_ns)
    world.look(15)
    assert [message.event for message in world.messages()] == ["resolved"]
