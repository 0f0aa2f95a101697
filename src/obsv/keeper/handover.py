"""Hand-over from an older keeper to a newer one: a file names the process that is asked to leave."""

from __future__ import annotations

import contextlib
import os
import re

from obsv.keeper.files import KeeperFiles
from obsv.own_files import open_own
from obsv.process_identity import Identity

_MAX_TEXT = 256


def is_older(version: str, than: str) -> bool:
    """Return whether a version precedes another; an invalid version comes first."""
    return _numbers(version) < _numbers(than)


def ask_to_leave(files: KeeperFiles, keeper: Identity) -> None:
    """Ask a keeper to leave. Never raises: a keeper that cannot be asked stays."""
    with contextlib.suppress(OSError):
        descriptor = open_own(files.leave, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(descriptor, _text(keeper))
        finally:
            os.close(descriptor)


def is_asked_to_leave(files: KeeperFiles, keeper: Identity) -> bool:
    """Return whether this keeper, not one before it, is asked to leave."""
    try:
        descriptor = open_own(files.leave, os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.read(descriptor, _MAX_TEXT) == _text(keeper)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def forget_request(files: KeeperFiles) -> None:
    """Remove the request: the keeper that was asked leaves."""
    with contextlib.suppress(OSError):
        os.unlink(files.leave)


def _text(keeper: Identity) -> bytes:
    return f"{keeper.pid} {keeper.start} {keeper.boot}".encode()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:4])
