"""kill -9 in a storm of errors loses none; `python -m benchmarks storm` does it two hundred times."""

import random
import sys
from pathlib import Path

import pytest
from storm import storm

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by a signal")


@pytest.mark.parametrize("pause_s", [0.0, 0.005], ids=["full speed", "200 a second"])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "beside a busy thread"])
def test_killed_storm_loses_no_error(tmp_path: Path, busy: bool, pause_s: float) -> None:
    """Each error is in the store, once."""
    found = storm(tmp_path, random.Random(1), busy=busy, pause_s=pause_s)
    assert found.failed > 0
    assert (found.lost, found.doubled) == (0, 0)
