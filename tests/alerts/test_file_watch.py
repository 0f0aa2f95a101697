"""The rules file as it is changed: by an editor that truncates it first, by one that removes it, and wrongly."""

from __future__ import annotations

from pathlib import Path

from obsv.alerts.file_watch import FileWatch

RULES = '[[alerts.rule]]\nname = "it"\nquery = "select 1"\nthreshold = 1\n'


def watching(file: Path) -> FileWatch:
    watch = FileWatch(lambda: file if file.exists() else None)
    watch.look()
    return watch


def test_the_first_look_reads(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(RULES)
    assert [rule.name for rule in watching(file).config.rules] == ["it"]


def test_a_file_that_is_being_written_changes_nothing(tmp_path: Path) -> None:
    """An empty file is a right one without rules: all alerts would be over, and begin again a second later."""
    file = tmp_path / "alerts.toml"
    file.write_text(RULES)
    watch = watching(file)
    for text in ("", None, RULES[:12]):
        file.write_text(text) if text is not None else file.unlink()
        assert not watch.look()
        assert watch.config.rules
        file.write_text(RULES + "\n")
        assert not watch.look()
        watch.look()
        assert watch.config.rules
        assert not watch.error


def test_a_file_that_is_gone_or_empty_for_two_looks_has_no_rules(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    for remove in (file.unlink, lambda: file.write_text("")):
        file.write_text(RULES)
        watch = watching(file)
        remove()
        assert (watch.look(), watch.look()) == (False, True)
        assert not watch.config.rules


def test_a_wrong_file_keeps_the_rules_until_it_is_right_again(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text(RULES)
    watch = watching(file)
    file.write_text(RULES + "wrong = 1\n")
    assert (watch.look(), watch.look(), bool(watch.error), bool(watch.config.rules)) == (False, False, True, True)
    file.write_text(RULES.replace('"it"', '"other"'))
    assert (watch.look(), watch.look(), watch.error) == (False, True, "")
    assert [rule.name for rule in watch.config.rules] == ["other"]
