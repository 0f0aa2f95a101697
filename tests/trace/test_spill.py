"""The spill: several files, errors first, bounded, and taken over from the dead."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obsv.trace import spill_file
from obsv.trace.blobs import Blob
from obsv.trace.spill import Spill


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


def replay(spill: Spill, size: int = 1) -> list[bytes]:
    """Read everything to the end."""
    found: list[bytes] = []
    while (file := spill.first()) is not None:
        piece = spill.next_piece(file, size)
        if piece is not None:
            found += piece.payloads
            spill.exported(piece)
    return found


def files(base: Path) -> list[Path]:
    return sorted(base.parent.glob("*.spill"))


def test_errors_are_replayed_before_successes_each_in_order(base: Path) -> None:
    """What went wrong comes back first."""
    spill = Spill(base)
    spill.append([Blob(b"success 1", 1)])
    spill.append([Blob(b"error 1", 1)], errors=True)
    spill.append([Blob(b"success 2", 1), Blob(b"success 3", 1)])
    spill.append([Blob(b"error 2", 1)], errors=True)
    assert spill.pending == 5
    assert replay(spill) == [b"error 1", b"error 2", b"success 1", b"success 2", b"success 3"]
    assert spill.is_empty
    assert files(base) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot rename what is open")
def test_a_file_is_nobody_elses_while_it_is_made(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that looks for orphans at that very moment leaves it alone."""
    other, spill = Spill(base), Spill(base)

    def between(step: Callable[..., Any]) -> Callable[..., Any]:
        def look_first(*args: Any) -> Any:
            monkeypatch.undo()
            assert other.adopt() == []
            return step(*args)

        return look_first

    for name in ("try_lock", "_write"):
        monkeypatch.setattr(spill_file, name, between(getattr(spill_file, name)))
        spill.append([Blob(name.encode(), 1)], errors=name == "_write")
    assert other.is_empty
    assert len(files(base)) == 2
    assert replay(spill) == [b"_write", b"try_lock"]


def test_a_file_that_cannot_be_made_leaves_nothing(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is not filled with beginnings."""

    def fail(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(spill_file, "_write", fail)
    with pytest.raises(OSError, match="full"):
        Spill(base).append([Blob(b"x", 1)])
    assert list(base.parent.iterdir()) == []


def test_nothing_is_on_disk_before_something_is_spilled(base: Path) -> None:
    """A program that never spills leaves no file."""
    Spill(base).close()
    assert files(base) == []


def test_a_piece_holds_records_up_to_its_size(base: Path) -> None:
    """Records are replayed together up to the size of a batch, at least one."""
    spill = Spill(base)
    spill.append([Blob(b"a", 4), Blob(b"b", 4), Blob(b"c", 4), Blob(b"d", 20)])
    sizes = []
    while (file := spill.first()) is not None and (piece := spill.next_piece(file, 10)) is not None:
        sizes.append(piece.spans)
        spill.exported(piece)
    assert sizes == [8, 4, 20]


def test_a_piece_is_given_again_until_it_was_exported(base: Path) -> None:
    """An export that failed is tried again."""
    spill = Spill(base)
    spill.append([Blob(b"a", 1)])
    file = spill.first()
    assert file is not None
    assert spill.next_piece(file, 10) == spill.next_piece(file, 10)
    spill.close()


def test_what_comes_while_it_is_replayed_is_replayed_too(base: Path) -> None:
    """Writing and replaying go on at once."""
    spill = Spill(base)
    spill.append([Blob(b"a", 1)])
    file = spill.first()
    assert file is not None
    piece = spill.next_piece(file, 10)
    assert piece is not None
    spill.append([Blob(b"b", 1)])
    spill.exported(piece)
    assert replay(spill) == [b"b"]


def test_over_its_size_the_oldest_successes_go_and_no_error(base: Path) -> None:
    """The bound counts dropped spans, and keeps what is newest."""
    spill = Spill(base, max_bytes=1 << 20)
    spill.append([Blob(b"an error", 1)], errors=True)
    for number in range(40):
        spill.append([Blob(bytes([number]) * 50_000, 100)])
    assert sum(path.stat().st_size for path in files(base)) < 1.1 * (1 << 20)
    found = replay(spill)
    numbers = [payload[0] for payload in found[1:]]
    assert found[0] == b"an error"
    assert numbers == list(range(40 - len(numbers), 40))
    assert spill.dropped == 100 * (40 - len(numbers)) > 0
    assert spill.spilled == 4_001


def test_the_next_process_takes_over(base: Path) -> None:
    """What one spill leaves, the next finds: errors first, and what was replayed is not given again."""
    spill = Spill(base)
    spill.append([Blob(b"replayed", 1)])
    spill.append([Blob(b"success", 1)])
    file = spill.first()
    assert file is not None
    piece = spill.next_piece(file, 1)
    assert piece is not None
    spill.exported(piece)
    spill.append([Blob(b"error", 1)], errors=True)
    spill.close()
    following = Spill(base)
    following.append([Blob(b"new error", 1)], errors=True)
    assert following.adopt() == []
    assert replay(following) == [b"error", b"new error", b"success"]


def test_living_owners_keep_their_files(base: Path) -> None:
    """Two processes beside each other do not take each other's files."""
    one, other = Spill(base), Spill(base)
    one.append([Blob(b"a", 1)])
    assert other.adopt() == []
    assert other.is_empty
    assert replay(one) == [b"a"]


def test_files_of_another_database_are_left_alone(tmp_path: Path) -> None:
    """The database's name is part of the file's."""
    other = Spill(tmp_path / "other.db")
    other.append([Blob(b"a", 1)])
    other.close()
    spill = Spill(tmp_path / "calls.db")
    spill.adopt()
    assert spill.is_empty


def test_an_unreadable_file_is_named_once_and_left_alone(base: Path) -> None:
    """A file that only looks like one of ours is not touched."""
    path = base.with_name("calls.db.1-abc-1.spill")
    path.write_bytes(b"something else, and long enough")
    spill = Spill(base)
    (trouble,) = spill.adopt()
    assert str(path) in trouble
    assert spill.adopt() == []
    assert path.exists()


def test_damage_up_to_the_end_ends_the_replay(base: Path) -> None:
    """A file with nothing sound left in it is deleted."""
    spill = Spill(base)
    spill.append([Blob(b"payload", 1)])
    spill.close()
    (path,) = files(base)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"X")
    following = Spill(base)
    following.adopt()
    assert replay(following) == []
    assert files(base) == []


def test_a_directory_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    """The caller decides what to do about a disk that does not take it."""
    spill = Spill(tmp_path / "missing" / "calls.db")
    with pytest.raises(OSError, match="No such file"):
        spill.append([Blob(b"a", 1)])
    assert (spill.spilled, spill.pending) == (0, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_a_fork_the_child_has_files_of_its_own(base: Path) -> None:
    """The child neither replays nor deletes what is the parent's."""
    spill = Spill(base)
    spill.append([Blob(b"parent", 1)])
    child = os.fork()
    if child == 0:
        spill.after_fork()
        spill.adopt()
        sound = spill.is_empty
        spill.append([Blob(b"child", 1)])
        spill.close()
        os._exit(0 if sound else 1)
    assert os.waitpid(child, 0)[1] == 0
    spill.adopt()
    assert sorted(replay(spill)) == [b"child", b"parent"]


def test_many_threads_write_while_one_replays(base: Path) -> None:
    """Every record comes out once, whoever wrote it, whatever was dropped being counted."""
    spill = Spill(base, max_bytes=1 << 20)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    done = threading.Event()
    found: list[bytes] = []

    def write(thread: int) -> None:
        for number in range(300):
            spill.append([Blob(b"%d %d " % (thread, number) + bytes(2_000), 1)])

    def read() -> None:
        while not done.is_set():
            found.extend(replay(spill))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    try:
        for thread in [reader, *writers]:
            thread.start()
        for thread in writers:
            thread.join()
    finally:
        done.set()
        reader.join()
        sys.setswitchinterval(interval)
    found += replay(spill)
    assert len(found) == len(set(found))
    assert len(found) + spill.dropped == 4 * 300
    assert files(base) == []
