"""A call as a pytest file, by the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import TRACE, call, span_id, traceback
from httpx import AsyncClient

from obsv.store import Code, Writer

pytestmark = pytest.mark.anyio


@pytest.fixture
def shop(tmp_path: Path, client: Callable[..., AsyncClient]) -> AsyncClient:
    writer = Writer(tmp_path / "obsv.db")
    error = traceback("ValueError", "no stock")
    code = Code("/srv/shop/orders.py", 3, "def place(order): ...\n")
    failing = call(1, inputs={"order": "7"}, code=code, error=error)
    kept = call(2, inputs={"order": "7"}, code=code, error=error, exact=b"(pickle)")
    writer.write([failing, kept])
    writer.close()
    return client()


async def test_a_file_to_download(shop: AsyncClient) -> None:
    """With a name that pytest finds."""
    answer = await shop.get(f"/api/v1/repro/{TRACE}/{span_id(1)}")
    assert answer.headers["content-type"] == "text/x-python; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="test_repro_00000000.py"'
    assert "from shop.orders import place" in answer.text
    assert "order=7," in answer.text


async def test_exact_inputs_come_with_a_warning(shop: AsyncClient) -> None:
    """The server hands the pickle on as base64."""
    answer = await shop.get(f"/api/v1/repro/{TRACE}/{span_id(2)}")
    assert answer.text.startswith("# WARNING")
    assert "KHBpY2tsZSk=" in answer.text


async def test_no_such_call(shop: AsyncClient) -> None:
    """Told as a problem."""
    assert (await shop.get(f"/api/v1/repro/{TRACE}/99")).status_code == 404
