"""The place of the alert rules, and the variables that they name."""

import os
from pathlib import Path
from typing import Any

import pytest

from obsv.rules_place import find_file, named_variables


def test_the_file_is_the_named_one_or_stands_beside_the_database(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    db = tmp_path / "logs" / "o.db"
    assert find_file(db, None, {}) is None
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "alerts.toml").touch()
    assert find_file(db, None, {}) == Path("config/alerts.toml")
    db.parent.mkdir()
    (db.parent / "alerts.toml").touch()
    assert find_file(db, None, {}) == db.parent / "alerts.toml"
    assert find_file(db, None, {"OBSV_ALERTS": "a.toml"}) == Path("a.toml")
    assert find_file(db, Path("b.toml"), {"OBSV_ALERTS": "a.toml"}) == Path("b.toml")


def test_of_a_program_that_is_gone_the_directory_is_named(tmp_path: Path) -> None:
    """A keeper looks where the program that started it would have looked."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "alerts.toml").touch()
    found = find_file(tmp_path / "logs" / "o.db", None, {}, tmp_path)
    assert found == tmp_path / "config" / "alerts.toml"


RULES = """
[alerts]
heartbeat_url_env = "BEAT"
[[alerts.notify]]
name = "hook"
url_env='HOOK_URL'   # of the team
"secret_env" = "HOOK_SECRET"
password = "plain_env"
"""


def test_variables_are_found_wherever_they_are_named(tmp_path: Path) -> None:
    """Nothing else of the file is one."""
    (tmp_path / "a.toml").write_text(RULES)
    assert named_variables(tmp_path / "a.toml") == {"BEAT", "HOOK_URL", "HOOK_SECRET"}


def test_a_file_that_cannot_be_read_names_none(tmp_path: Path) -> None:
    assert named_variables(tmp_path / "none.toml") == set()
    assert named_variables(tmp_path) == set()


def test_a_file_that_others_may_write_names_none(tmp_path: Path) -> None:
    """It could have any variable of the program sent anywhere."""
    (tmp_path / "a.toml").write_text(RULES)
    os.chmod(tmp_path / "a.toml", 0o666)
    assert named_variables(tmp_path / "a.toml") == set()


@pytest.mark.parametrize("content", [b"\xff\xfe_env = \x00", b"_env =" * 100_000])
def test_any_content_is_survived(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    assert named_variables(tmp_path / "a.toml") == set()
