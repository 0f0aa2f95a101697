"""Ending the keeper's wait."""

import os
import subprocess
import sys
import threading

from keepers import PATIENCE_S

from obsv.keeper.doorbell import Doorbell
from obsv.keeper.files import KeeperFiles


def test_ring_ends_the_wait(files: KeeperFiles) -> None:
    """Also one that came before it."""
    listener, caller = Doorbell(files.bell), Doorbell(files.bell)
    caller.ring()
    listener.wait(PATIENCE_S)
    waiting = threading.Thread(target=listener.wait, args=(PATIENCE_S,))
    waiting.start()
    caller.ring()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()
    listener.close()
    caller.close()


def test_ringing_where_nobody_listens_costs_nothing(files: KeeperFiles) -> None:
    """No signal, no error, no waiting when the pipe is full."""
    code = """
import signal, sys
from obsv.keeper.doorbell import Doorbell
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
bell = Doorbell(sys.argv[1])
for _ in range(100_000):
    bell.ring()
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code, files.bell], capture_output=True, text=True, check=True)
    assert done.stdout == "alive\n"


def test_end_of_a_process_ends_the_wait(files: KeeperFiles) -> None:
    """Each is named once."""
    bell = Doorbell(files.bell)
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    bell.watch(child.pid)
    bell.watch(child.pid)
    assert bell.wait(0) == []
    child.kill()
    assert bell.wait(PATIENCE_S) == [child.pid]
    assert bell.wait(0) == []
    child.communicate()
    bell.close()


def test_process_that_is_gone_is_watched_in_vain(files: KeeperFiles) -> None:
    """Nobody is told of it."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    bell = Doorbell(files.bell)
    bell.watch(child.pid)
    assert bell.wait(0) == []
    bell.close()


def test_place_taken_by_a_file_or_link_is_left_alone(files: KeeperFiles) -> None:
    """Time ends the wait then."""
    with open(files.bell, "w") as file:
        file.write("precious")
    bell = Doorbell(files.bell)
    bell.ring()
    assert bell.wait(0.001) == []
    bell.close()
    os.rename(files.bell, files.log)
    os.symlink(files.log, files.bell)
    bell = Doorbell(files.bell)
    bell.ring()
    bell.close()
    with open(files.log) as file:
        assert file.read() == "precious"
