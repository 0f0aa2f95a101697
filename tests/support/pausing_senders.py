"""Senders of five languages that keep a connection, pause between their batches and try nothing again.

    python tests/support/pausing_senders.py 600        # ten minutes; prints what each has lost

An OpenTelemetry SDK sends every five seconds. A server that closes its idle connections at about that time loses the
batch of a client whose request is on its way: over HTTP/1.1 the client cannot know whether it was read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from obsv.otlp.receiver import Receiver
from obsv.otlp.settings import Address, ReceiverSettings
from obsv.store import Reader

HERE = Path(__file__).parents[1] / "peers" / "pausing"
PAUSE_S = 5.0
# To start, and to end: the JDK compiles its program first.
SPARE_S = 180.0


class Told(NamedTuple):
    """The outcome of a sender.

    Args:
        sent: how many spans it tried to send.
        stored: how many are in the store.
        errors: what it said, cut.
    """

    sent: int
    stored: int
    errors: str


def _java(directory: Path) -> list[str] | None:
    return ["java", "-XX:TieredStopAtLevel=1", str(HERE / "Sender.java")] if shutil.which("java") else None


def _go(directory: Path) -> list[str] | None:
    if not shutil.which("go"):
        return None
    binary = directory / "sender"
    subprocess.run(["go", "build", "-o", binary, HERE / "sender.go"], check=True, cwd=directory)
    return [str(binary)]


def _node(directory: Path) -> list[str] | None:
    return ["node", str(HERE / "node.mjs")] if shutil.which("node") else None


def _deno(directory: Path) -> list[str] | None:
    found = shutil.which("deno") or shutil.which("deno", path=HERE / "node_modules" / ".bin")
    return [found, "run", "--no-lock", "--allow-net", str(HERE / "deno.mjs")] if found else None


def _python(directory: Path) -> list[str] | None:
    return [sys.executable, str(HERE / "sender.py")]


SENDERS: dict[str, Callable[[Path], list[str] | None]] = {
    "java": _java, "node": _node, "deno": _deno, "go": _go, "python": _python,
}  # fmt: skip


def span_of(service: str) -> str:
    """A request of one span in OTLP JSON, but for the number that is its id."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    times = {"startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000000000000001"}
    span = {"traceId": service.encode().hex().rjust(32, "0"), "spanId": "NUMBER", "name": "beat", **times}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]})


def run(directory: Path, seconds: float) -> dict[str, Told | None]:
    """Let all senders send to a receiver.

    Args:
        directory: for the store and for what is compiled.
        seconds: how long.

    Returns:
        by sender what came of it; None where its language is not on this machine.
    """
    spans = int(seconds / PAUSE_S) + 1
    commands = {name: make(directory) for name, make in SENDERS.items()}
    receiver = Receiver(ReceiverSettings(db=directory / "obsv.db", grpc=None, http=Address("127.0.0.1", 0)))
    with ExitStack() as stack:
        receiver.start()
        stack.callback(receiver.stop)
        url = f"http://127.0.0.1:{receiver.http_port}/v1/traces"
        running = {
            name: subprocess.Popen(
                [*command, url, str(spans), str(PAUSE_S), span_of(name)], stderr=subprocess.PIPE, text=True
            )
            for name, command in commands.items()
            if command is not None
        }
        said = {name: process.communicate(timeout=seconds + SPARE_S)[1] for name, process in running.items()}
    reader = Reader(directory / "obsv.db")
    rows = reader.query("select service, count(*) from process_trace group by service")
    stored = {row[0]: row[1] for row in rows}
    reader.close()
    return {name: Told(spans, stored.get(name, 0), said[name][:2000]) if name in said else None for name in SENDERS}


def main() -> None:
    """Print what each sender has lost."""
    with tempfile.TemporaryDirectory() as directory:
        for name, told in run(Path(directory), float(sys.argv[1])).items():
            if told is None:
                print(f"{name:7} not on this machine")
            else:
                print(f"{name:7} {told.sent} sent, {told.sent - told.stored} lost  {told.errors}")


if __name__ == "__main__":
    main()
