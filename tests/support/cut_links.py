"""A sender and its hub in a network namespace of their own: `unshare -rn python cut_links.py DIRECTORY`.

The link is cut and mended, the hub is killed, started again and stopped for a while, and calls are recorded all the
time. The last line says what the hub has, and what the sender believes to have sent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from calls import call

from obsv.errors import StoreError
from obsv.otlp.follow import following
from obsv.store import Reader, Writer

PORT, PHASE = 4318, 400
_HUB = """
import sys
from pathlib import Path
from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
receiver = Receiver(ReceiverSettings(Path(sys.argv[1]), None, Address("127.0.0.1", int(sys.argv[2]))))
receiver.start()
print("ready", flush=True)
sys.stdin.read()
"""


class Hub:
    """The hub, a process of its own that can die."""

    def __init__(self, db: Path) -> None:
        self.db = db
        self._reader = Reader(db)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        arguments = [sys.executable, "-c", _HUB, str(self.db), str(PORT)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def counts(self) -> tuple[int, int]:
        """Return the number of spans, and of different ones."""
        with suppress(StoreError):
            row = self._reader.query("select count(*), count(distinct hex(trace_id) || hex(span_id)) from span")[0]
            return int(row[0]), int(row[1])
        return 0, 0


def link(state: str) -> None:
    """Cut or mend the link: packets are lost, and nobody is told."""
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


def until(true: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + 240
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def main(directory: Path) -> None:
    """Run all phases."""
    link("up")
    spool, hub = directory / "spool.db", Hub(directory / "hub.db")
    writer, stopping = Writer(spool), threading.Event()
    written = 0

    def record() -> None:
        nonlocal written
        for _ in range(4):
            first = written + 1
            written += PHASE // 4
            writer.write([call(each, trace=f"{each:032x}", start=each) for each in range(first, written + 1)])
            time.sleep(0.05)

    record()
    troubles: list[str | None] = []
    with following(spool, f"http://127.0.0.1:{PORT}", {}, stopping.wait, troubles.append) as follower:
        thread = threading.Thread(target=follower.run)
        thread.start()
        until(lambda: hub.counts()[0] == written)
        link("down")
        record()
        reached = hub.counts()[0]
        link("up")
        record()
        hub.kill()
        record()
        hub.start()
        until(lambda: hub.counts()[0] >= written - PHASE)
        os.kill(hub.process.pid, signal.SIGSTOP)
        record()
        os.kill(hub.process.pid, signal.SIGCONT)
        until(lambda: hub.counts()[0] >= written and follower.calls.sent.spans >= written)
        stopping.set()
        thread.join()
        sent, missed = follower.calls.sent, follower.calls.missed()
    writer.close()
    rows, different = hub.counts()
    hub.kill()
    found = {"written": written, "rows": rows, "different": different, "sent": sent.spans, "rejected": sent.rejected}
    print(json.dumps({**found, "missed": missed, "reached_while_cut": reached, "troubles": len(troubles)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
