"""Which machine recorded a span: a mark that this machine's own recorder leaves, and that no sender can leave.

A span that comes in over OTLP or from a file may call itself anything, obsv among it. So the way in decides: what a
receiver takes is stored without a mark, what a program of this machine records is stored with the machine's. A file
that was copied here from elsewhere has another machine's.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path

RECEIVED = ""
# systemd asks that the number itself is kept to this machine, so the mark is made of it and does not tell it.
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@cache
def machine_mark() -> str:
    """Return the mark of this machine, 16 hex digits: the same for all its users, and for nobody elsewhere."""
    return blake2b(_identity().encode("utf-8", "replace"), key=b"obsv", digest_size=8).hexdigest()


def _identity() -> str:
    for path in _MACHINE_IDS:
        with suppress(OSError, ValueError):
            if text := path.read_text("ascii").strip():
                return text
    if sys.platform == "win32":
        with suppress(OSError):
            return _windows_guid()
    # A container without a machine-id: its name is random in most.
    return socket.gethostname()


if sys.platform == "win32":

    def _windows_guid() -> str:
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
