"""Programs to run."""

from pathlib import Path

import pytest
from programs import Programs


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)
