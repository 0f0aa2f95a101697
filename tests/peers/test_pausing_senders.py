"""Senders that pause as OpenTelemetry's batches do lose nothing (`pausing_senders.py` has the long form)."""

from __future__ import annotations

from pathlib import Path

import pausing_senders
import pytest
from pausing_senders import Told
from tests.peers.conftest import give_up


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told | None]:
    """All senders together, for twenty seconds: four pauses."""
    directory: Path = tmp_path_factory.mktemp("pausing")
    return pausing_senders.run(directory, 4 * pausing_senders.PAUSE_S)


@pytest.mark.parametrize("sender", pausing_senders.SENDERS)
def test_no_span_is_lost(told: dict[str, Told | None], sender: str) -> None:
    """Each request that the client's own connection carried is stored, though nothing is tried again."""
    found = told[sender]
    if found is None:
        give_up(f"no {sender} on this machine")
    assert (found.stored, found.errors) == (found.sent, "")
