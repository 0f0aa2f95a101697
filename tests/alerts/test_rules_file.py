"""The file of rules: what it may say, and how its mistakes are told."""

from pathlib import Path

import pytest

from obsv.alerts import AlertsFileError, parse, read_file
from obsv.alerts.kinds import KINDS, REQUIRED, TYPES
from obsv.alerts.secret import Secret
from obsv.errors import ConfigurationError

SEED = """
[alerts]
check_interval_seconds = 15
[[alerts.rule]]
name = "unhandled_exception"
query = "SELECT COUNT(*) FROM process_trace WHERE status='ERR' AND ts > datetime('now', '-30 seconds')"
threshold = 1
action = "log"
"""


def mistakes(text: str) -> list[tuple[int, str]]:
    with pytest.raises(AlertsFileError) as caught:
        parse(text)
    return [(each.line, each.key) for each in caught.value.mistakes]


def test_the_smallest_file_is_a_rule_with_a_query_and_an_action() -> None:
    config = parse(SEED)
    (rule,) = config.rules
    assert (rule.name, rule.kind, rule.threshold, rule.op, rule.notify) == (
        "unhandled_exception",
        "sql",
        1,
        ">=",
        ("log",),
    )
    assert (rule.every_s, config.check_interval_s) == (15, 15)


def test_every_field_of_a_rule_is_read() -> None:
    (rule,) = parse("""
[[alerts.notify]]
name = "pager"
type = "log"
[[alerts.rule]]
name = "slow"
kind = "duration"
process = "shop.*"
stat = "p99"
over = "250ms"
window = "10m"
for = "1m30s"
keep_firing_for = 90
no_data = "keep"
on_error = "alert"
severity = "page"
labels = { team = "data", tier = 1 }
summary = "{process} is slow"
notify = ["pager", "log"]
repeat_interval = "1h"
""").rules
    assert (rule.details["over"], rule.details["window"], rule.details["stat"]) == (0.25, 600, "p99")
    assert (rule.for_s, rule.keep_firing_s, rule.repeat_s) == (90, 90, 3_600)
    assert (rule.no_data, rule.on_error, rule.severity) == ("keep", "alert", "page")
    assert rule.labels == {"team": "data", "tier": "1"}
    assert (rule.summary, rule.notify) == ("{process} is slow", ("pager", "log"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_needs_no_more_than_its_required_keys_and_none_less(kind: str) -> None:
    required = [name for name, key in KINDS[kind].keys.items() if key.default is REQUIRED]
    values = {"query": '"select 1"', "threshold": "1", "over": "0.5", "variable": '"price"', "slo": '"x"'}
    table = "".join(f"{name} = {values[name]}\n" for name in required)
    slo = '[[slo]]\nname = "x"\nobjective = 0.9\n' if kind == "slo" else ""
    assert parse(f'[[alerts.rule]]\nkind = "{kind}"\n{table}{slo}').rules[0].name == kind
    for name in required:
        less = "".join(f"{other} = {values[other]}\n" for other in required if other != name)
        assert mistakes(f'[[alerts.rule]]\nkind = "{kind}"\n{less}') == [(1, "")]


def test_rules_without_names_have_those_of_their_kinds() -> None:
    rules = parse('[[alerts.rule]]\nkind = "error"\n' * 3).rules
    assert [rule.name for rule in rules] == ["error", "error_2", "error_3"]


def test_a_rule_that_is_not_enabled_is_checked_and_left_out() -> None:
    assert (
        parse('[[alerts.rule]]\nkind = "error"\nenabled = false\n[[alerts.rule]]\nkind = "feed_lag"').rules[0].kind
        == "feed_lag"
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[alerts]\nchek_interval_seconds = 15", [(2, "chek_interval_seconds")]),
        ('[alerts]\n\n[[alerts.rule]]\nname = "x"\nkind = "feed_lg"', [(5, "kind")]),
        ('[[alerts.rule]]\nname = "x"', [(1, "")]),
        ('[[alerts.rule]]\nquery = "select 1"', [(1, "")]),
        ('[[alerts.rule]]\nquery = """\nselect\nfor = 1\n"""\nthreshold = "one"', [(6, "threshold")]),
        ('[[alerts.rule]]\nkind = "error"\n[[alerts.rule]]\nkind = "error"\nfor = "soon"', [(5, "for")]),
        ('[[alerts.rule]]\nkind = "error"\nnotify = ["slak"]', [(3, "notify")]),
        ('[[alerts.rule]]\nkind = "error"\nname = "a"\n[[alerts.rule]]\nkind = "error"\nname = "a"', [(6, "name")]),
        ('[[alerts.rule]]\nkind = "error"\nfeed = "*"', [(3, "feed")]),
        ('[[alerts.notify]]\nname = "s"\ntype = "slack"', [(1, "")]),
        ('[[alerts.notify]]\nname = "s"\ntype = "slack"\nurl = "http://a"\nurl_env = "B"', [(5, "url_env")]),
        ('[[alerts.notify]]\nname = "s"\ntype = "slac"', [(3, "type")]),
        ("[alerts]\nrule = 3", [(2, "rule")]),
        ("alerts = 3", [(1, "alerts")]),
        ('[[alert.rule]]\nkind = "error"', [(1, "alert")]),
        ("[alerts]\ncheck_interval_seconds = 0", [(2, "check_interval_seconds")]),
        ("[alerts]\nx = = 1", [(2, "")]),
        ('[[alerts.rule]]\nkind = "error"\nlabels = ["a"]', [(3, "labels")]),
        ('[[alerts.rule]]\nkind = "error_rate"\nover = "120%"', [(3, "over")]),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_key(text: str, found: list[tuple[int, str]]) -> None:
    assert mistakes(text) == found


def test_all_mistakes_are_told_at_once() -> None:
    text = '[[alerts.rule]]\nkind = "duration"\nover = "fast"\nfor = -1\n'
    assert mistakes(text) == [(3, "over"), (4, "for")]


def test_a_near_word_is_proposed() -> None:
    with pytest.raises(AlertsFileError, match="did you mean 'feed_lag'"):
        parse('[[alerts.rule]]\nkind = "feedlag"')


@pytest.mark.parametrize("type", TYPES)
def test_every_type_of_receiver_takes_its_secrets_from_the_environment(type: str) -> None:
    secrets = "".join(f'{name}_env = "MY_{name.upper()}"\n' for name in TYPES[type].secrets)
    more = 'from = "a@b"\nto = "c@d"\n' if type == "email" else 'chat_id = "1"\n' if type == "telegram" else ""
    config = parse(f'[[alerts.notify]]\nname = "it"\ntype = "{type}"\n{secrets}{more}').notifiers["it"]
    assert {name for name, each in config.options.items() if isinstance(each, Secret)} == set(TYPES[type].secrets)


@pytest.mark.parametrize("value", ["hunter2-hunter2", "3"])
def test_no_message_and_no_representation_shows_a_secret(value: str) -> None:
    shown = value if value == "3" else f'"{value}"'
    text = f'[[alerts.notify]]\nname = "s"\ntype = "pagerduty"\nrouting_key = {shown}\nbroken = 1'
    with pytest.raises(AlertsFileError) as caught:
        parse(text)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Secret("value", "hunter2-hunter2"))


def test_a_secret_is_read_from_environment_and_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of the file\n")
    assert Secret("env", "KEY").read({"KEY": "of the environment"}) == "of the environment"
    assert Secret("file", str(tmp_path / "key")).read() == "of the file"
    with pytest.raises(ConfigurationError, match="NO_SUCH is not set"):
        Secret("env", "NO_SUCH").read({})


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * (1 << 20) + b"x", b"a=" + b"[" * 100_000, b"\0"])
def test_a_file_of_anything_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "alerts.toml").write_bytes(data)
    with pytest.raises(AlertsFileError):
        read_file(tmp_path / "alerts.toml")


def test_a_relative_file_of_a_secret_stands_beside_the_rules(tmp_path: Path) -> None:
    """Wherever the process that evaluates them was started."""
    (tmp_path / "key").write_text("k")
    (tmp_path / "alerts.toml").write_text('[[alerts.notify]]\nname = "a"\ntype = "webhook"\nurl_file = "key"\n')
    assert read_file(tmp_path / "alerts.toml").notifiers["a"].options["url"].read() == "k"
