"""Settings: from arguments, else the environment, else the defaults."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from obsv.config import DEFAULT_DB, Arguments, Settings, settings_from
from obsv.errors import ConfigurationError


def test_arguments_are_the_fields_of_settings() -> None:
    """The declared arguments are the existing ones."""
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
        ("spill_max_bytes", 0),
        ("queue_warning_threshold", 0),
        ("retention", 0),
        ("max_bytes", -1),
        ("max_bytes", "3.9MB"),
        ("busy_timeout_s", 0),
        ("databse", "x"),
        ("max_bytes", "1e999"),
        ("max_bytes", 10**400),
        ("max_bytes", float("nan")),
        ("retention", "1e999d"),
        ("retention", 1e300),
        ("retention", 10**10),
        ("sample_rate", "1e999%"),
    ],
)
def test_setting_that_cannot_be_used_is_named(name: str, value: object) -> None:
    """The message names the setting."""
    with pytest.raises(ConfigurationError, match=name):
        settings_from({name: value}, {})


def test_a_variable_that_asks_for_too_little_space_gets_the_least(caplog: pytest.LogCaptureFixture) -> None:
    """Without a limit the file would grow as it should least of all; the message names the least."""
    assert settings_from({}, {"OBSV_MAX_BYTES": "1kB"}).limit_changes() == {"max_bytes": 4_000_000}
    assert "OBSV_MAX_BYTES must be at least 4MB" in caplog.text


def test_none_means_no_limit() -> None:
    """Retention and size can be switched off."""
    settings = settings_from({"retention": None, "max_bytes": None}, {})
    assert (settings.retention, settings.max_bytes) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("retention", "2d", 172_800.0),
        ("retention", "90s", 90.0),
        ("retention", 5, 5.0),
        ("retention", "2 days", 172_800.0),
        ("retention", "1h30m", 5_400.0),
        ("retention", "1 Day, 12 hours", 129_600.0),
        ("retention", ".5h", 1_800.0),
        ("retention", timedelta(days=2), 172_800.0),
        ("min_duration", "5 μs", 5e-6),
        ("max_bytes", "10_000_000 bytes", 10_000_000),
        ("retention", "off", None),
        ("max_bytes", "1GB", 10**9),
        ("max_bytes", "4.5 MiB", 9 * 2**19),
        ("max_bytes", "none", None),
        ("min_duration", "10ms", 0.01),
        ("min_duration", "250µs", 0.00025),
        ("sample_rate", "5%", 0.05),
        ("sample_rate", "0.5", 0.5),
        ("sensitive_fields", "iban, desk", ("iban", "desk")),
        ("expected", "KeyError,shop.NotFound", ("KeyError", "shop.NotFound")),
        ("expected", KeyError, (KeyError,)),
        ("errors_only", "yes", True),
        ("max_per_second", "100", 100),
        ("depth", "off", None),
        ("capture", "off", {"args": False, "result": False, "locals": False}),
        ("capture", "exact", {"args": "exact", "result": True}),
        ("capture", "args, cpu", {"args": True, "result": False, "locals": False, "cpu": True, "memory": False}),
        ("busy_timeout_s", "2s", 2.0),
    ],
)
def test_settings_as_people_write_them(name: str, value: object, meant: object) -> None:
    """An argument and a variable mean the same."""
    assert getattr(settings_from({name: value}, {}), name) == pytest.approx(meant)
    if isinstance(value, str):
        assert getattr(settings_from({}, {f"OBSV_{name.upper()}": value}), name) == pytest.approx(meant)


@pytest.mark.parametrize("name", sorted(set(Arguments.__annotations__)))
@pytest.mark.parametrize("value", [object(), b"x", 1j, [[]], "\0?", -1, float("nan"), True])
def test_a_value_of_another_type_is_a_message(name: str, value: object) -> None:
    """Whatever is given, it is used or refused by name: no TypeError comes out of it."""
    try:
        settings_from({name: value}, {})
    except ConfigurationError as error:
        assert name in str(error)  # noqa: PT017


def test_a_variable_that_cannot_be_used_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The program is recorded all the same."""
    assert settings_from({}, {"OBSV_RETENTION": "soon", "OBSV_MAX_REPR": "80"}).max_repr == 80
    assert "OBSV_RETENTION" in caplog.text


def test_limits_of_the_environment_are_the_stores() -> None:
    """As those given in code are; what nobody chose is not."""
    assert settings_from({}, {"OBSV_RETENTION": "1d"}).limit_changes() == {"max_age_ns": 86_400 * 10**9}
    assert settings_from({}, {}).limit_changes() == {}
