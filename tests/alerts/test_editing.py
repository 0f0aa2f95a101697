"""A rule is added to a file as a careful person would do it."""

from pathlib import Path

import pytest

from obsv.alerts import AlertsFileError, read_file
from obsv.alerts.editing import add_rule, rule_of
from obsv.errors import ConfigurationError

FILE = """# ours
[alerts]
check_interval_seconds = 15   # often enough

# keep this one
[[alerts.rule]]
name = "first"   # by name
query = "select 1"
threshold = 1
"""


def test_comments_and_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(FILE)
    path.chmod(0o640)
    config = add_rule(path, {"kind": "error", "process": "shop.*"})
    assert [rule.name for rule in config.rules] == ["first", "error"]
    text = path.read_text()
    assert text.startswith(FILE.rstrip())
    assert path.stat().st_mode & 0o777 == 0o640
    assert read_file(path) == config


@pytest.mark.parametrize("before", [None, "", "# nothing so far\n", "[alerts]\n"])
def test_a_first_rule_makes_the_table(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "alerts.toml"
    if before is not None:
        path.write_text(before)
    assert add_rule(path, {"kind": "feed_lag"}).rules[0].kind == "feed_lag"
    assert add_rule(path, {"kind": "error"}).rules[1].kind == "error"


@pytest.mark.parametrize(
    "before",
    [
        "alerts = {}",
        'alerts = {check_interval_seconds = 5}  # often\n[[slo]]\nname = "s"\nobjective = "99%"\n',
        'alerts = {notify = [{name = "n", type = "log"}]}\n',
        '"alerts" = {rule = []}\n',
        "alerts.check_interval_seconds = 5\n",
    ],
)
def test_a_table_in_braces_takes_rules(tmp_path: Path, before: str) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(before)
    add_rule(path, {"kind": "feed_lag", "labels": {"team": "data"}})
    config = add_rule(path, {"kind": "error"})
    assert [rule.kind for rule in config.rules] == ["feed_lag", "error"]
    assert read_file(path) == config
    assert ("# often" in path.read_text()) is ("# often" in before)


def test_a_wrong_rule_or_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(FILE)
    with pytest.raises(AlertsFileError, match="over"):
        add_rule(path, {"kind": "duration", "over": "fast"})
    assert path.read_text() == FILE
    path.write_text("broken = = 1")
    with pytest.raises(AlertsFileError):
        add_rule(path, {"kind": "error"})
    assert path.read_text() == "broken = = 1"
    assert [each.name for each in tmp_path.iterdir()] == ["alerts.toml"]


def test_values_cannot_leave_their_place(tmp_path: Path) -> None:
    hostile = 'x"\n[[alerts.notify]]\nname = "evil'
    config = add_rule(tmp_path / "alerts.toml", {"kind": "error", "process": hostile})
    assert config.rules[0].details["process"] == hostile
    assert set(config.notifiers) == {"log"}


def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        add_rule(tmp_path / "no" / "alerts.toml", {"kind": "error"})


def test_a_rule_that_is_not_unicode_changes_nothing(tmp_path: Path) -> None:
    """Half a surrogate pair comes in JSON, and in arguments that are not UTF-8."""
    path = tmp_path / "alerts.toml"
    path.write_text(FILE)
    with pytest.raises(ConfigurationError, match="not Unicode"):
        add_rule(path, {"kind": "error", "process": "\ud800"})
    assert (path.read_text(), [each.name for each in tmp_path.iterdir()]) == (FILE, ["alerts.toml"])


def test_a_rule_alone_is_checked_as_in_a_file() -> None:
    assert rule_of({"kind": "staleness", "variable": "price"}).details["repeats"] == 6
    with pytest.raises(AlertsFileError, match="variable"):
        rule_of({"kind": "staleness"})


@pytest.mark.parametrize(
    "before",
    [
        b"\xef\xbb\xbf[alerts]\r\n# c1\r\n[[alerts.rule]] # c2\r\nname = 'a'\r\nkind = 'error' # c3\r\n# c4\r\n",
        b"[alerts]\nrule = [ # c1\n  {name = 'a', kind = 'error'}, # c2\n  # c3\n]\n",
        b"alerts = {rule = [{name = 'a', kind = 'error'}]} # c1\n",
        b"alerts.rule = [{name = 'a', kind = 'error'}]\n",
        b"[alerts]\nrule = []\n# c1\n",
        b"[[alerts.rule]]\nname = 'a'\nkind = 'error'\n[alerts.rule.labels]\nx = '1' # c1\n# c2\n",
        b"[[alerts.rule]]\nname = 'a'\nkind = 'error'\n\n\n# c1, without an end",
    ],
)
def test_a_rule_is_added_in_any_form_of_the_file(tmp_path: Path, before: bytes) -> None:
    """A byte order mark, ends of lines, arrays, tables in braces; comments stay."""
    path = tmp_path / "alerts.toml"
    path.write_bytes(before)
    found = add_rule(path, {"name": "new", "kind": "error"})
    after = path.read_bytes()
    assert [rule.name for rule in found.rules] == [*(["a"] if b"'a'" in before else []), "new"]
    assert read_file(path) == found
    assert [mark for mark in (b"c1", b"c2", b"c3", b"c4") if mark in before and mark not in after] == []
    assert after.startswith(before[:3])
    assert after.count(b"\r\n") == (after.count(b"\n") if b"\r\n" in before else 0)


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        add_rule(path, {"name": "new", "kind": "error"})
    assert path.read_bytes() == b"# \xff\n"
