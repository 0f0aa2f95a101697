"""A real Alertmanager on a free port of this machine, and its command `amtool`."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

_CONFIG = "route: {receiver: log}\nreceivers: [{name: log}]\n"


@contextmanager
def running_alertmanager(directory: Path) -> Iterator[str]:
    """Run one; gives its base address. Skips the test where it is not installed."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("Alertmanager is not installed (apt-get install prometheus-alertmanager)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (directory / "am.yml").write_text(_CONFIG)
    command = [program, f"--config.file={directory}/am.yml", f"--storage.path={directory}/am",
               f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]  # fmt: skip
    with (directory / "am.log").open("w") as log:
        theirs = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        while not _is_ready(address):
            assert theirs.poll() is None, (directory / "am.log").read_text()
            time.sleep(0.05)
        yield address
    finally:
        theirs.terminate()
        theirs.wait()


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/-/ready", timeout=120).status_code == 200
    except httpx.TransportError:
        return False


def amtool(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `amtool` against an Alertmanager, or what answers like one."""
    program = shutil.which("amtool")
    if program is None:
        pytest.skip("amtool is not installed (apt-get install prometheus-alertmanager)")
    command = [program, f"--alertmanager.url={address}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
