"""Addresses of ClickHouse."""

from __future__ import annotations

import pytest

from obsv.clickhouse import Address
from obsv.errors import ConfigurationError


def test_all_parts() -> None:
    """With what must be percent-encoded in them."""
    found = Address.parse("clickhouses://me%40home:a%2Fb@[::1]:8444/otel?table=spans")
    assert found == Address("::1", 8444, "me@home", "a/b", "otel", "spans", True)


def test_defaults() -> None:
    """Those of ClickHouse and of the collector's exporter."""
    assert Address.parse("clickhouse://db") == Address("db", 8123)
    assert Address.parse("clickhouses://db").port == 8443


def test_the_password_is_not_shown() -> None:
    """The name of a store is in messages, and on pages."""
    assert str(Address.parse("clickhouse://me:secret@db/otel")) == "clickhouse://db:8123/otel?table=otel_traces"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("db.sqlite", "not an address of ClickHouse"),
        ("clickhouse://", "not an address of ClickHouse"),
        ("clickhouse://db:no", "cannot be read"),
        ("clickhouse://db:9000/otel", "native protocol"),
        ("clickhouse://db/otel;drop", "not the name of a database"),
        ("clickhouse://db/otel?table=a%20b", "not the name of a table"),
    ],
)
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigurationError, match=told):
        Address.parse(text)
