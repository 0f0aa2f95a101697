"""A store with a failure, and what asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from calls import EPOCH_NS, call, traceback

from obsv.agents import Asked
from obsv.store import Code, SpanRow, Writer
from obsv.store.seam import open_store

CODE = Code(
    "/srv/shop/orders.py", 10, "def place(order):\n    price = look_up(order)\n    return price * order.count\n"
)
NOW_NS = EPOCH_NS + 60_000_000_000


@pytest.fixture
def asking(tmp_path: Path) -> Callable[[Iterable[SpanRow]], Asked]:
    """Stores rows, and gives what can be asked about them."""

    def make(rows: Iterable[SpanRow], app: str | None = None) -> Asked:
        writer = Writer(tmp_path / "obsv.db")
        writer.write(list(rows))
        writer.close()
        return Asked(open_store(tmp_path / "obsv.db"), NOW_NS, app)

    return make


@pytest.fixture
def shop(asking: Callable[..., Asked]) -> Asked:
    """A call that failed after one that did not, called by another."""
    error = traceback("TypeError", "unsupported operand type(s) for *: 'NoneType' and 'int'")
    return asking(
        [
            call(1, name="shop.desk.serve", ms=30),
            call(2, 1, inputs={"order": "7", "price": "12"}, outputs={"return": "36"}, code=CODE, start=1),
            call(3, 1, inputs={"order": "8", "price": "None"}, code=CODE, error=error, start=20),
        ],
        "http://127.0.0.1:8050/",
    )
