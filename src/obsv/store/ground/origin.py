"""The machine that recorded a span: a mark set by this machine's own recorder, which no sender can set.

A span that arrives over OTLP or from a file may claim any origin, including obsv. Therefore the path decides: received
spans are stored without a mark, and spans recorded by a program of this machine with the machine's mark. A file copied
from elsewhere has another machine's mark.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

RECEIVED = ""
# systemd asks not to expose the machine ID itself, so the mark is a one-way digest of it.
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@cache
def machine_mark() -> str:
    """Return the mark of this machine, 16 hex digits: the same for all its users, and for no other machine."""
    return blake2b(_identity().encode("utf-8", "replace"), key=b"obsv", digest_size=8).hexdigest()


def _identity() -> str:
    for path in _MACHINE_IDS:
        with suppress(OSError, ValueError):
            if text := path.read_text("ascii").strip():
                return text
    if sys.platform == "win32":
        with suppress(OSError):
            return _windows_guid()
    # In a container without a machine ID, the host name is usually random.
    return socket.gethostname()


if sys.platform == "win32":

    def _windows_guid() -> str:
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
