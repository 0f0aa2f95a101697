"""Messages caused by a change of an alert."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsv.alerts.desk import add_silence
from obsv.alerts.messages import Message, due_messages, labels_of
from obsv.alerts.rules import AlertsConfig, NotifierConfig, Rule
from obsv.alerts.silences import Matcher, matchers_text, parse_matcher, parse_matchers, silencing
from obsv.errors import InvalidQuery
from obsv.store.ground import compile_pattern
from obsv.store.watching import AlertRow, Book, SilenceRow

NS = 1_000_000_000
RULE = Rule("slow", "duration", labels={"team": "data"}, notify=("log", "chat"), repeat_s=60)
CONFIG = AlertsConfig(
    (RULE,), {"log": NotifierConfig("log", "log", send_resolved=False), "chat": NotifierConfig("chat", "slack")},
    url="https://obsv.example",
)  # fmt: skip
QUIET = AlertRow("f1", "slow", (("process", "shop"),), "inactive", 0)
FIRING = QUIET._replace(state="firing", since_ns=NS, starts_ns=NS, episode=1, value=2.5, link="/code?process=shop")


def due(before: AlertRow, after: AlertRow, at_s: int = 1, silenced: bool = False) -> tuple[AlertRow, list[Message]]:
    alert, rows = due_messages(before, after, RULE, CONFIG, at_s * NS, is_silenced=silenced)
    return alert, [Message.of(row) for row in rows]


def test_a_firing_alert_is_told_once_to_each_of_its_receivers() -> None:
    alert, messages = due(QUIET, FIRING)
    assert [each.event for each in messages] == ["firing", "firing"]
    assert due(alert, alert, 30)[1] == []


def test_a_message_holds_the_alert_as_it_is() -> None:
    message = due(QUIET, FIRING)[1][0]
    assert message.labels == {"team": "data", "process": "shop", "alertname": "slow", "severity": "error"}
    assert (message.value, message.starts_ns, message.link) == (2.5, NS, "https://obsv.example/code?process=shop")


def test_it_is_told_again_after_the_repeat_interval() -> None:
    alert, first = due(QUIET, FIRING)
    again, messages = due(alert, alert, 61)
    assert [each.event for each in messages] == ["repeat", "repeat"]
    assert messages[0].id != first[0].id
    assert due(again, again, 62)[1] == []


def test_the_end_is_told_once_to_those_who_want_it() -> None:
    alert, _ = due(QUIET, FIRING)
    over = alert._replace(state="resolved", ends_ns=5 * NS)
    ended, messages = due(alert, over, 5)
    assert [each.event for each in messages] == ["resolved"]
    assert due(ended, ended, 6)[1] == []


def test_the_end_of_what_nobody_was_told_of_is_not_told() -> None:
    assert due(FIRING, FIRING._replace(state="resolved", ends_ns=5 * NS), 5)[1] == []


def test_a_silenced_alert_is_told_of_when_the_silence_ends() -> None:
    alert, messages = due(QUIET, FIRING, silenced=True)
    assert messages == []
    assert [each.event for each in due(alert, alert, 100)[1]] == ["firing", "firing"]


def test_the_end_is_told_though_a_silence_holds() -> None:
    alert, _ = due(QUIET, FIRING)
    assert [each.event for each in due(alert, alert._replace(state="resolved"), 5, silenced=True)[1]] == ["resolved"]


def test_the_same_change_has_the_same_id_and_another_episode_another() -> None:
    first, second = due(QUIET, FIRING)[1], due(QUIET, FIRING, 2)[1]
    assert [each.id for each in first] == [each.id for each in second]
    assert len({each.id for each in first}) == 2
    assert due(QUIET, FIRING._replace(episode=2))[1][0].id != first[0].id


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("process=shop.price", Matcher("process", "shop.price")),
        ('process="shop.price"', Matcher("process", "shop.price")),
        ("a!=b", Matcher("a", "b", is_equal=False)),
        ('a=~"b.*"', Matcher("a", "b.*", is_regex=True)),
        ("a!~b", Matcher("a", "b", is_regex=True, is_equal=False)),
        ("a=", Matcher("a", "")),
        (r'a="x \"y\" \\ \n z"', Matcher("a", 'x "y" \\ \n z')),
        (r"a=~\d+\.x", Matcher("a", r"\d+\.x", is_regex=True)),
        ('a="b,c=d"', Matcher("a", "b,c=d")),
        ('a=" b "', Matcher("a", " b ")),
        ("a = b,c ", Matcher("a", "b,c")),
        ('"two words"=~"x|y"', Matcher("two words", "x|y", is_regex=True)),
        ('"count(*)"!=1', Matcher("count(*)", "1", is_equal=False)),
        ("größe=ü😀", Matcher("größe", "ü😀")),
        ("a=b\\", Matcher("a", "b\\")),
    ],
)
def test_a_matcher_is_read(text: str, matcher: Matcher) -> None:
    assert parse_matcher(text) == matcher
    assert parse_matcher(str(matcher)) == matcher


@given(value=st.text(max_size=30), name=st.text(min_size=1, max_size=10), sign=st.tuples(st.booleans(), st.booleans()))
def test_a_matcher_that_was_written_is_read_as_it_was(value: str, name: str, sign: tuple[bool, bool]) -> None:
    matcher = Matcher(name, re.escape(value) if sign[0] else value, *sign)
    assert parse_matchers(f"{matcher}, {matcher}") == [matcher, matcher]


def test_a_comma_separates_matchers_outside_of_quotes() -> None:
    assert parse_matchers('a="x, \\"y\\"",b=~c|d , "e,f"=g,') == [
        Matcher("a", 'x, "y"'), Matcher("b", "c|d", is_regex=True), Matcher("e,f", "g")
    ]  # fmt: skip


def test_reading_a_matcher_takes_no_long_time() -> None:
    for text in ("a=" + " " * 3_000 + '"', 'a="' + "\\" * 3_000, "a" * 10**6, '"' * 3_999, 'a="' * 1_300):
        with pytest.raises(InvalidQuery):
            parse_matcher(text)


@pytest.mark.parametrize(
    "text", ["", "a", "=b", 'a="b', 'a=b"c', 'a="b"c', '""=b', "a b=c", "a=~(", 'a=~"' + "x" * 2_000 + '"', r"a=~(.)\1"]
)
def test_a_matcher_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery):
        parse_matcher(text)


SLOW = ["a=~(a+)+$", r"a=~(\w|.|.)*!", "a=~(a|aa)+!", "a=~.*.*.*.*.*!"]


@pytest.mark.parametrize("text", SLOW)
def test_no_pattern_takes_long(text: str) -> None:
    """RE2's time is linear: a viewer's filter holds nobody up."""
    assert not parse_matcher(text).matches({"a": "a" * 5_000 + "b"})


@pytest.mark.parametrize("text", SLOW)
def test_without_re2_such_patterns_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A keeper of the base installation has Python's `re` alone; usual patterns hold there too."""
    compile_pattern.cache_clear()
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(InvalidQuery, match="repeti"):
        parse_matcher(text)
    assert parse_matcher("a=~(shop|web)[.].*").matches({"a": "web.cart"})


def silence(*matchers: Matcher) -> Any:
    return SilenceRow("s1", matchers_text(matchers), 0, 10, "me", "why", 0)


def test_a_silence_holds_where_all_its_matchers_do() -> None:
    labels = labels_of(FIRING, RULE)
    assert silencing([silence(Matcher("team", "data"), Matcher("alertname", "sl.*", is_regex=True))], labels) == ["s1"]
    assert silencing([silence(Matcher("team", "data"), Matcher("process", "other"))], labels) == []
    assert silencing([silence(Matcher("nothing", "x", is_equal=False))], labels) == ["s1"]
    assert silencing([silence()], labels) == []


def test_matchers_are_kept_as_alertmanager_has_them() -> None:
    kept = json.loads(matchers_text([Matcher("a", "b")]))
    assert kept == [{"name": "a", "value": "b", "isRegex": False, "isEqual": True}]


def test_a_silence_that_has_not_begun_cannot_be_moved_into_the_past(tmp_path: Path) -> None:
    """It keeps its ID and begins now: the list says what was silenced when."""
    now_ns, book = 10**18, Book(tmp_path / "o.db")
    matchers = [Matcher("process", "shop")]
    later = add_silence(book, matchers, now_ns + 60 * NS, now_ns + 90 * NS, "me", "known", now_ns)
    moved = add_silence(book, matchers, now_ns - 60 * NS, now_ns + 90 * NS, "me", "known", now_ns, later)
    book.close()
    assert (moved.id, moved.starts_ns) == (later.id, now_ns)
