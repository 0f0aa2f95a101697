"""One keeper a database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Holder, Lock
from obsv.process_identity import Identity, boot_id, own_identity

HOLDER = """
import sys
from obsv.keeper.files import KeeperFiles
from obsv.keeper.lock import Lock
lock = Lock(KeeperFiles.of(sys.argv[1]))
assert lock.take("service", "9.9")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(files: KeeperFiles) -> "Iterator[subprocess.Popen[str]]":
    """Another process, which holds the lock until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, files.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_second_keeper_of_a_process_is_refused(files: KeeperFiles) -> None:
    """Two objects are two keepers."""
    first, second = Lock(files), Lock(files)
    assert first.take("thread", "1.0")
    assert not second.take("thread", "1.0")
    first.release()
    assert second.take("thread", "1.0")
    second.release()


def test_lock_of_another_process_is_seen(files: KeeperFiles, other: "subprocess.Popen[str]") -> None:
    """With who holds it."""
    lock = Lock(files)
    assert not lock.is_free()
    assert not lock.take("process", "1.0")
    holder = lock.holder()
    assert holder is not None
    assert (holder.identity.pid, holder.version, holder.role) == (other.pid, "9.9", "service")
    assert holder.identity.is_alive()


def test_killed_keeper_gives_the_lock_back(files: KeeperFiles, other: "subprocess.Popen[str]") -> None:
    """kill -9 leaves the file, not the lock; and nobody takes the dead for alive."""
    other.kill()
    other.wait()
    lock = Lock(files)
    holder = lock.holder()
    assert lock.is_free()
    assert holder is not None
    assert not holder.identity.is_alive()
    assert lock.take("process", "1.0")
    lock.release()


def test_those_who_ask_do_not_disturb_each_other(files: KeeperFiles) -> None:
    """The shared lock of one who asks is no keeper's."""
    lock = Lock(files)
    assert lock.take("thread", "1.0")
    lock.release()
    fcntl = pytest.importorskip("fcntl")
    descriptor = os.open(files.lock, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    assert lock.is_free()
    os.close(descriptor)


def test_lock_of_a_deleted_file_is_lost(files: KeeperFiles) -> None:
    """Whoever finds no file makes a new one, and is another keeper."""
    lock, another = Lock(files), Lock(files)
    assert lock.take("process", "1.0")
    os.unlink(files.lock)
    assert not lock.is_held
    assert another.take("process", "1.0")
    assert another.is_held
    assert not lock.is_held
    lock.release()
    another.release()


def test_child_of_a_fork_does_not_keep_the_lock(files: KeeperFiles) -> None:
    """The lock hangs on the open file, which the child has too until it forgets it."""
    lock = Lock(files)
    assert lock.take("thread", "1.0")
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        lock.forget()
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    assert lock.is_held
    assert not Lock(files).is_free()
    lock.release()
    assert Lock(files).is_free()
    os.write(go[1], b"x")
    os.waitpid(child, 0)
    for descriptor in (*ready, *go):
        os.close(descriptor)


def test_link_at_the_locks_place_is_refused(files: KeeperFiles, tmp_path: Path) -> None:
    """Nobody makes us write into a file of theirs."""
    target = tmp_path / "precious"
    target.write_text("precious")
    os.symlink(target, files.lock)
    with pytest.raises(OSError, match="symbolic link"):
        Lock(files).take("process", "1.0")
    assert target.read_text() == "precious"


def test_file_full_of_nonsense_names_nobody(files: KeeperFiles) -> None:
    """The text is only news; the lock decides."""
    for text in ("", "{", "[1]", '{"pid": "x"}', '{"pid": 1, "start": null}', "x" * 10_000):
        Path(files.lock).write_text(text)
        assert Lock(files).holder() is None
    assert Lock(files).is_free()


def test_holder_is_private(files: KeeperFiles) -> None:
    """Mode 0600, whatever the umask."""
    before = os.umask(0)
    try:
        lock = Lock(files)
        assert lock.take("process", "1.0")
    finally:
        os.umask(before)
    assert os.stat(files.lock).st_mode & 0o777 == 0o600
    assert lock.holder() == Holder(own_identity(), "1.0", "process")
    lock.release()


def test_identity_is_more_than_a_number() -> None:
    """Neither an id that is used again, nor one from before a restart, is the same process."""
    own = own_identity()
    assert own.is_alive()
    assert not own._replace(boot="another run").is_alive()
    if own.start:
        assert not own._replace(start=own.start + 1).is_alive()
    assert not Identity(2**22 + 1, 0, boot_id()).is_alive()


def test_zombie_is_dead() -> None:
    """Its parent has not waited for it yet, and it writes nothing any more."""
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    identity = Identity(child.pid, 0, boot_id())
    assert identity.is_alive()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.is_alive()
    child.communicate()
