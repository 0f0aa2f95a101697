"""Settings: from arguments, else the environment, else the defaults."""

import dataclasses
from pathlib import Path

import pytest

from obsv.config import DEFAULT_DB, Arguments, Settings, settings_from
from obsv.errors import ConfigurationError


def test_arguments_are_the_fields_of_settings() -> None:
    """What type checkers are told is what there is."""
    assert sorted(Arguments.__annotations__) == sorted(field.name for field in dataclasses.fields(Settings))


def test_database_is_the_argument_else_the_variable_else_the_default() -> None:
    """The path is absolute, so that a program may change its directory."""
    assert settings_from({"db": "a.db"}, {"OBSV_DB": "b.db"}).db == Path("a.db").absolute()
    assert settings_from({}, {"OBSV_DB": "b.db"}).db == Path("b.db").absolute()
    assert settings_from({}, {"OBSV_DB": ""}).db == DEFAULT_DB.absolute()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("on_full", "explode"),
        ("lane_size", 0),
        ("spill_max_bytes", 0),
        ("queue_warning_threshold", 0),
        ("breaker_failures", 0),
        ("retention_s", 0),
        ("max_bytes", -1),
        ("breaker_recovery_s", 0),
        ("busy_timeout_s", 0),
        ("databse", "x"),
    ],
)
def test_setting_that_cannot_be_used_is_named(name: str, value: object) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigurationError, match=name):
        settings_from({name: value}, {})


def test_none_means_no_limit() -> None:
    """Retention and size can be switched off."""
    settings = settings_from({"retention_s": None, "max_bytes": None}, {})
    assert (settings.retention_s, settings.max_bytes) == (None, None)
