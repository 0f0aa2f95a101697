"""Bodies that are made to fill the memory, sent to a server of its own."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile import MIB, MOST_BYTES, Hostile, bodies
from otlp_requests import request, span

MOST_MEMORY_MIB = 400


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Process id and port of `obsv serve`."""
    command = [sys.executable, "-m", "obsv", "serve", "--db", str(tmp_path / "obsv.db"), "--port", "0", "--json"]
    command += ["--otlp-http", "127.0.0.1:0", "--otlp-grpc", "off"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        found = re.search(r'"http": ?"127\.0\.0\.1:(\d+)"', running.stdout.readline())
        try:
            assert found is not None
            yield running.pid, int(found[1])
        finally:
            running.send_signal(signal.SIGTERM)


def send(port: int, hostile: Hostile) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        headers = {"content-type": hostile.content_type, "content-encoding": hostile.encoding}
        connection.request("POST", hostile.path, hostile.body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of memory from /proc")
def test_memory_is_bounded_whatever_comes(server: tuple[int, int]) -> None:
    """Forty hostile bodies at once: memory stays below its bound, and others' spans are stored meanwhile."""
    pid, port = server
    made = bodies(15 * MIB)
    assert len(made) >= 40
    assert max(len(each.body) for each in made) <= MOST_BYTES * 1.1
    done = threading.Event()
    ordinary: list[int] = []

    def sender() -> None:
        while not done.is_set() or not ordinary:
            spans = [span({"a": "b"}, span_id=os.urandom(8)) for _ in range(500)]
            body = request(*spans).SerializeToString()
            ordinary.append(send(port, Hostile("ordinary", body, encoding="")))

    thread = threading.Thread(target=sender)
    thread.start()
    with ThreadPoolExecutor(len(made)) as pool:
        statuses = list(pool.map(lambda each: send(port, each), made))
    done.set()
    thread.join()
    assert set(ordinary) == {200}
    assert set(statuses) <= {200, 400, 413}
    peak = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert peak is not None
    assert int(peak[1]) // 1024 <= MOST_MEMORY_MIB
