"""A server whose store does not exist yet, and a client beside it."""

from collections.abc import Callable
from pathlib import Path

import pytest
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
