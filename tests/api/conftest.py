"""A server whose store does not exist yet, and a client beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import query_world
from httpx import ASGITransport, AsyncClient

from obsv.server import Settings, create_app


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., AsyncClient]:
    def make(base: str = "http://127.0.0.1:8050", **settings: object) -> AsyncClient:
        app = create_app(Settings(**{"db": tmp_path / "obsv.db", **settings}))
        return AsyncClient(transport=ASGITransport(app), base_url=base)

    return make


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncClient:
    """A client beside one server over the world of queries, for all tests of a file: they only read."""
    db = query_world.make(tmp_path_factory.mktemp("world") / "obsv.db")
    return AsyncClient(transport=ASGITransport(create_app(Settings(db))), base_url="http://127.0.0.1:8050")
