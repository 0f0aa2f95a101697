"""Measure the effect of hostile senders on a server: `python -m benchmarks hostile`, eleven minutes.

Forty bodies of at most 64 KB, each of which asks for all that it can get, come at once, again and again, beside an
ordinary sender of 500 spans. Then ten minutes of everything mixed at full speed: these, ordinary requests and damaged
ones. The server is a process of its own, as in use.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fuzz import mutated
from benchmarks.result import Result

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from hostile import JSON, PROTOBUF, Hostile, bodies
from otlp_requests import json_request, json_span, request, span

GARBAGE_S, WARM_S = 600.0, 60.0
_ROUNDS = 3
_SENDERS = 4
_SETTLE_S = 2.0


class Server:
    """`obsv serve`.

    Args:
        pid: its process.
        port: of OTLP over HTTP.
    """

    def __init__(self, pid: int, port: int) -> None:
        self.pid, self.port = pid, port

    def memory_mib(self, what: str) -> float:
        """`VmRSS`, now, or `VmHWM`, the most so far."""
        found = re.search(rf"{what}:\s*(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / 1024

    def send(self, hostile: Hostile) -> int:
        """Send a body; return the status of the answer, 0 where there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            headers = {"content-type": hostile.content_type, "content-encoding": hostile.encoding}
            connection.request("POST", hostile.path, hostile.body, headers)
            response = connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


@contextmanager
def serving(*options: str, **variables: str) -> Iterator[Server]:
    """A server of an empty store."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "obsv", "serve", "--db", f"{directory}/obsv.db", "--port", "0", "--json"]
        command += ["--otlp-http", "127.0.0.1:0", "--otlp-grpc", "off", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **variables}) as running:
            try:
                assert running.stdout is not None
                found = re.search(r'"http": ?"127\.0\.0\.1:(\d+)"', running.stdout.readline())
                assert found is not None
                yield Server(running.pid, int(found[1]))
            finally:
                running.terminate()
                running.wait()


def ordinary() -> Hostile:
    """Five hundred spans as anybody sends them."""
    spans = [span({"a": "b", "n": {"intValue": "3"}}, span_id=os.urandom(8)) for _ in range(500)]
    return Hostile("ordinary", request(*spans).SerializeToString(), encoding="")


def delays(server: Server, send: Callable[[], object]) -> list[float]:
    """Send something, and as long as that takes ordinary spans; return the seconds that each of those took."""
    done, found = threading.Event(), list[float]()

    def sender() -> None:
        while not done.is_set() or not found:
            body = ordinary()
            began = time.monotonic()
            assert server.send(body) == 200
            found.append(time.monotonic() - began)

    thread = threading.Thread(target=sender)
    thread.start()
    send()
    done.set()
    thread.join()
    return found


def crowded() -> list[Result]:
    """Measure how long an ordinary sender waits beside forty hostile ones, and the memory that they get."""
    made = bodies()
    with serving() as server, ThreadPoolExecutor(len(made)) as pool:
        alone = statistics.median(delays(server, lambda: time.sleep(_SETTLE_S)))
        longest = 0.0
        for _ in range(_ROUNDS):
            longest = max(longest, *delays(server, lambda: list(pool.map(server.send, made))))
        peak = server.memory_mib("VmHWM")
    name = f"{len(made)} bodies of 64 KB:"
    return [
        Result(f"{name} 500 ordinary spans wait longer by", longest - alone, 1.0, 0.5, " s"),
        Result(f"{name} memory of the server", peak, 400, 300, " MB"),
    ]


def garbage(seconds: float = GARBAGE_S, warm_s: float = WARM_S, seed: int = 1) -> list[Result]:
    """Measure the memory growth after the first minute of everything mixed."""
    seeds = (request(span({"a": "x"}), span()).SerializeToString(),), (json_request(json_span()),)
    hostile, sent = bodies(), 0
    with serving() as server, ThreadPoolExecutor(_SENDERS) as pool:
        ends = time.monotonic() + seconds
        warm_at = time.monotonic() + warm_s

        def keep_sending(number: int) -> int:
            chance, count = random.Random(f"{seed} {number}"), 0
            while time.monotonic() < ends:
                kind = chance.randrange(20)
                if kind == 0:
                    server.send(chance.choice(hostile))
                elif kind < 8:
                    server.send(ordinary())
                else:
                    content_type, seed_of = chance.choice(((PROTOBUF, seeds[0]), (JSON, seeds[1])))
                    server.send(Hostile("damaged", mutated(chance, seed_of), content_type, encoding=""))
                count += 1
            return count

        def most_from(start: float, end: float) -> float:
            time.sleep(max(0.0, start - time.monotonic()))
            found = 0.0
            while time.monotonic() < end:
                found = max(found, server.memory_mib("VmRSS"))
                time.sleep(0.2)
            return found

        running = [pool.submit(keep_sending, number) for number in range(_SENDERS)]
        # The most of the first minute against the most of the last: between two requests memory is given back.
        early = most_from(0.0, warm_at)
        late = most_from(ends - warm_s, ends)
        sent = sum(each.result() for each in running)
        peak = server.memory_mib("VmHWM")
    name = f"{seconds / 60:.0f} minutes of garbage, {sent:,} requests:"
    return [
        Result(f"{name} memory grows after the first by", 100 * (late / early - 1), 5, 2, " %"),
        Result(f"{name} memory of the server", peak, 400, 300, " MB"),
    ]


def measure() -> list[Result]:
    """Both."""
    return crowded() + garbage()
