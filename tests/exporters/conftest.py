"""Programs that send spans, collectors that take them, and collectors that do not."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.runtime.conftest import Program

from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Receiver]:
    """A collector that works: a second obsv."""
    anywhere = Address("127.0.0.1", 0)
    receiver = Receiver(ReceiverSettings(tmp_path / "collector.db", grpc=anywhere, http=anywhere))
    receiver.start()
    yield receiver
    receiver.stop()


@contextmanager
def answering(answer: bytes | None) -> Iterator[int]:
    """A TCP server that reads, answers each connection with these bytes (None: never) and yields its port."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        done = threading.Event()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                stack.callback(connection.close)
                if answer is not None:
                    threading.Thread(target=speak, args=(connection,), daemon=True).start()

        def speak(connection: socket.socket) -> None:
            try:
                while connection.recv(65_536) and not done.is_set():
                    connection.sendall(answer or b"")
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        done.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(60)


@pytest.fixture
def badly_answering() -> Iterator[Callable[[bytes | None], int]]:
    """Starts servers that are no collectors; returns their ports."""
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(answering(answer))
