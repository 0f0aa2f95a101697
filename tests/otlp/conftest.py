"""Running receivers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.store import Reader

ANY_PORT = Address("127.0.0.1", 0)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "obsv.db"


@pytest.fixture
def reader(db: Path) -> Iterator[Reader]:
    reader = Reader(db)
    yield reader
    reader.close()


@pytest.fixture
def start(db: Path) -> Iterator[Callable[..., Receiver]]:
    """Starts receivers on free ports; they end with the test."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Receiver:
            receiver = Receiver(ReceiverSettings(**{"db": db, "grpc": ANY_PORT, "http": ANY_PORT, **settings}))
            receiver.start()
            stack.callback(receiver.stop)
            return receiver

        yield make


@pytest.fixture
def receiver(start: Callable[..., Receiver]) -> Receiver:
    return start()
