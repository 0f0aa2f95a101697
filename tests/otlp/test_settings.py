"""Addresses of OTLP reception."""

from pathlib import Path

import pytest

from obsv.errors import ConfigurationError
from obsv.otlp.settings import Address, ReceiverSettings, split


def test_addresses() -> None:
    """HOST:PORT, IPv6 in brackets, or off."""
    assert Address.parse("127.0.0.1:4318") == Address("127.0.0.1", 4318)
    assert Address.parse("[::1]:4317") == Address("::1", 4317)
    assert str(Address("::1", 4317)) == "[::1]:4317"
    assert Address.parse("off") is None


@pytest.mark.parametrize("text", ["", "4317", ":4317", "localhost", "localhost:x", "localhost:70000", "a:-1"])
def test_what_is_no_address(text: str) -> None:
    """Anything else is refused with what it takes."""
    with pytest.raises(ConfigurationError, match="HOST:PORT or off"):
        Address.parse(text)


def test_beyond_this_machine_needs_a_token(tmp_path: Path) -> None:
    """An address that others reach is not listened on without a token."""
    open_to_all = ReceiverSettings(tmp_path / "a.db", grpc=Address("0.0.0.0", 4317))
    with pytest.raises(ConfigurationError, match="OBSV_TOKEN"):
        open_to_all.check()
    ReceiverSettings(tmp_path / "a.db", grpc=Address("0.0.0.0", 4317), token="a-long-enough-token").check()


def test_comma_separated() -> None:
    """Lists in the environment are separated by commas."""
    assert split(" a, b,,") == ("a", "b")
    assert split(None) == ()
