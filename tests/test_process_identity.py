"""The identity of a process, and how it is told that one still runs."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from obsv import process_identity
from obsv.process_identity import Identity, boot_id, own_identity


def test_a_process_is_known_by_its_start() -> None:
    """The ID of an ended process may be another's."""
    own = own_identity()
    assert own.is_alive()
    assert not own._replace(start=own.start + 1).is_alive()
    assert not own._replace(boot="another run").is_alive()


@pytest.mark.parametrize("pid", [1 << 22, 1 << 40, 1 << 80])
@pytest.mark.parametrize("has_proc", [True, False])
def test_an_id_that_no_process_can_have(pid: int, has_proc: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any file name can claim one."""
    if not has_proc:
        monkeypatch.setattr(process_identity, "_state", lambda pid: None)
    assert not Identity(pid, 0, boot_id()).is_alive()


class Windows:
    """The part of `_winapi` that is used, with one process that runs, one that has ended, and one of the system."""

    RUNS, ENDED, SYSTEM = 11, 12, 13

    def __init__(self) -> None:
        self.open: set[int] = set()

    def OpenProcess(self, access: int, inherit: bool, pid: int) -> int:
        if pid in (self.RUNS, self.ENDED):
            self.open.add(pid)
            return pid
        error = OSError(f"no process {pid}")
        error.winerror = 5 if pid == self.SYSTEM else 87  # type: ignore[attr-defined,unused-ignore]
        raise error

    def WaitForSingleObject(self, handle: int, timeout_ms: int) -> int:
        assert handle in self.open
        return 0x102 if handle == self.RUNS else 0

    def CloseHandle(self, handle: int) -> None:
        self.open.remove(handle)


def test_a_process_of_windows_is_asked_without_a_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """There any signal ends it, 0 as well."""
    windows = Windows()
    monkeypatch.setitem(sys.modules, "_winapi", windows)  # type: ignore[arg-type]
    monkeypatch.setattr(process_identity, "_state", lambda pid: None)
    monkeypatch.setattr(process_identity, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a signal"))
    alive = [Identity(pid, 0, boot_id()).is_alive() for pid in (windows.RUNS, windows.ENDED, windows.SYSTEM, 14)]
    assert alive == [True, False, True, False]
    assert not windows.open


def test_a_zombie_is_not_alive() -> None:
    """Nobody has waited for it yet."""
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not Identity(child.pid, 0, boot_id()).is_alive()
