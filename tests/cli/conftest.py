"""Programs to run: with a database each, or with one for all whose records nobody reads."""

from pathlib import Path

import pytest
from programs import Programs


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "observability.db"


@pytest.fixture
def unread(tmp_path: Path, shared: Path) -> Programs:
    """Programs whose database has a keeper already: starting one takes as long as such a program."""
    return Programs(tmp_path, shared)


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)
