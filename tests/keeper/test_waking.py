"""The number of times a program rings the keeper's bell."""

from pathlib import Path

import pytest
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obsv import keeper
from obsv.config import Settings
from obsv.keeper.files import KeeperFiles
from obsv.ring_sink import RingSink
from obsv.trace.log_record import ERROR, LogRecord


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RingSink:
    """A sink without a keeper, which leaves the flag to the test."""
    monkeypatch.setattr(keeper, "ensure", lambda *_: keeper.Kept("process"))
    return RingSink(Settings(db=tmp_path / "calls.db"))


def test_sleeping_keeper_is_woken_once(sink: RingSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storm of errors rings until the flag is cleared, not until the keeper is scheduled; its next sleep counts."""
    rung: list[KeeperFiles] = []
    monkeypatch.setattr(keeper, "wake", rung.append)
    error = LogRecord(InstrumentationScope("app"), 1, ERROR, "ERROR", "", "refused", (), 0, 0, None, (1, "main"))
    sink.log(error)
    assert not rung
    about = sink._writer.ring.about
    for sleep in (1, 2):
        about.keeper_sleeps = 1
        for _ in range(3):
            sink.log(error)
        assert len(rung) == sleep
        assert not about.keeper_sleeps
