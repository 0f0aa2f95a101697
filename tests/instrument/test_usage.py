"""Resource use of a call."""

import os
from pathlib import Path

import pytest

from obsv.instrument import usage


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="Linux's /proc")
def test_file_of_the_system_that_was_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that closes all files and opens its own makes the measurement 0, and no call fails."""
    opened: list[int] = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda *given, **named: opened.append(real(*given, **named)) or opened[-1])
    monkeypatch.setattr(usage, "_resident_bytes", usage._resident())
    assert usage.memory_bytes() > 0
    with (tmp_path / "other").open("w+b") as other:
        os.dup2(other.fileno(), opened[0])
    assert usage.memory_bytes() == 0
    os.close(opened[0])
    assert usage.memory_bytes() == 0
