"""A real S3 server on this machine: SeaweedFS."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

KEY, SECRET = "key", "a-long-enough-secret"


def weed() -> Path | None:
    """The server's program; None where it is not installed."""
    found = Path(sys.executable).with_name("weed")
    return found if found.exists() else None


class ObjectStore:
    """Serves a directory as S3 until it is killed, and again after that.

    Args:
        directory: keeps what is stored.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ports = dict(zip(("master", "volume", "filer", "s3"), _free_ports(4), strict=False))
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(exist_ok=True)
        rights = {"name": "t", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
        (directory / "rights.json").write_text(json.dumps({"identities": [rights]}))

    @property
    def variables(self) -> dict[str, str]:
        """The environment that points clients here."""
        address = f"http://127.0.0.1:{self._ports['s3']}"
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
        }

    def start(self) -> None:
        """Serve."""
        program = weed()
        assert program is not None
        self._process = subprocess.Popen(
            [
                program, "server", f"-dir={self._directory}", "-s3", f"-s3.config={self._directory / 'rights.json'}",
                "-ip=127.0.0.1", "-volume.max=5", "-master.volumeSizeLimitMB=64", "-master.telemetry=false",
                "-s3.port.iceberg=0", "-s3.port.lance=0",
                *(f"-{name}.port={port}" for name, port in self._ports.items()),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 240
        while not self._answers():
            assert self._process.poll() is None, "the object store ended"
            assert time.monotonic() < deadline, "the object store did not start"
            time.sleep(0.1)

    def kill(self) -> None:
        """End without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        """Return whether it stores data: its parts start one after the other."""
        variables = self.variables
        store = S3Store(
            "ready",
            endpoint=variables["AWS_ENDPOINT_URL"],
            region=variables["AWS_REGION"],
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True, "timeout": timedelta(seconds=2)},
            retry_config={"max_retries": 0},
        )
        try:
            obstore.put(store, "ready", b"")
        except (BaseError, OSError):
            return False
        return True


def _free_ports(count: int) -> list[int]:
    """Ports that are free now, and so is that 10,000 above each, which its gRPC takes."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(12_000, 22_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            socket.create_server(("127.0.0.1", port + 10_000)).close()
            if port not in found:
                found.append(port)
    return found
