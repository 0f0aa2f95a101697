"""`obsv serve`, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "import sys; from obsv.cli import main; sys.exit(main())"]
FREE = ["--port", "0", "--otlp-http", "127.0.0.1:0", "--otlp-grpc", "off"]


@contextmanager
def running(db: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [*COMMAND, *arguments, "--db", str(db)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # One that says nothing is ended, so that what waits for its words goes on.
    ending = threading.Timer(240, process.kill)
    ending.start()
    try:
        yield process
    finally:
        ending.cancel()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=240)


def status(address: str) -> int:
    with urllib.request.urlopen(address, timeout=120) as answer:
        return int(answer.status)


def test_json_says_where(tmp_path: Path) -> None:
    """One line of JSON, once everything answers: the app's address, and those of OTLP."""
    with running(tmp_path / "obsv.db", "serve", "--json", *FREE) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["db"] == str(tmp_path / "obsv.db")
        assert said["otlp"]["grpc"] is None
        assert status(f"{said['app']}healthz") == 200
        request = urllib.request.Request(
            f"http://{said['otlp']['http']}/v1/traces", b"{}", {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert answer.status == 200


def test_text_says_where(tmp_path: Path) -> None:
    """The same for people, at once also through a pipe."""
    with running(tmp_path / "obsv.db", "serve", *FREE) as process:
        assert process.stdout is not None
        first = process.stdout.readline().split()
        assert first[:2] == ["obsv", "on"]
        assert status(first[2].rstrip(",") + "healthz") == 200
        assert process.stdout.readline().startswith("OTLP: HTTP on 127.0.0.1:")


def test_a_live_demo_says_where(tmp_path: Path) -> None:
    """`obsv demo --serve --json` says the same of the app that it opens."""
    with running(tmp_path / "obsv.db", "demo", "--serve", "--json", "--port", "0") as process:
        assert process.stdout is not None
        assert status(json.loads(process.stdout.readline())["app"] + "healthz") == 200


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--port", "70000"], 2, "--port"),
        (["--otlp-http", "nowhere"], 2, "HOST:PORT"),
        (["--host", "0.0.0.0"], 2, "OBSV_TOKEN"),
    ],
)
def test_addresses_that_are_none(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    """They are wrong usage, and what to write is said."""
    environment = {name: value for name, value in os.environ.items() if name != "OBSV_TOKEN"}
    command = [*COMMAND, "serve", "--db", str(tmp_path / "obsv.db"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
